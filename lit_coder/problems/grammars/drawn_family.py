"""A family whose problems are drawn by a few functions, each a grammar of its own.

    LOOPS = DrawnFamily("loops", (accumulated, repeated))
    problem = LOOPS.sample(3, Random(0))

A grammar takes the difficulty and a random stream and gives a sketch, which `sketch.py` makes a
problem of. Difficulty is the number of rules that a problem is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from lit_coder.problems.family import require_difficulty
from lit_coder.problems.grammars.sketch import Sketch, function_problem
from lit_coder.problems.problem import Problem

Grammar = Callable[[int, Random], Sketch]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFamily:
    """A family of functions.

    Args:
        name: name of the family.
        grammars: what draws a problem; each has the same chance.
        difficulties: numbers of rules.
    """

    name: str
    grammars: tuple[Grammar, ...]
    difficulties: tuple[int, ...] = (1, 2, 3, 4, 5)

    def num_problems(self, difficulty: int) -> int | None:
        """None: nobody will draw them all."""
        return None

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A problem of `difficulty` rules.

        Raises:
            DegenerateProblem: what was drawn proves nothing; draw again.
        """
        require_difficulty(self, difficulty)
        grammar = random.choice(self.grammars)
        return function_problem(self.name, difficulty, grammar(difficulty, random), random)
