"""The smallest part that still fails, of edits or of an input (Zeller and Hildebrandt, 2002).

    few = ddmin(list("1234567"), lambda part: "7" in part)               # ["7"]
    found = smallest_failing_edits(runner, problem, passing, failing, limits)
    found.text                      # lines to take out (-) and to put in (+), as few as fail
    found = smallest_failing_input(look, draft, reference, "f", arguments)

The smallest means: leaving any one of them out, it fails no more. What neither passes nor fails in
the same way, as half an edit that does not parse, counts as not failing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple, TypeVar

from lit_coder.environment.looking_inside import MOST_COVERED_STEPS, LookingInside
from lit_coder.environment.visible_run import run_visible_tests
from lit_coder.problems.problem import Problem, Value
from lit_coder.sandbox.contract import Limits, Runner
from lit_coder.verification.comparison import equal_exactly

Item = TypeVar("Item")

MOST_TRIALS = 64
"""Parts that are tried by default; what was found by then is given back."""


class Edit(NamedTuple):
    """One place where two texts differ: lines of the first, and what stands there in the second."""

    start: int
    end: int
    lines: tuple[str, ...]


class FailingEdits(NamedTuple):
    """Edits that are enough to make tests fail, and how many runs it took to find them."""

    edits: tuple[Edit, ...]
    text: str
    num_executions: int


class FailingInput(NamedTuple):
    """Arguments on which two programs differ, as small as was found, and how many runs it took."""

    arguments: tuple[Value, ...]
    num_executions: int


def ddmin(
    items: Sequence[Item], fails: Callable[[list[Item]], bool], most_trials: int = MOST_TRIALS
) -> list[Item]:
    """A part of the items that fails, of which none can be left out.

    Args:
        items: known to fail together.
        fails: whether a part fails; it is asked once about each.
        most_trials: questions after which the smallest part so far is given back.
    """
    known: dict[tuple[int, ...], bool] = {}

    def is_failing(places: Sequence[int]) -> bool:
        key = tuple(places)
        if key not in known:
            if len(known) >= most_trials:
                return False
            known[key] = fails([items[place] for place in places])
        return known[key]

    part = list(range(len(items)))
    num_pieces = 2
    while len(part) >= 2 and len(known) < most_trials:
        pieces = _pieces(part, num_pieces)
        rests = [[each for each in part if each not in piece] for piece in pieces]
        smaller = next((each for each in pieces if is_failing(each)), None)
        if smaller is not None:
            part, num_pieces = smaller, 2
            continue
        smaller = next((each for each in rests if each and is_failing(each)), None)
        if smaller is not None:
            part, num_pieces = smaller, max(num_pieces - 1, 2)
        elif num_pieces == len(part):
            break
        else:
            num_pieces = min(2 * num_pieces, len(part))
    return [items[place] for place in part]


def _pieces(part: list[int], number: int) -> list[list[int]]:
    """So many pieces of almost the same size."""
    bounds = [len(part) * index // number for index in range(number + 1)]
    return [part[start:end] for start, end in pairwise(bounds)]


def edits_between(before: str, after: str) -> list[Edit]:
    """The edits by lines that make the second text of the first."""
    one, two = before.splitlines(keepends=True), after.splitlines(keepends=True)
    edits: list[Edit] = []
    for tag, start, end, first, last in SequenceMatcher(None, one, two, False).get_opcodes():
        if tag == "replace" and end - start == last - first:
            # Each line by itself: a fault is rarely in all of them.
            edits += [Edit(start + i, start + i + 1, (two[first + i],)) for i in range(end - start)]
        elif tag != "equal":
            edits.append(Edit(start, end, tuple(two[first:last])))
    return edits


def applied(before: str, edits: Sequence[Edit]) -> str:
    """The first text with some of the edits."""
    lines = before.splitlines(keepends=True)
    for edit in sorted(edits, reverse=True):
        lines[edit.start : edit.end] = edit.lines
    return "".join(lines)


def smallest_failing_edits(
    runner: Runner,
    problem: Problem,
    passing: str,
    failing: str,
    limits: Limits,
    most_trials: int = MOST_TRIALS,
) -> FailingEdits:
    """Of the edits between two completions the few that make a visible test fail.

    Args:
        runner: runs the tests; it is running.
        problem: whose visible tests are meant.
        passing: a completion, and the tests that it passes are the ones that are asked.
        failing: one that fails some of these.
        limits: of one run.
        most_trials: completions that are tried.

    Where that is not seen again, as of programs that draw chance, there are no edits.

    Raises:
        SandboxError: the sandbox itself broke down.
    """
    num_executions = 0

    def passed(completion: str) -> tuple[bool, ...]:
        nonlocal num_executions
        num_executions += 1
        return run_visible_tests(runner, problem, completion, limits, False).passed

    right, wrong = passed(passing), passed(failing)
    lost = [i for i, (one, two) in enumerate(zip(right, wrong, strict=True)) if one and not two]
    if not lost:
        return FailingEdits((), "", num_executions)

    def fails(part: list[Edit]) -> bool:
        found = passed(applied(passing, part))
        # Where everything fails at once, it is most likely no program.
        return any(not found[index] for index in lost) and (any(found) or not any(wrong))

    edits = ddmin(edits_between(passing, failing), fails, most_trials)
    return FailingEdits(tuple(edits), _shown(passing, edits), num_executions)


def smallest_failing_input(
    look: LookingInside,
    program: str,
    reference: str,
    function: str,
    arguments: tuple[Value, ...],
    most_trials: int = MOST_TRIALS,
) -> FailingInput:
    """Arguments on which the program still differs from the reference, with as few parts as found.

    Parts are the members of lists and tuples and the characters of texts, one argument after the
    other. Inputs for which the reference raises do not count.

    Raises:
        SandboxError: the sandbox itself broke down.
    """
    before = look.num_executions
    cache: dict[Hashable, bool] = {}

    def differs(given: tuple[Value, ...]) -> bool:
        key = repr(given)
        if key not in cache:
            right, found = (_answer(look, text, function, given) for text in (reference, program))
            cache[key] = bool(right) and right[1] == "" and not _are_equal(found, right)
        return cache[key]

    for place in range(len(arguments)):
        arguments = _smaller(arguments, place, differs, most_trials)
    return FailingInput(arguments, look.num_executions - before)


def _smaller(
    arguments: tuple[Value, ...],
    place: int,
    differs: Callable[[tuple[Value, ...]], bool],
    most_trials: int,
) -> tuple[Value, ...]:
    """The arguments with one of them as small as was found."""
    argument = arguments[place]
    if not isinstance(argument, (list, tuple, str)):
        return arguments

    def rebuilt(part: Sequence[Value]) -> tuple[Value, ...]:
        value: Value = list(part)
        if not isinstance(argument, list):
            value = "".join(map(str, part)) if isinstance(argument, str) else tuple(part)
        return (*arguments[:place], value, *arguments[place + 1 :])

    few = ddmin(list(argument), lambda part: differs(rebuilt(part)), most_trials)
    return rebuilt(few)


def _answer(
    look: LookingInside, program: str, function: str, arguments: tuple[Value, ...]
) -> tuple[Value, str]:
    case = ("operations", [("call", function, arguments)])
    found = look.ask("cover", program, [case], MOST_COVERED_STEPS)
    return (None, "crashed") if found is None else tuple(found["answers"][0][0])


def _are_equal(one: tuple[Value, str], other: tuple[Value, str]) -> bool:
    return one[1] == other[1] and equal_exactly(one[0], other[0])


def _shown(before: str, edits: Sequence[Edit]) -> str:
    lines = before.splitlines()
    shown: list[str] = []
    for edit in sorted(edits):
        shown += [f"-{line}" for line in lines[edit.start : edit.end]]
        shown += [f"+{line.rstrip()}" for line in edit.lines]
    return "\n".join(shown)
