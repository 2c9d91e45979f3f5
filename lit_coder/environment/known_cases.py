"""A problem's visible tests as `inside/cases.py` tries them, and whether an answer is right.

    cases = known_cases(problem)
    cases.given                          # what goes into the sandbox: no expected values
    cases.passes(0, answers)             # compared here, as verdicts compare

Of a check program the visible tests themselves are given: they raise where they fail. Hidden tests
are in none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from lit_coder.problems.problem import (
    Call,
    Case,
    Cases,
    CheckProgram,
    Construct,
    Operation,
    Problem,
    StdioCase,
    StdioCases,
)
from lit_coder.verification.comparison import equal_in, same_output

GivenCase: TypeAlias = tuple[Any, ...]
"""A case as it goes into the sandbox."""

Answers: TypeAlias = Sequence[tuple[Any, str]]
"""What the operations of a case gave: value and fault."""


class KnownCases(NamedTuple):
    """Visible cases, given and expected, in the same order; `expected` stays outside."""

    given: tuple[GivenCase, ...]
    expected: tuple[tuple[object, ...] | str, ...]

    def passes(self, index: int, answers: Answers) -> bool:
        """Whether these are the right answers of a case."""
        expected = self.expected[index]
        if any(fault for _, fault in answers):
            return False
        if isinstance(expected, str):
            return len(answers) == 1 and same_output(str(answers[0][0]), expected)
        return len(answers) == len(expected) and all(
            equal_in("python", value, right)
            for (value, _), right in zip(answers, expected, strict=True)
        )


def known_cases(problem: Problem) -> KnownCases:
    """The visible cases of a problem; none where its tests run no Python program."""
    tests = problem.tests
    if problem.language != "python":
        return KnownCases((), ())
    if isinstance(tests, Cases):
        return KnownCases(
            tuple(map(given_case, tests.visible)), tuple(case.expected for case in tests.visible)
        )
    if isinstance(tests, CheckProgram):
        given = tuple(("check", tests.setup, text) for text in tests.visible)
        return KnownCases(given, tuple((True,) for _ in given))
    if isinstance(tests, StdioCases):
        return KnownCases(
            tuple(("stdin", case.stdin) for case in tests.visible),
            tuple(case.expected_stdout for case in tests.visible),
        )
    return KnownCases((), ())


def given_case(case: Case | StdioCase) -> GivenCase:
    """One case without what it expects."""
    if isinstance(case, StdioCase):
        return ("stdin", case.stdin)
    return ("operations", [_operation(each) for each in case.operations])


def _operation(operation: Operation) -> tuple[str, str, tuple[object, ...]]:
    if isinstance(operation, Call):
        return ("call", operation.function, operation.arguments)
    if isinstance(operation, Construct):
        return ("construct", operation.class_name, operation.arguments)
    return ("method", operation.method, operation.arguments)
