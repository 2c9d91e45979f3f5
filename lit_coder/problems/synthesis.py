r"""Synthesis: a program is found from inputs and outputs, and there is one right text.

    problem = SYNTHESIS.sample(2, Random(0))
    problem.prompt       # "def f(x):\n    # 12468:92840"
    problem.reference    # "\n    x = (x+2)%10\n    x = (x*3)%10\n    return x"

Difficulty is the number of operations, 1 to 3 (`line_programs.py`). Of all programs that agree
with the visible tests the reference is the shortest, of those the first by its text: a model that
fills all places at once would average several right answers. Any program that passes is right all
the same. Programs with a template of `repair_held_out_templates` are not asked for. There is no
draft: the canvas starts empty. All 112,944 programs are tried once, in half a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from random import Random

from lit_coder.problems.family import require_difficulty
from lit_coder.problems.line_programs import (
    STEPS,
    VISIBLE_INPUTS,
    Step,
    body_of,
    is_held_out_template,
    line_problem,
    on_many,
    template_of,
)
from lit_coder.problems.problem import Problem

_MOST_STEPS = 3


@dataclass(frozen=True, slots=True)
class SynthesisFamily:
    """Canonical programs, asked for by their visible tests."""

    name: str = "synthesis"
    difficulties: tuple[int, ...] = tuple(range(1, _MOST_STEPS + 1))

    def num_problems(self, difficulty: int) -> int | None:
        """How many canonical programs of this length there are."""
        return len(_canonical_programs()[difficulty])

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A canonical program of `difficulty` operations.

        Raises:
            DegenerateProblem: what was drawn proves nothing; draw again.
        """
        require_difficulty(self, difficulty)
        return line_problem(self.name, random.choice(_canonical_programs()[difficulty]))


@cache
def _canonical_programs() -> dict[int, tuple[tuple[Step, ...], ...]]:
    """By length the programs whose visible outputs none before them has, in the order of texts."""
    seen: set[bytes] = set()
    programs: list[tuple[tuple[Step, ...], list[int]]] = [((), list(VISIBLE_INPUTS))]
    found: dict[int, tuple[tuple[Step, ...], ...]] = {}
    for length in range(1, _MOST_STEPS + 1):
        longer: list[tuple[tuple[Step, ...], list[int]]] = []
        canonical: list[tuple[Step, ...]] = []
        for steps, numbers in programs:
            for step in STEPS:
                outputs = on_many(step)(numbers)
                mark = bytes(outputs)
                if mark not in seen:
                    seen.add(mark)
                    canonical.append((*steps, step))
                if length < _MOST_STEPS:
                    longer.append(((*steps, step), outputs))
        found[length] = tuple(
            steps for steps in canonical if not is_held_out_template(template_of(body_of(steps)))
        )
        programs = longer
    return found


SYNTHESIS = SynthesisFamily()
