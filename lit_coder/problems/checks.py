"""Refuses problems that prove nothing: tests that a program of no thought would pass.

    refuse_degenerate(problem, TrustedProgram(problem.program(reference)))

A problem is degenerate where
  * its reference raises, gives other values when asked its visible tests again, or gives values
    whose types cannot cross between processes;
  * all its tests together expect fewer than 3 distinct outputs;
  * a known-wrong program passes the visible tests. Two are tried, and since their outputs are
    known they need not be run: the constant (every call returns the first expected output) and
    the identity (every call returns its first argument, None where there is none).

The families refuse such problems while sampling. A user's own problems are not refused:
a predicate has two outputs and is still a problem; `known_wrong_program` can be asked about it.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator

from lit_coder.problems.behaviour import canonical_text
from lit_coder.problems.problem import Case, Cases, Construct, Operation, Problem, Value
from lit_coder.problems.reference import TrustedProgram

MIN_DISTINCT_OUTPUTS = 3

_SCALARS = frozenset((type(None), bool, int, float, complex, str, bytes))
_SEQUENCES = frozenset((list, tuple, set, frozenset))


class DegenerateProblem(ValueError):
    """A sampled problem was refused; the message says why. Draw another one."""


def refuse_degenerate(problem: Problem, program: TrustedProgram) -> None:
    """Raise where `problem` is degenerate; `program` is its reference, ready to run.

    Raises:
        DegenerateProblem: see the module's docstring for what counts.
    """
    tests = problem.tests
    assert isinstance(tests, Cases), f"{problem.task_id}: only problems with Cases are checked"
    cases = tests.visible + tests.hidden
    try:
        outcomes = program.outcomes_of(tests.visible)
    except Exception as error:
        raise DegenerateProblem(f"{problem.task_id}: the reference raised {error!r}") from error
    given = (*outcomes, *(case.expected for case in tests.hidden))
    if not can_cross([value for values in given for value in values]):
        raise DegenerateProblem(f"{problem.task_id}: the reference's output cannot cross")
    expected = tuple([case.expected for case in tests.visible])
    # The same text is the same value; another text may be, where sets are in it.
    if repr(outcomes) != repr(expected) and canonical_text(outcomes) != canonical_text(expected):
        raise DegenerateProblem(f"{problem.task_id}: the reference fails its own tests")
    distinct = num_distinct_outputs(cases, enough=MIN_DISTINCT_OUTPUTS)
    if distinct < MIN_DISTINCT_OUTPUTS:
        raise DegenerateProblem(
            f"{problem.task_id}: {distinct} distinct outputs, fewer than {MIN_DISTINCT_OUTPUTS}"
        )
    wrong = known_wrong_program(tests)
    if wrong is not None:
        raise DegenerateProblem(f"{problem.task_id}: the {wrong} passes the visible tests")


def num_distinct_outputs(cases: tuple[Case, ...], enough: int = sys.maxsize) -> int:
    """How many different values the cases expect, building an object not counted.

    Counting ends at `enough`.
    """
    found: set[str] = set()
    for _, expected in _asked(cases):
        found.add(canonical_text(expected))
        if len(found) >= enough:
            break
    return len(found)


def known_wrong_program(tests: Cases) -> str | None:
    """Name of a known-wrong program that passes every visible test, or None."""
    outputs = (canonical_text(expected) for _, expected in _asked(tests.visible))
    first = next(outputs, "")
    if all(output == first for output in outputs):
        return "constant"
    if all(
        canonical_text(operation.arguments[0] if operation.arguments else None)
        == canonical_text(expected)
        for operation, expected in _asked(tests.visible)
    ):
        return "identity"
    return None


def can_cross(value: Value) -> bool:
    """Whether the value has exactly one of the types that cross between processes."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind in _SEQUENCES:
        return _all_cross(value)  # type: ignore[arg-type]
    if kind is dict:
        return _all_cross(value) and _all_cross(value.values())  # type: ignore[arg-type, attr-defined]
    return False


def _all_cross(values: Collection[Value]) -> bool:
    """Whether all values may cross; of most outputs and their members all are scalars."""
    return _SCALARS.issuperset(map(type, values)) or all(map(can_cross, values))


def _asked(cases: tuple[Case, ...]) -> Iterator[tuple[Operation, Value]]:
    """Every operation that returns something, with what is expected of it."""
    for case in cases:
        for operation, expected in zip(case.operations, case.expected, strict=True):
            if not isinstance(operation, Construct):
                yield operation, expected
