"""The runner's processes: how they start, end, and die with the trainer."""

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob, SandboxError, SandboxUnavailable
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.subprocess_runner import SubprocessRunner

SIMPLE = CallJob("def f(): return 1\n", ((Call("f", ()),),))
HUNG = CallJob("def f():\n    while True: pass\n", ((Call("f", ()),),))


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    return state != b"Z"


def wait_until_gone(pids: list[int], seconds: float = 5.0) -> list[int]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pids = [pid for pid in pids if is_alive(pid)]
        if not pids:
            break
        time.sleep(0.02)
    return pids


def test_one_line_at_start_says_what_is_not_walled_off(caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.INFO, "lit_coder.sandbox"),
        SubprocessRunner(SandboxOptions(workers=1)),
    ):
        pass
    (line,) = [record.getMessage() for record in caplog.records]
    assert "not walled off" in line


def test_closing_ends_the_processes_and_removes_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with SubprocessRunner(SandboxOptions(workers=2)) as runner:
        assert next(iter(runner.run([SIMPLE]))).status == "completed"
        pids = runner.worker_pids
        assert len(pids) == 2 and all(map(is_alive, pids))
    assert wait_until_gone(pids) == []
    assert list(tmp_path.iterdir()) == []
    runner.close()


def test_a_closed_runner_can_be_entered_again() -> None:
    runner = SubprocessRunner(SandboxOptions(workers=1))
    for _ in range(2):
        with runner:
            assert next(iter(runner.run([SIMPLE]))).status == "completed"


def test_a_runner_that_was_not_entered_says_so() -> None:
    with pytest.raises(SandboxError, match="with"):
        list(SubprocessRunner(SandboxOptions(workers=1)).run([SIMPLE]))


def test_closing_in_the_middle_of_a_program_takes_no_time_limit() -> None:
    with SubprocessRunner(SandboxOptions(workers=1)) as runner:
        threading.Timer(0.3, runner.close).start()
        started = time.monotonic()
        with pytest.raises(SandboxError, match="closed"):
            list(runner.run([HUNG]))
        assert time.monotonic() - started < 3


def test_a_worker_that_was_killed_is_replaced_without_a_lost_job() -> None:
    with SubprocessRunner(SandboxOptions(workers=1)) as runner:
        (pid,) = runner.worker_pids
        os.kill(pid, signal.SIGKILL)
        assert [each.status for each in runner.run([SIMPLE] * 3)] == ["completed"] * 3
        assert runner.worker_pids != [pid]


def test_an_interpreter_that_does_not_start_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with (
        pytest.raises(SandboxUnavailable, match="did not start"),
        SubprocessRunner(SandboxOptions(workers=1)),
    ):
        pass
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with (
        pytest.raises(SandboxUnavailable, match="cannot start"),
        SubprocessRunner(SandboxOptions(workers=1)),
    ):
        pass


TRAINER = """
import sys, threading, time
from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.subprocess_runner import SubprocessRunner
program = '''
import os
def f(path):
    open(path, "w").write(str(os.getpid()))
    while True: pass
'''
with SubprocessRunner(SandboxOptions(workers=2)) as runner:
    jobs = [CallJob(program, ((Call("f", (sys.argv[1] + name,)),),)) for name in "ab"]
    print(*runner.worker_pids, flush=True)
    list(runner.run(jobs))
"""


def start_trainer(folder: Path) -> tuple["subprocess.Popen[str]", list[int]]:
    trainer = subprocess.Popen(
        [sys.executable, "-c", TRAINER, f"{folder}/pid-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(folder)},
        text=True,
        start_new_session=True,
    )
    assert trainer.stdout is not None
    pids = [int(word) for word in trainer.stdout.readline().split()]
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = [path.read_text() for path in folder.glob("pid-*")]
        if len(found) == 2 and all(found):
            return trainer, pids + [int(text) for text in found]
        time.sleep(0.02)
    trainer.kill()
    raise AssertionError("the programs did not start")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_a_trainer_that_was_ended(tmp_path: Path, number: int) -> None:
    trainer, pids = start_trainer(tmp_path)
    try:
        assert len(pids) == 4 and all(map(is_alive, pids))
        # To the whole group, as a terminal does it.
        os.killpg(trainer.pid, number)
        trainer.wait(10)
        assert wait_until_gone(pids) == []
        deadline = time.monotonic() + 5
        while list(tmp_path.glob("lit_coder_*")) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert list(tmp_path.glob("lit_coder_*")) == []
    finally:
        trainer.kill()
        trainer.wait()
        if trainer.stdout is not None:
            trainer.stdout.close()
