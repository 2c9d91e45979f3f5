"""Starts and watches the process of a small round (`small_round.py`), for `main.py check`.

    sandbox_bytes = run_small_round(["--config", "x.yaml"], folder)

A process of its own keeps memory figures apart, and can be ended at any time: its
temporary files, too, stand in `folder`, which the caller removes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

_POLL_SECONDS = 0.1
_PATIENCE_SECONDS = 3.0


class SmallRoundFailedError(Exception):
    """The small round ended with `status`; the message says why."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def run_small_round(options: list[str], folder: Path) -> int:
    """Run it to its end; return the peak bytes of the processes below it, the sandbox's.

    Raises:
        SmallRoundFailedError: it did not end well.
    """
    scratch = folder / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "lit_coder.commands.small_round", str(folder), *options]
    errors = folder / "errors.txt"
    peak_bytes = 0
    with (folder / "output.txt").open("w") as output, errors.open("w") as error_stream:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=error_stream,
            # Ctrl+C is ours: we end it. Its own temporary files go with the folder.
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(scratch), "COLUMNS": "1000"},
        )
        try:
            while process.poll() is None:
                peak_bytes = max(peak_bytes, _bytes_below(process.pid))
                time.sleep(_POLL_SECONDS)
        finally:
            _end(process)
    if process.returncode:
        text = errors.read_text(encoding="utf-8", errors="replace")
        raise _failure(process.returncode, text, folder)
    return peak_bytes


def _failure(status: int, errors: str, folder: Path) -> SmallRoundFailedError:
    """What to tell the user of a small round that failed."""
    if "No space left on device" in errors or "Disk quota exceeded" in errors:
        where = f"the temporary folder {folder.parent} is full"
        return SmallRoundFailedError(f"lit-coder: {where}; set TMPDIR to a larger one", 1)
    if "OutOfMemoryError" in errors or status == -signal.SIGKILL:
        return SmallRoundFailedError(
            "lit-coder: the memory will not do: the small round ran out of it; lower "
            "data.batch_size, recursion.generation_batch_size or the model's size",
            1,
        )
    sentences = [line for line in errors.splitlines() if line.startswith("lit-coder:")]
    if sentences and status > 0:
        return SmallRoundFailedError("\n".join(sentences), status)
    return SmallRoundFailedError(f"{errors}\nlit-coder: the small round failed ({status})", 1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the small round and its sandbox; the second signal says that nothing need be saved."""
    for _ in range(2):
        if process.poll() is not None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_SECONDS)
    if process.poll() is None:
        process.kill()  # the sandbox's processes notice and leave
        process.wait()


def _bytes_below(pid: int) -> int:
    """Resident bytes of all descendants of a process; 0 where /proc is not."""
    children: dict[int, list[int]] = defaultdict(list)
    resident: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            number = int(stat.parent.name)
            children[int(fields[1])].append(number)
            resident[number] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    total, waiting = 0, list(children[pid])
    own = _command_line(pid)
    while waiting:
        number = waiting.pop()
        # A process that is just being started shows its parent's memory and command still.
        if _command_line(number) != own:
            total += resident[number]
        waiting += children[number]
    return total


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
