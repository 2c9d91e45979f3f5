"""Where an environment's problems come from, by one plain option.

    draws = ProblemDraws("arithmetic", difficulties=(2, 3))     # a family, or a group of them
    draws = ProblemDraws("my_problems.jsonl")                   # a file, or a folder of them
    draws = ProblemDraws([problem, ...])
    problem = draws.draw(7)                                     # the same for the same number

Only problems that a Python program solves: an answer that is no program has nothing to be debugged.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

from lit_coder.environment.known_cases import known_cases
from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.family import ProblemFamily, require_difficulty
from lit_coder.problems.problem import Problem
from lit_coder.problems.problem_file import read_problems
from lit_coder.problems.registry import problem_family

_MOST_DRAWS = 2000


class ProblemDraws:
    """Draws problems by number.

    Args:
        problems: a problem file or a folder of them, a family's or a group's name, or the problems.
        difficulties: of a family; () = all that it offers.

    Raises:
        ValueError: there is no such source, or it holds no problem for a Python program.
    """

    def __init__(self, problems: str | Sequence[Problem], difficulties: Sequence[int] = ()) -> None:
        self._family: ProblemFamily | None = None
        self._problems: tuple[Problem, ...] = ()
        self._difficulties = tuple(difficulties)
        if not isinstance(problems, str):
            self._problems = tuple(problems)
        elif problems.endswith((".jsonl", ".jsonl.gz")) or Path(problems).is_dir():
            self._problems = tuple(read_problems(problems))
        else:
            self._family = problem_family(problems)
            for difficulty in self._difficulties:
                require_difficulty(self._family, difficulty)
            self._difficulties = self._difficulties or tuple(self._family.difficulties)
        name = problems if isinstance(problems, str) else "the list"
        if self._family is None:
            if not self._problems:
                raise ValueError(f"problems: {name} is empty; give at least one problem")
            if self._difficulties:
                raise ValueError("difficulties are of a family, and problems is none; leave it out")
        for problem in self._problems or (self.draw(0),):
            if not known_cases(problem).given:
                raise ValueError(
                    f"problems: {problem.task_id} of {name} has no visible tests that run a Python "
                    "program; give problems that have some"
                )

    def __len__(self) -> int:
        """How many problems there are; 0 where they are drawn from a family."""
        return len(self._problems)

    def draw(self, number: int) -> Problem:
        """The problem of a number: of a list by its place, of a family by chance."""
        if self._family is None:
            return self._problems[number % len(self._problems)]
        random = Random(f"environment {number}")
        difficulty = random.choice(self._difficulties)
        for _ in range(_MOST_DRAWS):
            try:
                return self._family.sample(difficulty, random)
            except DegenerateProblem:
                continue
        raise ValueError(
            f"problems: {self._family.name} gave no sensible problem of difficulty {difficulty}; "
            "leave that difficulty out"
        )
