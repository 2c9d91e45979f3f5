"""The curriculum: which problems a round draws, by what the model could do with earlier ones.

    curriculum = SolvedSometimes()
    plan = curriculum.plan(offer, count=800, round=3, seed=0)     # the same in every process
    curriculum.observe(3, attempts)                    # how often each problem was solved
    curriculum.state_dict()                            # plain values, for the checkpoint

Without one, a round draws equally from all families and difficulties. A problem that is always
solved teaches nothing, one that is never solved leaves nothing to train on. What is counted is
the gate's fact, never a score; hidden tests have no part in it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lit_coder.problems.sampling import derived_random
from lit_coder.recursion.apportioning import apportioned
from lit_coder.recursion.processes import Processes
from lit_coder.training_data.problem_plan import Cell, ProblemPlan

_FRESH_WEIGHT = 0.25
"""Of what was never tried: the largest value that p (1 - p) has."""


class Attempts(NamedTuple):
    """What became of one problem in a round."""

    task_id: str
    cell: Cell
    tried: int
    passed: int
    is_finite: bool
    """Whether it comes from a source that gives it again, as a user's file."""


class Offer(NamedTuple):
    """What a round can draw from."""

    cells: tuple[Cell, ...]
    finite: tuple[str, ...]
    """Task ids of the problems that are given again."""

    most_finite: int
    """How many of those a round takes, at most."""


class Curriculum(ABC):
    """Decides what a round draws; its state is plain values."""

    @abstractmethod
    def plan(self, offer: Offer, count: int, round: int, seed: int) -> ProblemPlan:
        """What a round shall draw: a function of the state and these arguments alone."""

    @abstractmethod
    def observe(self, round: int, attempts: Sequence[Attempts]) -> None:
        """Learn how often the problems of a round were solved."""

    @abstractmethod
    def state_dict(self) -> dict[str, Any]:
        """Plain containers and numbers."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Become what `state_dict` said."""

    @abstractmethod
    def summary(self) -> dict[str, Any]:
        """What is known now, for the round's record: JSON values."""


class SolvedSometimes(Curriculum):
    """Prefers what is solved sometimes, keeps a tail of the rest, comes back to the unsolved.

    A family's difficulty weighs as much as the mean of p (1 - p) over its problems, each estimated
    without bias from the samples of that problem. A part of every round is spread equally, so
    that solved ones stay and every rate is kept up to date. What no sample has solved lately gets
    that part alone and in every `return_every`-th round a weight as if it were new.

    A problem of a finite source weighs p (1 - p) of its own; an unsolved one rests 1, 2, 4, ...
    rounds, 16 at most, a solved one weighs a tenth of a new one.

    Args:
        equal_share: part of a round that is spread equally over families and difficulties.
        memory: what counts of a round one round later; 0 = the last round alone.
        return_every: rounds after which unsolved difficulties come back with full weight.

    Raises:
        ValueError: an option is out of its range.
    """

    def __init__(
        self, equal_share: float = 0.25, memory: float = 0.5, return_every: int = 4
    ) -> None:
        for name, value in (("equal_share", equal_share), ("memory", memory)):
            if not 0 <= value <= 1:
                raise ValueError(f"recursion.curriculum: {name} must be from 0 to 1, not {value}")
        if return_every < 1:
            raise ValueError(
                f"recursion.curriculum: return_every must be 1 or more, not {return_every}"
            )
        self.equal_share = equal_share
        self.memory = memory
        self.return_every = return_every
        # Of each cell: problems, samples, passed samples, sum of p (1 - p); all fade.
        self._cells: dict[str, list[float]] = {}
        # Of each finite problem: samples and passed ones, which fade, visits without any, round.
        self._finite: dict[str, list[float]] = {}
        self._drawn: dict[str, int] = {}

    def plan(self, offer: Offer, count: int, round: int, seed: int) -> ProblemPlan:
        """See the class."""
        task_ids = self._chosen(offer, round, seed) if offer.most_finite else ()
        number = count - len(task_ids)
        if not offer.cells:
            return ProblemPlan({}, task_ids)
        weights = [self._weight(_key(cell), round) for cell in offer.cells]
        total = sum(weights)
        equal = 1 / len(weights)
        shares = [
            self.equal_share * equal + (1 - self.equal_share) * (weight / total if total else equal)
            for weight in weights
        ]
        return ProblemPlan(
            dict(zip(offer.cells, apportioned(number, shares), strict=True)), task_ids
        )

    def observe(self, round: int, attempts: Sequence[Attempts]) -> None:
        """See the class."""
        for facts in self._cells.values():
            facts[:] = [self.memory * value for value in facts]
        self._drawn = {}
        for each in attempts:
            key = _key(each.cell)
            self._drawn[key] = self._drawn.get(key, 0) + 1
            if each.is_finite:
                self._observe_finite(round, each)
                continue
            facts = self._cells.setdefault(key, [0.0] * 4)
            found = (1.0, float(each.tried), float(each.passed), _spread(each.tried, each.passed))
            facts[:] = [old + new for old, new in zip(facts, found, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """See the class."""
        return {
            "cells": {key: list(facts) for key, facts in self._cells.items()},
            "finite": {key: list(facts) for key, facts in self._finite.items()},
            "drawn": dict(self._drawn),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See the class."""
        self._cells = {key: list(facts) for key, facts in state["cells"].items()}
        self._finite = {key: list(facts) for key, facts in state["finite"].items()}
        self._drawn = dict(state["drawn"])

    def summary(self) -> dict[str, Any]:
        """Rates by family and difficulty, problems drawn, and finite problems by how they went."""
        cells = {}
        for key in sorted({*self._cells, *self._drawn}):
            _, samples, passed, _ = self._cells.get(key, [0.0] * 4)
            cells[key] = {
                "drawn": self._drawn.get(key, 0),
                "pass_rate": passed / samples if samples else None,
            }
        finite = {"unsolved": 0, "sometimes": 0, "solved": 0}
        for samples, passed, *_ in self._finite.values():
            which = "unsolved" if not passed else "sometimes" if passed < samples else "solved"
            finite[which] += 1
        return {"cells": cells, "finite_problems": finite}

    def _weight(self, key: str, round: int) -> float:
        problems, samples, passed, spread = self._cells.get(key, [0.0] * 4)
        if not problems:
            return _FRESH_WEIGHT
        if not passed:
            return _FRESH_WEIGHT if round % self.return_every == 0 else 0.0
        if samples == problems:
            # One sample a problem says nothing of the problem, but something of its like.
            spread = problems * (passed / samples) * (1 - passed / samples)
        # As if one more problem had been seen, a new one: a cell of few problems is not certain.
        return (spread + _FRESH_WEIGHT) / (problems + 1)

    def _observe_finite(self, round: int, each: Attempts) -> None:
        samples, passed, misses, _ = self._finite.get(each.task_id, [0.0] * 4)
        self._finite[each.task_id] = [
            self.memory * samples + each.tried,
            self.memory * passed + each.passed,
            0.0 if each.passed else misses + 1,
            float(round),
        ]

    def _chosen(self, offer: Offer, round: int, seed: int) -> tuple[str, ...]:
        """Finite problems without putting back, by weight; the rest only where nothing is made."""
        random = derived_random(seed, "curriculum", round)
        keys: list[tuple[float, str]] = []
        for task_id in offer.finite:
            weight, draw = self._finite_weight(task_id, round), random.random()
            if weight:
                # The largest of these keys are a draw by weight (Efraimidis and Spirakis).
                keys.append((draw ** (1 / weight), task_id))
            elif not offer.cells:
                keys.append((draw - 1, task_id))
        keys.sort(reverse=True)
        return tuple(task_id for _, task_id in keys[: offer.most_finite])

    def _finite_weight(self, task_id: str, round: int) -> float:
        if task_id not in self._finite:
            return 1.0
        samples, passed, misses, last = self._finite[task_id]
        if misses:
            return 1.0 if round - last > min(16, 2 ** (misses - 1)) else 0.0
        rate = passed / samples
        return max(0.1, 4 * rate * (1 - rate))


def saved_curriculum(curriculum: Curriculum | None) -> dict[str, Any] | None:
    """A curriculum in a checkpoint: which it is, and its state."""
    if curriculum is None:
        return None
    return {"class": type(curriculum).__name__, "state": curriculum.state_dict()}


def take_curriculum(curriculum: Curriculum | None, state: Mapping[str, Any] | None) -> None:
    """Go on with a checkpoint's; another curriculum than the saved one begins anew.

    Args:
        curriculum: of the run.
        state: what the callback saved, under `curriculum` what `saved_curriculum` gave.
    """
    saved = (state or {}).get("curriculum")
    if curriculum is not None and saved and saved["class"] == type(curriculum).__name__:
        curriculum.load_state_dict(saved["state"])


def share_curriculum(curriculum: Curriculum | None, processes: Processes) -> None:
    """Every process knows what the first one has seen; each of them calls this."""
    if curriculum is not None and processes.count > 1:
        curriculum.load_state_dict(processes.from_first(curriculum.state_dict()))


def _key(cell: Cell) -> str:
    return f"{cell[0]}/{cell[1]}"


def _spread(tried: int, passed: int) -> float:
    """The unbiased p (1 - p): half the chance that two samples of the problem differ."""
    return passed * (tried - passed) / (tried * (tried - 1)) if tried > 1 else 0.0
