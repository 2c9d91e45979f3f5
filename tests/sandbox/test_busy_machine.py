"""A busy machine is not a verdict: what may have been load is run once more, alone.

The programs count their runs in a file and kill their supervisor, which no wall lets them do: they
run without one.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob, Execution, Job, Limits
from lit_coder.sandbox.gate import Gate
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner, may_be_load

# A program that does `trouble` as often as `times`, then takes its time and answers; it counts
# its runs in a file.
TROUBLED = """
import os, signal, time
def f(path, times):
    with open(path, "a") as file:
        file.write("x")
    if os.path.getsize(path) <= times:
        {trouble}
    started = time.monotonic()
    time.sleep(0.2)
    return (started, time.monotonic())
"""
SLEEP = "time.sleep(60)"
KILL_SUPERVISOR = "os.kill(os.getppid(), 9); time.sleep(60)"
OTHER = """
import time
def f():
    started = time.monotonic()
    time.sleep(0.02)
    return (started, time.monotonic())
"""


def troubled(path: Path, times: int, trouble: str) -> CallJob:
    program = TROUBLED.format(trouble=trouble)
    return CallJob(program, ((Call("f", (str(path), times)),),), Limits(wall_seconds=0.5))


def spans(executions: Iterable[Execution]) -> list[tuple[float, float]]:
    found = [execution.outcomes[0][0].value for execution in executions]
    return [(value[0], value[1]) for value in found if isinstance(value, tuple)]


@pytest.mark.parametrize(("trouble", "times"), [(SLEEP, 1), (KILL_SUPERVISOR, 2)])
def test_what_may_have_been_load_is_run_again_with_nothing_beside_it(
    unwalled: PoolRunner, tmp_path: Path, trouble: str, times: int
) -> None:
    others = [CallJob(OTHER, ((Call("f", ()),),))] * 60
    first, *rest = unwalled.run([troubled(tmp_path / "runs", times, trouble), *others])
    assert first.status == "completed"
    ((start, end),) = spans([first])
    assert len(rest) == len(spans(rest)) == 60
    assert all(other_end <= start or end <= other for other, other_end in spans(rest))
    assert any(other >= end for other, _ in spans(rest))


def test_a_program_that_sleeps_again_is_a_timeout_after_two_runs(
    unwalled: PoolRunner, tmp_path: Path
) -> None:
    (execution,) = unwalled.run([troubled(tmp_path / "runs", 9, SLEEP)])
    assert execution.status == "timeout"
    assert (tmp_path / "runs").read_text() == "xx"


def test_a_program_that_kills_its_supervisor_again_is_crashed_after_three_runs(
    unwalled: PoolRunner, tmp_path: Path
) -> None:
    (execution,) = unwalled.run([troubled(tmp_path / "runs", 9, KILL_SUPERVISOR)])
    assert execution.status == "crashed"
    assert (tmp_path / "runs").read_text() == "xxx"


@pytest.mark.parametrize(
    ("status", "wall_seconds", "cpu_seconds", "expected"),
    [
        ("timeout", 2.01, 0.9, True),
        ("timeout", 2.01, 1.1, False),
        ("timeout", 0.9, 0.8, False),
        ("completed", 2.01, 0.1, False),
    ],
)
def test_only_the_wall_limit_with_little_processor_time_may_be_load(
    status: str, wall_seconds: float, cpu_seconds: float, expected: bool
) -> None:
    job: Job = CallJob("", (), Limits(wall_seconds=2))
    execution = replace(
        Execution("timeout"),
        status=status,  # type: ignore[arg-type]
        wall_seconds=wall_seconds,
        cpu_seconds=cpu_seconds,
    )
    assert may_be_load(execution, job) == expected


def test_several_sleeping_programs_and_one_worker_do_not_wait_for_each_other() -> None:
    sleeping = CallJob("import time\ntime.sleep(60)\n", (), Limits(wall_seconds=0.1))
    for workers in (1, 3):
        with open_runner(SandboxOptions(workers=workers)) as runner:
            started = time.monotonic()
            assert [each.status for each in runner.run([sleeping] * 6)] == ["timeout"] * 6
            assert time.monotonic() - started < 5


def test_a_gate_is_left_when_what_is_inside_fails() -> None:
    gate = Gate()
    for _ in range(2):
        with pytest.raises(KeyError), gate.shared():
            raise KeyError
        with pytest.raises(KeyError), gate.alone():
            raise KeyError


def test_who_wants_to_be_alone_waits_for_those_inside_and_holds_the_others_back() -> None:
    gate, order = Gate(), list[str]()

    def enter_alone() -> None:
        with gate.alone():
            order.append("alone")

    def enter_shared() -> None:
        with gate.shared():
            order.append("shared")

    alone, shared = threading.Thread(target=enter_alone), threading.Thread(target=enter_shared)
    with gate.shared():
        alone.start()
        while not gate._num_waiting:
            time.sleep(0.001)
        shared.start()
        time.sleep(0.05)
        assert order == []
    alone.join(5)
    shared.join(5)
    assert order == ["alone", "shared"]
