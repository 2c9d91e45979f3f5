"""The verdict of completions: build the jobs, run them, compare outside.

    verifier = Verifier(runner, options.limits())
    verdicts = verifier.verify([Attempt(problem, completion), ...])

Identical completions of a problem run once. All cases of a run share one loaded module: each has
its own arguments and object, but the program's module-level state lives through them. Expected
values stay in this process (cases, texts) or in the judge's (check programs). Answers that are no
programs need no run and are judged here. It does not extract code from chat text and does not
decide what becomes training data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from lit_coder.problems.problem import Answer, Case, Cases, CheckProgram, Problem, StdioCase
from lit_coder.sandbox.contract import (
    CallJob,
    CheckJob,
    Execution,
    Job,
    Limits,
    Outcome,
    Runner,
    StdioJob,
)
from lit_coder.verification.answers import judge_answer
from lit_coder.verification.comparison import SameText, SameValue, equal_in, same_output
from lit_coder.verification.verdict import Verdict, VerdictStatus

_INFILLING = "humaneval_infilling"

_Key: TypeAlias = tuple[str, str, str, int, str]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One completion of one problem."""

    problem: Problem
    completion: str


class Verifier:
    """Turns attempts into verdicts with a runner that is already running.

    `allow_in_process`: check programs whose tests cannot be split from the program run together
    with it; such verdicts say `trusted=False`.
    """

    def __init__(self, runner: Runner, limits: Limits, allow_in_process: bool = False) -> None:
        self._runner = runner
        self._limits = limits
        self._allow_in_process = allow_in_process

    def verify(self, attempts: Sequence[Attempt]) -> list[Verdict]:
        """The verdicts in the order of the attempts.

        Raises:
            SandboxError: the sandbox broke down; there are no verdicts then.
        """
        return list(self.verify_each(attempts))

    def verify_each(self, attempts: Sequence[Attempt]) -> Iterator[Verdict]:
        """As `verify`, each verdict as soon as it and those before it are there."""
        distinct = list(dict.fromkeys(_key(attempt) for attempt in attempts))
        by_key = {_key(attempt): attempt for attempt in reversed(attempts)}
        executions = self._runner.run(
            self.job(by_key[key])
            for key in distinct
            if not isinstance(by_key[key].problem.tests, Answer)
        )
        verdicts: dict[_Key, Verdict] = {}
        for attempt in attempts:
            key = _key(attempt)
            if key not in verdicts:
                tests = attempt.problem.tests
                verdicts[key] = (
                    judge_answer(tests, attempt.completion)
                    if isinstance(tests, Answer)
                    else judge_execution(attempt.problem, next(executions))
                )
            yield verdicts[key]

    def job(self, attempt: Attempt) -> Job:
        """What the sandbox is asked to run for one attempt.

        Raises:
            ValueError: the problem asks for an answer, which is no program.
        """
        problem = attempt.problem
        program = problem.program(attempt.completion)
        tests = problem.tests
        if isinstance(tests, Answer):
            raise _no_program(problem)
        if isinstance(tests, Cases):
            operations = tuple(case.operations for case in tests.visible + tests.hidden)
            return CallJob(program, operations, self._limits, problem.language)
        if isinstance(tests, CheckProgram):
            return CheckJob(
                program,
                problem.entry_point,
                tests,
                prelude=_prelude(problem),
                allow_in_process=self._allow_in_process,
                limits=self._limits,
                language=problem.language,
            )
        cases = tests.visible + tests.hidden
        # An output that is right must not be cut: room for twice the longest, blanks included.
        longest = max((len(case.expected_stdout.encode()) for case in cases), default=0)
        limits = replace(self._limits, output_bytes=max(self._limits.output_bytes, 2 * longest))
        return StdioJob(program, tuple(case.stdin for case in cases), limits, problem.language)


def judge_execution(
    problem: Problem,
    execution: Execution,
    same_value: SameValue = equal_in,
    same_text: SameText = same_output,
) -> Verdict:
    """The verdict of what happened to one program; the comparisons are the strict ones.

    Raises:
        ValueError: the problem asks for an answer, which is no program.
    """
    tests = problem.tests
    if isinstance(tests, Answer):
        raise _no_program(problem)
    num_visible = len(tests.visible)
    if isinstance(tests, Cases):
        passed = [
            _case_passed(problem.language, case, outcomes, same_value)
            for case, outcomes in zip(
                tests.visible + tests.hidden, execution.outcomes, strict=False
            )
        ]
        num_tests = num_visible + len(tests.hidden)
    elif isinstance(tests, CheckProgram):
        passed = [*execution.visible_passed, *execution.hidden_passed]
        num_tests = num_visible + len(tests.hidden)
    else:
        passed = _texts_passed(tests.visible + tests.hidden, execution, same_text)
        num_tests = num_visible + len(tests.hidden)
    passed += [False] * (num_tests - len(passed))
    if execution.status != "completed" and all(passed) and passed:
        # It went wrong after its last answer: a program that did not complete has not passed.
        passed[-1] = False
    status = _status(execution, passed)
    return Verdict(
        status=status,
        visible_passed=sum(passed[:num_visible]),
        visible_total=num_visible,
        hidden_passed=sum(passed[num_visible:]),
        hidden_total=num_tests - num_visible,
        trusted=execution.trusted,
        detail=_detail(status, execution, passed),
        cpu_seconds=execution.cpu_seconds,
        wall_seconds=execution.wall_seconds,
        features=execution.features,
    )


def _no_program(problem: Problem) -> ValueError:
    return ValueError(
        f"{problem.task_id} asks for an answer, and no program is run for it; "
        "Verifier.verify judges it"
    )


def _prelude(problem: Problem) -> str:
    """Trusted text with the functions that some tests call beside the wanted one."""
    if problem.source != _INFILLING:
        return problem.prompt
    # A prompt that breaks off in the middle of a body is no program; with the known middle it is.
    return problem.program(problem.reference or "")


def _key(attempt: Attempt) -> _Key:
    """What shares a verdict: the same completion of one problem, told apart not by name alone."""
    problem = attempt.problem
    return (
        problem.task_id,
        problem.prompt,
        problem.entry_point,
        id(problem.tests),
        attempt.completion,
    )


def _case_passed(
    language: str, case: Case, outcomes: Sequence[Outcome], same_value: SameValue
) -> bool:
    return len(outcomes) == len(case.expected) > 0 and all(
        outcome.exception is None
        and not outcome.unsupported
        and same_value(language, outcome.value, expected)
        for outcome, expected in zip(outcomes, case.expected, strict=True)
    )


def _texts_passed(
    cases: Sequence[StdioCase], execution: Execution, same_text: SameText
) -> list[bool]:
    # Of a text that was cut nobody knows how it went on.
    return [
        index not in execution.cut_stdouts and same_text(stdout, case.expected_stdout)
        for index, (case, stdout) in enumerate(zip(cases, execution.stdouts, strict=False))
    ]


def _status(execution: Execution, passed: Sequence[bool]) -> VerdictStatus:
    if execution.status != "completed":
        return execution.status
    if passed and all(passed):
        return "passed"
    # The program lived on after the operation that had no memory left.
    is_out_of_memory = any(
        outcome.exception == "MemoryError" for case in execution.outcomes for outcome in case
    )
    return "out_of_memory" if is_out_of_memory else "failed"


def _detail(status: VerdictStatus, execution: Execution, passed: Sequence[bool]) -> str:
    if execution.detail or status == "passed":
        return execution.detail
    if False not in passed:
        return "there are no tests"
    number = passed.index(False)
    if number < len(execution.outcomes):
        raised = [outcome.exception for outcome in execution.outcomes[number] if outcome.exception]
        if raised:
            return f"test {number + 1} of {len(passed)} raised {raised[0]}"
    return f"test {number + 1} of {len(passed)} failed"
