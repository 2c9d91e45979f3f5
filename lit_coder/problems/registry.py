"""The problem families by name, as configurations give them.

    problem_family("arithmetic").sample(3, Random(0))
    problem_family("classic_algorithms").sample(3, Random(0))    # any family of this group

A user's own problems have no name here: `problem_file.read_problems` makes them.
"""

from __future__ import annotations

from difflib import get_close_matches

from lit_coder.problems.arithmetic import ARITHMETIC
from lit_coder.problems.classes import CLASSES
from lit_coder.problems.family import ProblemFamily
from lit_coder.problems.grammars.bits import BITS
from lit_coder.problems.grammars.conditionals import CONDITIONALS
from lit_coder.problems.grammars.dictionaries import DICTIONARIES
from lit_coder.problems.grammars.dynamic_programming import DYNAMIC_PROGRAMMING
from lit_coder.problems.grammars.graphs import GRAPHS
from lit_coder.problems.grammars.grids import GRIDS
from lit_coder.problems.grammars.intervals import INTERVALS
from lit_coder.problems.grammars.loops import LOOPS
from lit_coder.problems.grammars.number_theory import NUMBER_THEORY
from lit_coder.problems.grammars.parsing import PARSING
from lit_coder.problems.grammars.records import DOCSTRINGS
from lit_coder.problems.grammars.recursion import RECURSION
from lit_coder.problems.grammars.searching import SEARCHING
from lit_coder.problems.grammars.sets_and_tuples import SETS_AND_TUPLES
from lit_coder.problems.grammars.sorting import SORTING
from lit_coder.problems.grammars.stateful_classes import STATEFUL_CLASSES
from lit_coder.problems.grammars.stdin_programs import STDIN_PROGRAMS
from lit_coder.problems.grammars.text_formatting import TEXT_FORMATTING
from lit_coder.problems.grammars.word_problems import WORD_PROBLEMS
from lit_coder.problems.lists import LISTS
from lit_coder.problems.maze import MAZES
from lit_coder.problems.mixed_family import MixedFamily
from lit_coder.problems.repair import REPAIR, REPAIR_HELD_OUT_TEMPLATES, REPAIR_HINTED
from lit_coder.problems.strings import STRINGS
from lit_coder.problems.sudoku import SUDOKU, SUDOKU_HELD_OUT_GRIDS, SUDOKU_WITH_CLUES
from lit_coder.problems.synthesis import SYNTHESIS
from lit_coder.problems.tracing import TRACING, TRACING_SUMS

_FAMILIES: dict[str, ProblemFamily] = {
    family.name: family
    for family in (
        ARITHMETIC,
        LISTS,
        STRINGS,
        CLASSES,
        CONDITIONALS,
        LOOPS,
        RECURSION,
        DICTIONARIES,
        SETS_AND_TUPLES,
        GRIDS,
        BITS,
        STATEFUL_CLASSES,
        SORTING,
        SEARCHING,
        NUMBER_THEORY,
        DYNAMIC_PROGRAMMING,
        INTERVALS,
        GRAPHS,
        PARSING,
        TEXT_FORMATTING,
        DOCSTRINGS,
        WORD_PROBLEMS,
        STDIN_PROGRAMS,
        SUDOKU,
        SUDOKU_WITH_CLUES,
        SUDOKU_HELD_OUT_GRIDS,
        MAZES,
        TRACING,
        TRACING_SUMS,
        REPAIR,
        REPAIR_HINTED,
        REPAIR_HELD_OUT_TEMPLATES,
        SYNTHESIS,
    )
}

FAMILY_NAMES: tuple[str, ...] = tuple(_FAMILIES)

GROUPS: dict[str, tuple[str, ...]] = {
    "function_definitions": (
        "arithmetic",
        "lists",
        "strings",
        "conditionals",
        "loops",
        "recursion",
        "dictionaries",
        "sets_and_tuples",
        "grids",
        "bits",
    ),
    "class_definitions": ("classes", "stateful_classes"),
    "classic_algorithms": (
        "sorting",
        "searching",
        "number_theory",
        "dynamic_programming",
        "intervals",
        "graphs",
    ),
    "code_from_docstrings": ("docstrings",),
    "problem_solving": ("parsing", "text_formatting", "word_problems", "stdin_programs"),
}
"""The families of programs, by what sort of work they ask for; each is in one group."""

PROGRAM_FAMILY_NAMES: tuple[str, ...] = tuple(name for names in GROUPS.values() for name in names)
"""All families whose prompts say in words what a program does."""

ALL_PROGRAMS = "all_programs"
"""The name of the family that draws from all of `PROGRAM_FAMILY_NAMES`."""

_MIXTURES: dict[str, ProblemFamily] = {
    name: MixedFamily(name, tuple(_FAMILIES[member] for member in members))
    for name, members in {**GROUPS, ALL_PROGRAMS: PROGRAM_FAMILY_NAMES}.items()
}


def problem_family(name: str) -> ProblemFamily:
    """The family called `name`; a group, and "all_programs", is a mixture of its families.

    Raises:
        ValueError: there is no such family; the message names the nearest one.
    """
    if name in _FAMILIES or name in _MIXTURES:
        return _FAMILIES.get(name) or _MIXTURES[name]
    nearest = get_close_matches(name, (*FAMILY_NAMES, *GROUPS, ALL_PROGRAMS), n=1, cutoff=0.4)
    hint = f"did you mean {nearest[0]!r}" if nearest else "choose one of these"
    raise ValueError(
        f"no problem family is called {name!r}; {hint}? There are {', '.join(FAMILY_NAMES)}, and "
        f"the groups {', '.join(GROUPS)} and {ALL_PROGRAMS}"
    )
