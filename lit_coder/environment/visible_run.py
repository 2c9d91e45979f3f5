"""One run of the visible tests, for whoever writes: what each gave, and whether that is right.

    run = run_visible_tests(runner, problem, completion, limits, shows_expected=False)
    run.passed                  # by test
    run.text                    # "test 1: f(2) gave 5, which is wrong"

Hidden tests are in none of it. Expected values stay on this side, and unless they are asked for
they are not told: who learns from the reward would write them down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from lit_coder.environment.known_cases import KnownCases, known_cases
from lit_coder.harvesting.literals import call_text, literal
from lit_coder.problems.problem import (
    Call,
    Case,
    Cases,
    CheckProgram,
    Construct,
    Problem,
    StdioCases,
)
from lit_coder.sandbox.contract import Execution, Limits, Runner
from lit_coder.verification.verifier import Attempt, Verifier

_LONGEST_VALUE = 200


class VisibleRun(NamedTuple):
    """By test whether it passed, and a line on each."""

    passed: tuple[bool, ...]
    text: str


def visible_problem(problem: Problem) -> Problem:
    """The problem without its hidden tests and its reference."""
    tests = problem.tests
    if isinstance(tests, Cases):
        tests = Cases(tests.visible)
    elif isinstance(tests, CheckProgram):
        tests = CheckProgram(tests.visible, setup=tests.setup)
    elif isinstance(tests, StdioCases):
        tests = StdioCases(tests.visible)
    return replace(problem, tests=tests, reference=None)


def run_visible_tests(
    runner: Runner, problem: Problem, completion: str, limits: Limits, shows_expected: bool
) -> VisibleRun:
    """Run the visible tests once.

    Raises:
        SandboxError: the sandbox itself broke down.
    """
    seen = visible_problem(problem)
    (execution,) = runner.run([Verifier(runner, limits).job(Attempt(seen, completion))])
    known = known_cases(seen)
    passed = tuple(_passed(seen, known, execution))
    lines = []
    if execution.status != "completed":
        lines.append(f"{execution.status.replace('_', ' ')}: {execution.detail}".rstrip(": "))
    for index, ok in enumerate(passed):
        lines.append(f"test {index + 1}: {_told(seen, known, execution, index, ok)}")
        if shows_expected and not ok and not isinstance(seen.tests, CheckProgram):
            expected = known.expected[index]
            right = repr(expected) if isinstance(expected, str) else _values(expected)
            lines[-1] += f"; expected is {_cut(right)}"
    return VisibleRun(passed, "\n".join(lines))


def _passed(problem: Problem, known: KnownCases, execution: Execution) -> Iterator[bool]:
    for index in range(len(known.given)):
        if isinstance(problem.tests, CheckProgram):
            results = execution.visible_passed
            yield index < len(results) and results[index]
        elif isinstance(problem.tests, StdioCases):
            is_whole = index < len(execution.stdouts) and index not in execution.cut_stdouts
            yield is_whole and known.passes(index, [(execution.stdouts[index], "")])
        else:
            yield known.passes(index, _answers(execution, index))


def _answers(execution: Execution, index: int) -> list[tuple[object, str]]:
    if index >= len(execution.outcomes):
        return []
    return [
        (each.value, each.exception or ("unsupported" if each.unsupported else ""))
        for each in execution.outcomes[index]
    ]


def _told(problem: Problem, known: KnownCases, execution: Execution, index: int, ok: bool) -> str:
    """What the test asked, what it got, and whether that is right."""
    verdict = "which is right" if ok else "which is wrong"
    tests = problem.tests
    if isinstance(tests, CheckProgram):
        return f"{_cut(tests.visible[index])} {'holds' if ok else 'does not hold'}"
    if isinstance(tests, StdioCases):
        if index >= len(execution.stdouts):
            return f"input {_cut(repr(tests.visible[index].stdin))} was not read to its end"
        shown = _cut(repr(execution.stdouts[index]))
        return f"input {_cut(repr(tests.visible[index].stdin))} gave {shown}, {verdict}"
    assert isinstance(tests, Cases)
    asked = _cut(_asked(tests.visible[index]))
    answers = _answers(execution, index)
    if not answers:
        return f"{asked} was not reached"
    fault = answers[-1][1]
    if fault:
        return f"{asked} raised {fault}" if fault != "unsupported" else f"{asked} gave an object"
    return f"{asked} gave {_cut(_values(tuple(value for value, _ in answers)))}, {verdict}"


def _asked(case: Case) -> str:
    texts = []
    for each in case.operations:
        if isinstance(each, Call):
            texts.append(call_text(each.function, each.arguments))
        elif isinstance(each, Construct):
            texts.append(f"it = {call_text(each.class_name, each.arguments)}")
        else:
            texts.append(f"it.{call_text(each.method, each.arguments)}")
    return "; ".join(texts)


def _values(values: tuple[object, ...]) -> str:
    return ", ".join(map(literal, values))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
