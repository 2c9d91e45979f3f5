"""The problem families by name, as configurations give them.

    problem_family("arithmetic").sample(3, Random(0))

A user's own problems have no name here: `problem_file.read_problems` makes them.
"""

from __future__ import annotations

from difflib import get_close_matches

from lit_coder.problems.arithmetic import ARITHMETIC
from lit_coder.problems.classes import CLASSES
from lit_coder.problems.family import ProblemFamily
from lit_coder.problems.grammars.conditionals import CONDITIONALS
from lit_coder.problems.lists import LISTS
from lit_coder.problems.maze import MAZES
from lit_coder.problems.repair import REPAIR, REPAIR_HELD_OUT_TEMPLATES
from lit_coder.problems.strings import STRINGS
from lit_coder.problems.sudoku import SUDOKU, SUDOKU_HELD_OUT_GRIDS
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
        SUDOKU,
        SUDOKU_HELD_OUT_GRIDS,
        MAZES,
        TRACING,
        TRACING_SUMS,
        REPAIR,
        REPAIR_HELD_OUT_TEMPLATES,
        SYNTHESIS,
    )
}

FAMILY_NAMES: tuple[str, ...] = tuple(_FAMILIES)


def problem_family(name: str) -> ProblemFamily:
    """The family called `name`.

    Raises:
        ValueError: there is no such family; the message names the nearest one.
    """
    if name in _FAMILIES:
        return _FAMILIES[name]
    nearest = get_close_matches(name, FAMILY_NAMES, n=1, cutoff=0.4)
    hint = f"did you mean {nearest[0]!r}" if nearest else "choose one of these"
    raise ValueError(
        f"no problem family is called {name!r}; {hint}? There are {', '.join(FAMILY_NAMES)}"
    )
