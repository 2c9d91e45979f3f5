from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from lit_coder.problems.problem import Call, CheckProgram
from lit_coder.sandbox.contract import (
    CallJob,
    CheckJob,
    Execution,
    Job,
    Limits,
    Outcome,
    SandboxUnavailable,
)
from lit_coder.sandbox.pool_runner import PoolRunner
from lit_coder.verification.self_test import _CHEATS, check_sandbox


def test_the_subprocess_backend_passes_its_self_test(runner: PoolRunner) -> None:
    check_sandbox(runner)


class BrokenRunner:
    """Passes jobs on and then tampers with what comes back, as a broken backend would."""

    def __init__(self, inner: PoolRunner, fault: str) -> None:
        self._inner = inner
        self._fault = fault

    def run(self, jobs: Iterable[Job]) -> Iterator[Execution]:
        taken = list(jobs)
        for job, execution in zip(taken, self._inner.run(taken), strict=True):
            yield self._tampered(job, execution)

    def _tampered(self, job: Job, execution: Execution) -> Execution:
        if self._fault == "every test passes" and isinstance(job, CheckJob):
            return replace(
                execution, status="completed", visible_passed=(True,), hidden_passed=(True,)
            )
        if self._fault == "nothing passes":
            return replace(execution, outcomes=(), visible_passed=(False,))
        if self._fault == "True crosses as 1":
            cases = tuple(
                tuple(Outcome(1) if outcome.value is True else outcome for outcome in case)
                for case in execution.outcomes
            )
            return replace(execution, outcomes=cases)
        if self._fault == "timeouts are completed" and execution.status == "timeout":
            return replace(execution, status="completed")
        return execution

    def close(self) -> None:
        pass

    def __enter__(self) -> "BrokenRunner":
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("fault", "program"),
    [
        ("every test passes", "a wrong program"),
        ("nothing passes", "a right program"),
        ("True crosses as 1", "True for 1"),
        ("timeouts are completed", "an endless loop"),
    ],
)
def test_a_runner_that_judges_wrongly_is_refused_by_the_program_s_name(
    runner: PoolRunner, fault: str, program: str
) -> None:
    with pytest.raises(SandboxUnavailable, match=program):
        check_sandbox(BrokenRunner(runner, fault))


def test_the_cheats_are_real_ones_where_tests_share_the_process(runner: PoolRunner) -> None:
    expected = "answer-0123456789abcdef"
    # A class as entry point has no proxy, so the job falls back to one process.
    check = CheckProgram((f"assert answer(5) == {expected!r}, Box",))
    for name in (
        "an object equal to everything",
        "a search of frames and memory for the expected value",
    ):
        program = _CHEATS[name] + "\nclass Box: pass\n"
        job = CheckJob(program, "answer", CheckProgram(("assert Box", *check.visible)))
        (execution,) = runner.run([replace(job, allow_in_process=True)])
        assert not execution.trusted
        assert execution.visible_passed == (True, True), name


def test_self_test_programs_run_in_order_under_the_usual_limits(runner: PoolRunner) -> None:
    job = CallJob("def answer(x): return x\n", ((Call("answer", (5,)),),), Limits())
    assert next(iter(runner.run([job]))).outcomes == ((Outcome(5),),)
