"""The most suspicious statements of a program that fails tests, without a reference.

    ranking = Suspicion(LookingInside(runner, limits)).rank(program, known_cases(problem))
    ranking.suspects[0].line        # the first line to look at
    ranking.suspects[0].reason      # "an edit of it passes 5 of 5 tests"

Two executions. The first runs the program on all visible cases and says which statements each one
reached: Ochiai's measure ranks those that failing cases reach and passing ones do not (Abreu,
Zoeteweij and van Gemund 2007). Where all cases go the same way, as in straight code, it cannot tell
statements apart. So the second tries edits of single statements on all cases and ranks first where
an edit makes failing cases pass and breaks none (as MUSE does, Moon, Kim, Kim and Yoo 2014), then
where edits change the answers of failing cases alone (Papadakis and Le Traon 2015).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lit_coder.environment.known_cases import Answers, KnownCases
from lit_coder.environment.looking_inside import MOST_COVERED_STEPS, LookingInside

_MOST_STATEMENTS = 40


@dataclass(frozen=True, slots=True)
class Suspect:
    """A statement that may be at fault.

    Attributes:
        line: of the program, from 1.
        ochiai: 0 to 1, of coverage alone.
        gain: best edit: share of failing cases that it makes pass, less the share of passing ones
            that it breaks; at most 1. 0 where no edit was tried.
        reason: one line for people.
    """

    line: int
    ochiai: float
    gain: float
    reason: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """Statements, the most suspicious first.

    Attributes:
        suspects: of the statements that a failing case reached.
        passed: by case, whether the program passes it.
        num_executions: runs in the sandbox that it took.
        num_edits: edits of the program that were tried in them.
    """

    suspects: tuple[Suspect, ...]
    passed: tuple[bool, ...]
    num_executions: int
    num_edits: int


class Suspicion:
    """Ranks statements.

    Args:
        look: asks the sandbox.
        edits_per_statement: edits of one statement that are tried, at most; 0 = coverage alone.
        edit_seconds: processor time for all edits of a program.
    """

    def __init__(
        self, look: LookingInside, edits_per_statement: int = 60, edit_seconds: float = 4.0
    ) -> None:
        self._look = look
        self._edits_per_statement = edits_per_statement
        self._edit_seconds = edit_seconds

    def rank(self, program: str, cases: KnownCases) -> Ranking:
        """The ranking; without suspects where all cases pass, or nothing can be followed.

        Raises:
            SandboxError: the sandbox itself broke down.
        """
        before = self._look.num_executions
        covered = self._look.ask("cover", program, list(cases.given), MOST_COVERED_STEPS)
        if covered is None:
            return Ranking((), (), self._look.num_executions - before, 0)
        passed = tuple(cases.passes(i, each) for i, each in enumerate(covered["answers"]))
        ochiai = ochiai_scores([set(each) for each in covered["reached"]], passed)
        numbers = sorted(ochiai, key=lambda number: (-ochiai[number], number))[:_MOST_STATEMENTS]
        probed: dict[str, Any] | None = None
        if numbers and self._edits_per_statement:
            how = (self._edits_per_statement, self._edit_seconds)
            probed = self._look.ask("probe", program, list(cases.given), numbers, *how)
        tried = _Tried.of(probed, cases, passed, covered["answers"])
        order = sorted(numbers, key=lambda n: (*tried.order(n), -ochiai[n], n))
        suspects = tuple(
            Suspect(covered["lines"][n], ochiai[n], tried.gain(n), tried.reason(n, ochiai[n]))
            for n in order
        )
        return Ranking(suspects, passed, self._look.num_executions - before, tried.num_edits)


def ochiai_scores(reached: Sequence[set[int]], passed: Sequence[bool]) -> dict[int, float]:
    """Ochiai's measure of every statement that a failing case reached."""
    num_failed = len(passed) - sum(passed)
    scores: dict[int, float] = {}
    for number in set().union(*reached):
        failing = sum(number in each and not ok for each, ok in zip(reached, passed, strict=True))
        passing = sum(number in each and ok for each, ok in zip(reached, passed, strict=True))
        if failing:
            scores[number] = failing / math.sqrt(num_failed * (failing + passing))
    return scores


@dataclass(frozen=True, slots=True)
class _Edit:
    """What one edit does: cases that pass now, that fail now, and whose answers change."""

    number: int
    label: str
    num_fixed: int
    num_broken: int
    num_failing_changed: int
    num_passing_changed: int


@dataclass(frozen=True, slots=True)
class _Tried:
    """All edits, by statement."""

    by_number: dict[int, list[_Edit]]
    num_failed: int
    num_passed: int

    @property
    def num_edits(self) -> int:
        return sum(map(len, self.by_number.values()))

    @staticmethod
    def of(
        probed: dict[str, Any] | None,
        cases: KnownCases,
        passed: tuple[bool, ...],
        own: Sequence[Answers],
    ) -> _Tried:
        by_number: dict[int, list[_Edit]] = {}
        answers = probed["answers"] if probed else []
        for number, label, places in probed["edits"] if probed else []:
            counts = [0, 0, 0, 0]
            for index, (place, ok) in enumerate(zip(places, passed, strict=True)):
                passes = cases.passes(index, answers[place])
                counts[0] += passes and not ok
                counts[1] += ok and not passes
                counts[2 + ok] += list(map(tuple, answers[place])) != list(map(tuple, own[index]))
            by_number.setdefault(number, []).append(_Edit(number, label, *counts))
        return _Tried(by_number, passed.count(False), passed.count(True))

    def _gain(self, edit: _Edit) -> float:
        broken = edit.num_broken / self.num_passed if self.num_passed else 0.0
        return edit.num_fixed / max(self.num_failed, 1) - broken

    def _best(self, number: int) -> _Edit | None:
        return max(self.by_number.get(number, []), key=self._gain, default=None)

    def gain(self, number: int) -> float:
        """Of the statement's best edit."""
        best = self._best(number)
        return 0.0 if best is None else self._gain(best)

    def order(self, number: int) -> tuple[float, ...]:
        """The smaller, the more suspicious."""
        found = self.by_number.get(number, [])
        alone = max(
            (
                each.num_failing_changed
                / math.sqrt(
                    max(self.num_failed, 1)
                    * max(each.num_failing_changed + each.num_passing_changed, 1)
                )
                for each in found
            ),
            default=0.0,
        )
        return (-round(self.gain(number), 6), -round(alone, 6))

    def reason(self, number: int, ochiai: float) -> str:
        """Why the statement stands where it does."""
        best = self._best(number)
        if best is not None and best.num_fixed:
            num_passing = self.num_passed + best.num_fixed - best.num_broken
            total = self.num_failed + self.num_passed
            return f"with an edit of it, {num_passing} of {total} tests pass"
        return f"failing tests reach it more than passing ones, {ochiai:.2f}"
