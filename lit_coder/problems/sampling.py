"""Draws sets of problems from families: labelled, held out, validation, and fresh ones a round.

    splits = split_problems([ARITHMETIC], SplitPlan(), seed=0)
    fresh = fresh_problems([ARITHMETIC], round_index=3, count=800, seed=0,
                           difficulties=(1, 2, 3, 4, 5), excluded=splits.behaviours)

No two sets share a behaviour, and fresh problems have none of the excluded behaviours: whatever is
trained on asks for other outputs than what is measured on. Inside a set each behaviour comes once;
only of programs to repair or to trace, what is learned from may hold several drafts of one: wrong
bodies of a function, other names in a program.
Every (set, family, difficulty) has its own random stream, derived with a hash from the seed:
another count, difficulty or round changes no other stream. Two rounds may draw the same problem.

Where a family cannot give as many distinct problems as wanted (68 arithmetic programs have one
operation) a set holds fewer and its `shortages` say so; of a source that can be exhausted, the
held-out and the validation set take at most a quarter each, so that something is left to learn
from. Families with different difficulties may be mixed: each gives what it offers. All problems
come with their reference; a learner that must not see it gets
`family.without_reference(problem)`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from random import Random
from typing import TypeAlias

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.family import ProblemFamily, require_difficulty
from lit_coder.problems.problem import Answer, Problem

MIN_PATIENCE = 400
"""Draws in a row that bring nothing new, after which a family counts as exhausted."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """A set that holds fewer problems than wanted."""

    split: str
    family: str
    difficulty: int
    wanted: int
    found: int


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """How many problems each split shall hold.

    Args:
        num_labelled: problems with solutions to learn from, in all, spread evenly over families
            and difficulties.
        labelled_difficulties: their difficulties.
        num_held_out: problems to measure on, of each family and difficulty; 0 for none.
        held_out_difficulties: their difficulties.
        num_validation: problems for the validation loss, counted the same way.
        validation_difficulties: their difficulties.
    """

    num_labelled: int = 120
    labelled_difficulties: tuple[int, ...] = (1, 2, 3, 4, 5)
    num_held_out: int = 150
    held_out_difficulties: tuple[int, ...] = (2, 3, 4, 5)
    num_validation: int = 0
    validation_difficulties: tuple[int, ...] = (2, 3, 4, 5)


@dataclass(frozen=True)
class ProblemSplits:
    """Sets of problems that share no behaviour."""

    labelled: tuple[Problem, ...]
    held_out: tuple[Problem, ...]
    validation: tuple[Problem, ...]
    shortages: tuple[Shortage, ...]

    @cached_property
    def behaviours(self) -> frozenset[str]:
        """Behaviours of all splits: what fresh problems leave out."""
        return self.measured_behaviours | frozenset(map(behaviour, self.labelled))

    @cached_property
    def measured_behaviours(self) -> frozenset[str]:
        """Behaviours that nothing may train on: held out and validation."""
        return frozenset(map(behaviour, self.held_out + self.validation))


@dataclass(frozen=True, slots=True)
class FreshProblems:
    """A round's new problems."""

    problems: tuple[Problem, ...]
    shortages: tuple[Shortage, ...]


def split_problems(
    families: Sequence[ProblemFamily],
    plan: SplitPlan,
    seed: int,
    held_out_families: Sequence[ProblemFamily] = (),
) -> ProblemSplits:
    """Labelled, held-out and validation problems, disjoint by behaviour.

    Held-out problems are drawn first: the other counts do not change them. They are of
    `held_out_families` where there are some.

    Raises:
        ValueError: no family offers a difficulty of the plan, or a family offers none of them.
    """
    drawing = _Drawing(seed, excluded=())
    measured: list[tuple[Problem, ...]] = []
    for split, sources, difficulties, count in (
        ("held_out", held_out_families or families, plan.held_out_difficulties, plan.num_held_out),
        ("validation", families, plan.validation_difficulties, plan.num_validation),
    ):
        cells = _cells(sources, difficulties) if count else []
        measured.append(
            drawing.draw(
                split, cells, count * len(cells), largest_share=0.25, has_many_drafts=False
            )
        )
    labelled = drawing.draw(
        "labelled",
        _cells(families, plan.labelled_difficulties),
        plan.num_labelled,
    )
    return ProblemSplits(labelled, measured[0], measured[1], tuple(drawing.shortages))


def fresh_problems(
    families: Sequence[ProblemFamily],
    *,
    round_index: int,
    count: int,
    seed: int,
    difficulties: Sequence[int],
    excluded: Collection[str],
) -> FreshProblems:
    """A round's problems, balanced over families and difficulties, each behaviour once (see above).

    Raises:
        ValueError: no family offers one of `difficulties`, or a family offers none of them.
    """
    drawing = _Drawing(seed, excluded)
    problems = drawing.draw(f"round {round_index}", _cells(families, difficulties), count)
    return FreshProblems(problems, tuple(drawing.shortages))


_Cell: TypeAlias = tuple[int, ProblemFamily]


def _cells(families: Sequence[ProblemFamily], difficulties: Sequence[int]) -> list[_Cell]:
    """Each family with each of the difficulties it offers, easiest first."""
    for difficulty in difficulties:
        if not any(difficulty in family.difficulties for family in families):
            names = ", ".join(family.name for family in families)
            raise ValueError(
                f"no problem family offers difficulty {difficulty} (families: {names}); "
                "choose another difficulty"
            )
    for family in families:
        if not set(difficulties) & set(family.difficulties):
            require_difficulty(family, difficulties[0] if difficulties else 1)
    return [
        (difficulty, family)
        for difficulty in sorted(set(difficulties))
        for family in families
        if difficulty in family.difficulties
    ]


class _Drawing:
    """Draws problems whose behaviours are all new to it, and notes where too few were found."""

    def __init__(self, seed: int, excluded: Collection[str]) -> None:
        self._seed = seed
        self._taken = set(excluded)
        self.shortages: list[Shortage] = []

    def draw(
        self,
        split: str,
        cells: Sequence[_Cell],
        count: int,
        largest_share: float = 1.0,
        has_many_drafts: bool = True,
    ) -> tuple[Problem, ...]:
        """`count` problems in all, spread over the cells; the first cells get one more.

        Args:
            split: name of the set, part of the random stream.
            cells: where to draw from.
            count: how many problems in all.
            largest_share: of a source that can be exhausted, at most this share is taken.
            has_many_drafts: one behaviour may come again with another draft.
        """
        problems: list[Problem] = []
        for index, (difficulty, family) in enumerate(cells):
            wanted = count // len(cells) + (index < count % len(cells))
            available = family.num_problems(difficulty)
            limit = wanted
            if available is not None and largest_share < 1:
                limit = min(wanted, int(available * largest_share))
            found = self._draw(split, family, difficulty, limit, has_many_drafts)
            if len(found) < wanted:
                shortage = Shortage(split, family.name, difficulty, wanted, len(found))
                self.shortages.append(shortage)
            problems.extend(found)
        return tuple(problems)

    def _draw(
        self,
        split: str,
        family: ProblemFamily,
        difficulty: int,
        wanted: int,
        has_many_drafts: bool,
    ) -> list[Problem]:
        """Up to `wanted` problems of one family and difficulty."""
        random = derived_random(self._seed, split, family.name, difficulty)
        patience = max(MIN_PATIENCE, min(10 * (family.num_problems(difficulty) or 0), 10_000))
        found: list[Problem] = []
        drawn: set[tuple[str, str]] = set()
        misses = 0
        while len(found) < wanted and misses < patience:
            misses += 1
            try:
                problem = family.sample(difficulty, random)
            except DegenerateProblem:
                continue
            # Two wrong bodies of one function are two things to learn, and one to measure.
            key = (behaviour(problem), _draft_to_learn(problem) if has_many_drafts else "")
            if key[0] in self._taken or key in drawn:
                continue
            drawn.add(key)
            found.append(problem)
            misses = 0
        self._taken.update(key for key, _ in drawn)
        return found


def _draft_to_learn(problem: Problem) -> str:
    """What makes it another thing to learn, beside its behaviour; a puzzle's draft does not."""
    is_puzzle = isinstance(problem.tests, Answer) and problem.tests.kind != "exact"
    return "" if is_puzzle else problem.draft


def derived_random(*parts: object) -> Random:
    """A random stream of its own for these parts, the same in every process."""
    digest = sha256(repr(parts).encode()).digest()
    return Random(int.from_bytes(digest[:16], "big"))
