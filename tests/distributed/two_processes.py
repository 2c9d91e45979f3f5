"""The real command line: here, launched as a user does, or side by side as torchrun does.

ended = run_here(["fit", *TINY], folder)                     # one process: torch is loaded
ended = run(["fit", *TINY, *TWO], folder)
ended = run_side_by_side(["fit", *TINY, *TWO], folder)
"""

from __future__ import annotations

import io
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from lit_coder.__main__ import main
from lit_coder.recursion.round_record import RoundRecord, read_records
from tests.runs.harness import REPOSITORY
from tests.runs.harness import TINY as SINGLE

MAIN = str(REPOSITORY / "main.py")
TINY = (
    *SINGLE,
    "--trainer.max_steps=12",
    # Neither this number nor that of held-out problems can be halved: the shares differ in length.
    "--recursion.num_problems=9",
    "--data.corpus_share=0.25",
    "--data.corpus_validation_share=0.2",
    "--checkpoint.every_n_train_steps=3",
)
"""A run of two rounds, its global batch eight rows; a corpus is to be named."""
TWO = ("--trainer.devices=2", "--trainer.strategy=ddp", "--data.batch_size=4")
"""The same run on two processes."""
DEADLINE_SECONDS = 240


@dataclass(frozen=True)
class Ended:
    """How a command line ended."""

    status: int
    out: str
    err: str

    @property
    def sentences(self) -> list[str]:
        """Every sentence that was said to the user at the end."""
        return [line for line in self.err.splitlines() if line.startswith("lit-coder: ")]


def start(
    command: Sequence[str], folder: Path, environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start Python on a command in a process group of its own, as a shell does."""
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end(process: subprocess.Popen[str]) -> Ended:
    """Wait for its end, and leave nothing of its group behind."""
    try:
        out, err = process.communicate(timeout=DEADLINE_SECONDS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return Ended(process.returncode, out, err)


def run(arguments: Sequence[str], folder: Path) -> Ended:
    """Run the command line to its end."""
    return end(start([MAIN, *arguments], folder))


def run_here(arguments: Sequence[str], folder: Path) -> Ended:
    """Run the command line of one process in this one."""
    logger = logging.getLogger("lit_coder")
    handlers, level, propagate = list(logger.handlers), logger.level, logger.propagate
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["main.py"])
        status = main(list(arguments))
    logger.handlers[:], logger.propagate = handlers, propagate
    logger.setLevel(level)
    return Ended(status, out.getvalue(), err.getvalue())


def start_side_by_side(
    command: Sequence[str], folder: Path
) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    """Start the same command twice at the same time, as ranks 0 and 1 of one run.

    Args:
        command: what Python runs: `MAIN` and its arguments, or -m and a module.
        folder: working directory.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    first, second = (
        start(command, folder, {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank in (0, 1)
    )
    return first, second


def run_side_by_side(command: Sequence[str], folder: Path) -> tuple[Ended, Ended]:
    """Run the same command twice at the same time, to the end of both."""
    first, second = start_side_by_side(command, folder)
    return end(first), end(second)


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something that a running command does."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)


def rounds_of(run_folder: Path) -> list[RoundRecord]:
    """The records of a run."""
    return read_records(run_folder / "rounds")
