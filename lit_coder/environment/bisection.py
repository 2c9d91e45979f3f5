"""Finds by bisection the first statement after which a program departs from a reference.

    bisector = Bisector(LookingInside(runner, limits))
    departure = bisector.first_departure(draft, reference, case)
    departure.line                  # of the draft; None = no departure was seen

The reference runs once, with the state after each step noted, and that is kept for further drafts.
The draft runs once to its end, with a few states noted on the way, and then up to the middle of
what is left, until one step is left: at most log2(n) + 2 executions for n steps. The two are never
in one process, so that no draft can read the reference.

A state is all that the statements can see (`inside/states.py`). So where states are equal before a
step and not after it, the statement between them did it, even if states were equal again in
between: any such step that bisection ends at is a departure. Drafts must be laid out like the
reference as far as they are right: of a program that solves the problem in another way, the first
other statement is found, which is no fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Any, NamedTuple

from lit_coder.environment.known_cases import GivenCase
from lit_coder.environment.looking_inside import MOST_STEPS, LookingInside


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a draft leaves the reference.

    Attributes:
        line: of the draft, from 1; of the statement that made the difference. 0 where the draft
            has no statement there.
        function: the function it is in, "<module>" for the first level.
        step: its place among the steps that the draft takes; 0 where it is wrong before the first.
        num_steps: all of them, as far as the draft was followed.
        num_executions: runs in the sandbox that it took.
    """

    line: int
    function: str
    step: int
    num_steps: int
    num_executions: int


class _Trail(NamedTuple):
    """Where a program was after each step, from 1: two digests of its state and the place."""

    states: tuple[tuple[str, str, tuple[str, int]], ...]


def first_bad(good: int, bad: int, is_good: Callable[[int], bool]) -> int:
    """The first bad number after good ones, by halving; where they split often, one of the splits.

    Args:
        good: a number that is known to be good.
        bad: a larger one that is known to be bad.
        is_good: asked about ceil(log2(bad - good)) numbers between them.
    """
    while bad - good > 1:
        middle = (good + bad) // 2
        if is_good(middle):
            good = middle
        else:
            bad = middle
    return bad


class Bisector:
    """Looks for departures, and remembers the steps of references.

    Args:
        look: asks the sandbox.
        most_steps: steps of a program that are followed.
    """

    def __init__(self, look: LookingInside, most_steps: int = MOST_STEPS) -> None:
        self._look = look
        self._most_steps = most_steps
        self._trail = lru_cache(maxsize=64)(self._follow_reference)

    def first_departure(self, program: str, reference: str, case: GivenCase) -> Departure | None:
        """The statement of the program after which its state is no longer the reference's.

        None where both do the same, or where one of them cannot be followed (a syntax error, a
        crash): then there is nothing to compare.

        Raises:
            SandboxError: the sandbox itself broke down.
        """
        before = self._look.num_executions
        trail = self._trail(reference, _Case(case))
        if trail is None:
            return None
        states = trail.states
        marks = _marks(len(states))
        whole = self._ask(program, case, marks, stops=False)
        if whole is None:
            return None
        known = {step: tuple(rest) for step, *rest in whole["states"]}

        def is_good(step: int) -> bool:
            if step not in known:
                found = self._ask(program, case, [step], stops=True)
                known[step] = tuple(found["states"][0][1:]) if found and found["states"] else ()
            return _are_same(known[step], states[step - 1])

        num_steps = int(whole["num_steps"])
        last = min(num_steps, len(states))
        if num_steps == len(states) and (whole["is_late"] or is_good(last)):
            return None
        # Where one has ended and the other goes on, they differ.
        bad = last if num_steps == len(states) else last + 1
        passed = list(takewhile(is_good, (mark for mark in marks if mark < bad)))
        good = passed[-1] if passed else 0
        bad = min([bad, *(mark for mark in marks if mark > good)])
        step = first_bad(good, bad, is_good)
        place = states[step - 2][2] if step > 1 else ("", 0)
        if not place[0]:
            # What is wrong before a function's first statement is so by its definition.
            place = (states[min(step, len(states)) - 1][2][0], 0)
        lines = {tuple(each): line for each, line in whole["lines"]}
        return Departure(
            line=lines.get(place, 0),
            function=place[0],
            step=step - 1,
            num_steps=num_steps,
            num_executions=self._look.num_executions - before,
        )

    def _follow_reference(self, reference: str, case: _Case) -> _Trail | None:
        found = self._ask(reference, case.given, None, stops=False)
        if found is None or not found["states"]:
            return None
        return _Trail(tuple((a, b, tuple(place)) for _, a, b, place in found["states"]))

    def _ask(
        self, program: str, case: GivenCase, wanted: list[int] | None, stops: bool
    ) -> dict[str, Any] | None:
        return self._look.ask("follow", program, case, wanted, self._most_steps, stops)


class _Case:
    """A case as a key: arguments may be lists."""

    def __init__(self, given: GivenCase) -> None:
        self.given = given
        self._text = repr(given)

    def __hash__(self) -> int:
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Case) and self._text == other._text


def _marks(num_steps: int) -> list[int]:
    """Steps whose states are noted in the draft's whole run: the powers of two, and the last."""
    return sorted({num_steps, *(2**power for power in range(num_steps.bit_length()))})


def _are_same(found: tuple[Any, ...], right: tuple[str, str, tuple[str, int]]) -> bool:
    """By the names of variables, or by their order where they are called otherwise."""
    return bool(found) and (found[0] == right[0] or found[1] == right[1])
