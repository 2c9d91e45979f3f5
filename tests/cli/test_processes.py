"""Signals, the lock and a full disk, with real processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import TINY

MAIN = str(Path(__file__).parents[2] / "main.py")
LONG = ("--trainer.max_steps=400000", "--recursion.every_n_steps=200000")
GENERATING = ("--recursion.num_problems=20000", "--recursion.num_samples=8")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the command line in an empty folder; what is left is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-W", "error::ResourceWarning", MAIN, *arguments],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(1200):
        if path.exists():
            time.sleep(1.0)
            return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.1)
    raise AssertionError(f"{path} did not appear")


@pytest.mark.slow
def test_a_signal_ends_a_run_that_can_be_gone_on_with(tmp_path: Path, start: Start) -> None:
    process = start("fit", *TINY, *LONG)
    _wait_for(tmp_path / "runs/run/checkpoints/last.ckpt", process)

    second = start("fit", "--ckpt_path", "runs/run/checkpoints/last.ckpt")
    said = second.communicate(timeout=120)[1]
    assert second.returncode == 2 and f"pid {process.pid}" in said and "Traceback" not in said

    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1].strip().splitlines()[-1]
    assert process.returncode == 128 + signal.SIGTERM
    assert "stopped and saved at step" in said and "--ckpt_path" in said
    saved = (tmp_path / "runs/run/checkpoints/last.ckpt").resolve().name
    assert saved != "step-00000000.ckpt"


@pytest.mark.slow
def test_a_signal_while_generating_drops_the_round_at_once(tmp_path: Path, start: Start) -> None:
    process = start("fit", *TINY, *GENERATING, "--checkpoint.every_n_train_steps=1")
    _wait_for(tmp_path / "runs/run/checkpoints/step-00000001.ckpt", process)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1].strip().splitlines()[-1]
    assert process.returncode == 128 + signal.SIGINT and time.monotonic() - began < 30
    assert "the round is run again" in said


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="needs to mount")
@pytest.mark.slow
def test_a_full_disk_ends_in_one_sentence_and_keeps_what_was_saved(
    tmp_path: Path, start: Start
) -> None:
    disk = tmp_path / "runs"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=900k", "tmpfs", str(disk)]
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not allow to mount")
    try:
        process = start("fit", *TINY, *LONG, "--checkpoint.every_n_train_steps=1",
                        "--checkpoint.keep_last_n=1000")  # fmt: skip
        said = process.communicate(timeout=200)[1]
        assert process.returncode == 1, said
        last = said.strip().splitlines()[-1]
        assert "No space left on device" in last and "Traceback" not in said
        import zipfile

        newest = (disk / "run/checkpoints/last.ckpt").resolve()
        with zipfile.ZipFile(newest) as archive:
            assert archive.testzip() is None
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
