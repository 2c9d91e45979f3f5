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
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner
from lit_coder.sandbox.work_folder import make_work_folder, remove_strays

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


def test_the_last_line_at_start_says_what_programs_are_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        caplog.at_level(logging.INFO, "lit_coder.sandbox"),
        open_runner(SandboxOptions(workers=1)) as runner,
    ):
        assert f"behind {runner.wall.name}: {runner.wall.summary}" in caplog.messages[-1]


def test_closing_ends_the_processes_and_removes_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with open_runner(SandboxOptions(workers=2)) as runner:
        assert next(iter(runner.run([SIMPLE]))).status == "completed"
        pids = runner.worker_pids
        assert len(pids) == 2 and all(map(is_alive, pids))
    assert wait_until_gone(pids) == []
    assert list(tmp_path.iterdir()) == []
    runner.close()


def test_a_closed_runner_can_be_entered_again() -> None:
    runner = open_runner(SandboxOptions(workers=1))
    for _ in range(2):
        with runner:
            assert next(iter(runner.run([SIMPLE]))).status == "completed"


def test_a_runner_that_was_not_entered_says_so() -> None:
    with pytest.raises(SandboxError, match="with"):
        list(open_runner(SandboxOptions(workers=1)).run([SIMPLE]))


def test_closing_in_the_middle_of_a_program_takes_no_time_limit() -> None:
    with open_runner(SandboxOptions(workers=1)) as runner:
        threading.Timer(0.3, runner.close).start()
        started = time.monotonic()
        with pytest.raises(SandboxError, match="closed"):
            list(runner.run([HUNG]))
        assert time.monotonic() - started < 3


def test_a_worker_that_was_killed_is_replaced_without_a_lost_job() -> None:
    with open_runner(SandboxOptions(workers=1)) as runner:
        (pid,) = runner.worker_pids
        os.kill(pid, signal.SIGKILL)
        assert [each.status for each in runner.run([SIMPLE] * 3)] == ["completed"] * 3
        assert runner.worker_pids != [pid]


@pytest.mark.parametrize(
    ("executable", "reason"), [("/bin/false", "did not start"), ("/no/such/python", "cannot start")]
)
def test_an_interpreter_that_does_not_start_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, executable: str, reason: str
) -> None:
    monkeypatch.setattr(sys, "_base_executable", executable)
    runner = open_runner(SandboxOptions(backend="unsafe", workers=1))
    with pytest.raises(SandboxUnavailable, match=reason), runner:
        pass
    assert runner.worker_pids == []


TRAINER = """
import sys
from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob, Limits
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner
program = "def f():\\n    while True: pass\\n"
with open_runner(SandboxOptions(backend=sys.argv[1], isolation=sys.argv[2], workers=2)) as runner:
    print(*runner.worker_pids, flush=True)
    list(runner.run([CallJob(program, ((Call("f", ()),),), Limits(60, 60))] * 2))
"""


def processes_below(pid: int) -> dict[int, float]:
    """The process and its descendants, with the processor time of each in seconds."""
    parents: dict[int, int] = {}
    times: dict[int, float] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        child = int(entry.parent.name)
        parents[child] = int(fields[1])
        times[child] = int(fields[11]) / os.sysconf("SC_CLK_TCK")
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return {each: times.get(each, 0.0) for each in found}


def start_trainer(folder: Path, *options: str) -> tuple["subprocess.Popen[str]", list[int]]:
    """A trainer at work, and all processes of its workers, a program below each."""
    trainer = subprocess.Popen(
        [sys.executable, "-c", TRAINER, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(folder)},
        text=True,
        start_new_session=True,
    )
    assert trainer.stdout is not None
    workers = [int(word) for word in trainer.stdout.readline().split()]
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        trees = [processes_below(worker) for worker in workers]
        # Nothing but a program in its loop takes as much of a processor.
        if len(trees) == 2 and all(max(tree.values()) > 0.5 for tree in trees):
            return trainer, [pid for tree in trees for pid in tree]
        time.sleep(0.02)
    trainer.kill()
    trainer.communicate()
    raise AssertionError("the programs did not start")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("backend", "isolation", "number"),
    [
        ("subprocess", "auto", signal.SIGKILL),
        ("subprocess", "auto", signal.SIGTERM),
        ("subprocess", "auto", signal.SIGINT),
        ("subprocess", "kernel", signal.SIGKILL),
        ("unsafe", "auto", signal.SIGKILL),
    ],
)
def test_neither_process_nor_file_outlives_a_trainer_that_was_ended(
    open_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
    isolation: str,
    number: int,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    trainer, pids = start_trainer(open_folder, backend, isolation)
    try:
        assert len(pids) >= 4 and all(map(is_alive, pids))
        # To the whole group, as a terminal does it.
        os.killpg(trainer.pid, number)
        trainer.wait(10)
        assert wait_until_gone(pids) == []
        # Who was killed cannot tidy up: the next runner does, and before it lies only the mark.
        files = [path.name for path in open_folder.rglob("*") if not path.is_dir()]
        assert files in ([], ["trainer"])
        remove_strays()
        assert list(open_folder.iterdir()) == []
    finally:
        trainer.kill()
        trainer.wait()
        if trainer.stdout is not None:
            trainer.stdout.close()


def test_the_folder_of_a_running_trainer_is_not_removed(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(open_folder))
    folder = make_work_folder()
    (open_folder / "lit_coder_other").mkdir()
    remove_strays()
    assert sorted(open_folder.iterdir()) == sorted([folder, open_folder / "lit_coder_other"])


def test_a_runner_is_entered_once_at_a_time(runner: PoolRunner) -> None:
    with pytest.raises(SandboxError, match="running already"), runner:
        pass
