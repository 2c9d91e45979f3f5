"""What a source of problems is: it has a name and difficulties, and makes problems from chance.

    family = problem_family("arithmetic")
    problem = family.sample(difficulty=3, random=Random(0))

`sample` gives the same problem for the same state of `random`, with its reference solution, or
raises `DegenerateProblem`; draw again then (`sampling.py` does). Which problem is the same as
which other is not asked here but of `behaviour.behaviour`.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from random import Random
from typing import Protocol

from lit_coder.problems.problem import Answer, Problem


class ProblemFamily(Protocol):
    """A source of problems with a difficulty knob."""

    @property
    def name(self) -> str:
        """Name in configurations, first part of every `task_id`."""
        ...

    @property
    def difficulties(self) -> tuple[int, ...]:
        """The difficulties that `sample` takes, easiest first."""
        ...

    def num_problems(self, difficulty: int) -> int | None:
        """How many problems there are at most, or None where nobody will draw them all."""
        ...

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A problem of this difficulty.

        Raises:
            DegenerateProblem: what was drawn proves nothing; draw again.
            ValueError: the family has no such difficulty.
        """
        ...


def without_reference(problem: Problem) -> Problem:
    """The problem as a learner may see it: prompt and tests, no solution."""
    return replace(problem, reference=None)


def prompt_task_id(family: str, prompt: str) -> str:
    """A task's name: the family and a hash of the prompt, the same on every machine."""
    return f"{family}/{sha256(prompt.encode()).hexdigest()[:12]}"


def answer_problem(source: str, difficulty: int, draft: str, answer: Answer) -> Problem:
    """A problem without a prompt: the draft says everything, and the answer takes its place.

    Args:
        source: name of the family or file.
        difficulty: of the family's.
        draft: what is asked, as it is shown.
        answer: the right one and what judges it.
    """
    return Problem(
        task_id=prompt_task_id(source, draft),
        prompt="",
        entry_point="",
        tests=answer,
        kind="answer",
        source=source,
        difficulty=difficulty,
        reference=answer.expected,
        draft=draft,
    )


def require_difficulty(family: ProblemFamily, difficulty: int) -> None:
    """Raise ValueError where the family does not offer the difficulty."""
    if difficulty not in family.difficulties:
        offered = ", ".join(map(str, family.difficulties))
        raise ValueError(
            f"problem family {family.name!r} has no difficulty {difficulty}; choose from {offered}"
        )
