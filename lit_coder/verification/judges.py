"""The two judges of a completion: which job to run, and what its execution means.

    judge = official_judge(protocol, runner, limits, has_scratch=True)
    (execution,) = runner.run([judge.job(task, completion)])
    verdict = judge.verdict(task, execution)

The official one does what the protocol's harness does, by its kind: a script that passes by
ending, outputs compared outside by the harness's rules, or a program that must print nothing. The
strict one is `verifier.py`'s; where the harness itself compares outside, both are the same judge.

A program that reads standard input has the protocol's time for each input. All calls of a function
run in one process, so there the times are added up: a slow call may use what quick ones left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lit_coder.problems.benchmarks.benchmark import BenchmarkTask
from lit_coder.problems.problem import Answer, StdioCases
from lit_coder.sandbox.contract import Execution, Job, Limits, Runner, StdioJob
from lit_coder.verification.official import (
    official_job,
    official_limits,
    official_verdict,
    untrusted_verdict,
)
from lit_coder.verification.protocol import Protocol
from lit_coder.verification.verdict import Verdict
from lit_coder.verification.verifier import Attempt, Verifier, judge_execution


@dataclass(frozen=True, slots=True)
class Judge:
    """What to run for a completion of a task, and the verdict on what happened."""

    job: Callable[[BenchmarkTask, str], Job]
    verdict: Callable[[BenchmarkTask, Execution], Verdict]


def strict_judge(
    protocol: Protocol, runner: Runner, limits: Limits, has_scratch: bool, allow_in_process: bool
) -> Judge:
    """A verdict from outside the program: the harness's own if it is one, else the verifier's."""
    if protocol.official == "cases":
        return official_judge(protocol, runner, limits, has_scratch, allow_in_process)
    return _of_verifier(runner, limits, allow_in_process)


def _of_verifier(runner: Runner, limits: Limits, allow_in_process: bool) -> Judge:
    verifier = Verifier(runner, limits, allow_in_process)

    def job(task: BenchmarkTask, completion: str) -> Job:
        return verifier.job(Attempt(task.problem, completion))

    def verdict(task: BenchmarkTask, execution: Execution) -> Verdict:
        return judge_execution(task.problem, execution)

    return Judge(job, verdict)


def official_judge(
    protocol: Protocol, runner: Runner, limits: Limits, has_scratch: bool, allow_in_process: bool
) -> Judge:
    """The verdict of the protocol's own harness."""
    if protocol.official == "script":
        return _of_a_script(protocol, has_scratch)
    if protocol.official == "program_output":
        return _of_what_is_printed(protocol, limits)
    if not protocol.timeout_seconds:
        # Our own problems have no harness but ours.
        return _of_verifier(runner, limits, allow_in_process)
    return _of_cases(protocol, runner, has_scratch)


def _of_a_script(protocol: Protocol, has_scratch: bool) -> Judge:
    def job(task: BenchmarkTask, completion: str) -> Job:
        text = protocol.compose(task, completion)
        script = official_job(text, protocol.timeout_seconds, has_scratch)
        return script if protocol.has_guard else replace(script, disabled=(), blocked_modules=())

    def verdict(task: BenchmarkTask, execution: Execution) -> Verdict:
        return official_verdict(execution)

    return Judge(job, verdict)


def _of_cases(protocol: Protocol, runner: Runner, has_scratch: bool) -> Judge:
    def job(task: BenchmarkTask, completion: str) -> Job:
        text = protocol.compose(task, completion)
        whole = replace(task.problem, prompt="", suffix="")
        tests = whole.tests
        assert not isinstance(tests, Answer), f"{task.task_id}: a benchmark asks for programs"
        num_tests = len(tests.visible) + len(tests.hidden)
        is_stdio = isinstance(tests, StdioCases)
        seconds = protocol.timeout_seconds * (1 if is_stdio else num_tests)
        own = official_limits(seconds, has_scratch)
        made = Verifier(runner, own).job(Attempt(whole, text))
        return replace(made, limits_per_input=True) if isinstance(made, StdioJob) else made

    def verdict(task: BenchmarkTask, execution: Execution) -> Verdict:
        return judge_execution(task.problem, execution, protocol.same_value, protocol.same_text)

    return Judge(job, verdict)


def _of_what_is_printed(protocol: Protocol, limits: Limits) -> Judge:
    own = replace(
        limits, wall_seconds=protocol.timeout_seconds, cpu_seconds=protocol.timeout_seconds
    )

    def job(task: BenchmarkTask, completion: str) -> Job:
        return StdioJob(protocol.compose(task, completion), ("",), own, task.problem.language)

    return Judge(job, lambda task, execution: _printed_nothing(execution))


def _printed_nothing(execution: Execution) -> Verdict:
    """A failed `console.assert` prints, and nothing else does."""
    printed = (execution.stderr or execution.stdout).strip()
    if execution.status != "completed":
        return untrusted_verdict(execution, execution.status, execution.detail)
    if printed:
        return untrusted_verdict(execution, "failed", f"it printed {printed[:200]!r}")
    return untrusted_verdict(execution, "passed", "")
