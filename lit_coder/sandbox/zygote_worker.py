"""One worker as a process of this system: a zygote and the trainer's end of its socket.

    worker = ZygoteWorker(wall, scratch)
    worker.start(); worker.wait_until_ready()
    launch = worker.launch(LaunchRequest((encoded_job,), limits))
    worker.stop()

The zygote is a fresh interpreter (`subprocess`, never a fork of the trainer, which holds torch's
threads) with an empty environment and none of the trainer's descriptors. How it is started, and so
what is around it, is the wall's to say.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import threading
from pathlib import Path
from typing import Protocol

from lit_coder.sandbox.contract import SandboxUnavailable
from lit_coder.sandbox.inside.codec import decode
from lit_coder.sandbox.inside.folders import remove
from lit_coder.sandbox.inside.frames import read_frame
from lit_coder.sandbox.inside.launching import LaunchRequest, WorkerDiedError, launch
from lit_coder.sandbox.inside.processes import kill_descendants, kill_group
from lit_coder.sandbox.wall import Languages
from lit_coder.sandbox.worker import Launch, WallFacts, read_launch

_START_SECONDS = 30.0
_STOP_SECONDS = 2.0


class ZygoteCommand(Protocol):
    """How the zygote is started."""

    @property
    def languages(self) -> Languages:
        """The languages that the command makes the zygote know."""
        ...

    def command(self, control: int, folder: Path) -> list[str]:
        """The command line, given the number of the control socket and a folder of its own.

        Raises:
            SandboxUnavailable: it cannot be started here.
        """
        ...


class ZygoteWorker:
    """A zygote process that can be started again after it was stopped."""

    def __init__(self, wall: ZygoteCommand, scratch: Path) -> None:
        self._wall = wall
        self._scratch = scratch
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._num_starts = 0
        self._folder: Path | None = None
        self._stop_lock = threading.RLock()
        self._language_names: tuple[str, ...] = ()

    @property
    def language_names(self) -> tuple[str, ...]:
        """Languages that it knew when it started."""
        return self._language_names

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        process = self._process
        return process.pid if process is not None else None

    def start(self) -> None:
        """Start the zygote; `wait_until_ready` must follow.

        Raises:
            SandboxUnavailable: the command of the wall does not start.
        """
        self._num_starts += 1
        self._folder = folder = self._scratch / str(self._num_starts)
        folder.mkdir(parents=True)
        control, zygote_end = socket.socketpair()
        self._language_names = self._wall.languages.names
        command = self._wall.command(zygote_end.fileno(), folder)
        # An interpreter may need it to find its own shared library; programs do not see it.
        kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
        # The loader resolves all names now, once, and not one by one in every child.
        kept["LD_BIND_NOW"] = "1"
        try:
            self._process = subprocess.Popen(
                command,
                env=kept,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[zygote_end.fileno()],
                start_new_session=True,
            )
        except OSError as error:
            control.close()
            raise SandboxUnavailable(
                f"The sandbox cannot start {command[0]!r}: {error}."
            ) from error
        finally:
            zygote_end.close()
        self._control = control

    def wait_until_ready(self) -> WallFacts:
        """Wait for the zygote's first word.

        Raises:
            SandboxUnavailable: it ended, did not answer or lacks what it needs.
        """
        control = self._control
        message: object = None
        with contextlib.suppress(EOFError, OSError, ValueError):
            if control is not None and _is_readable(control, _START_SECONDS):
                os.set_blocking(control.fileno(), True)
                message = decode(read_frame(control.fileno())[1])
        match message:
            case ("ready", int(user_id), int(landlock_version), bool(has_scratch)):
                return WallFacts(user_id, landlock_version, has_scratch)
            case ("unavailable", str(reason)):
                self.stop()
                raise SandboxUnavailable(f"The sandbox's walls cannot be built here: {reason}.")
        errors = b""
        with self._stop_lock:
            # Another thread may have stopped it meanwhile.
            if self._process is not None:
                self._process.kill()
                _, errors = self._process.communicate()
            self.stop()
        last_line = errors.decode("utf-8", "backslashreplace").strip().rpartition("\n")[2]
        raise SandboxUnavailable(
            f"The sandbox's worker process did not start: {last_line or 'no answer'}."
        )

    def launch(self, request: LaunchRequest) -> Launch:
        """Run one child for each encoded job (a second one is the judge) and wait for the end.

        Raises:
            WorkerDiedError: the zygote ended or did not answer in time.
        """
        if self._control is None:
            raise WorkerDiedError("the worker is stopped")
        return read_launch(launch(self._control, request, self._language_names))

    def stop(self, patience_seconds: float = _STOP_SECONDS) -> None:
        """End the zygote and everything below it; stopping twice, from two threads, is allowed."""
        with self._stop_lock:
            if self._control is not None:
                # The zygote sees the end of its socket, ends its children and leaves. Not closed
                # before it has: another thread may be waiting on the descriptor.
                with contextlib.suppress(OSError):
                    self._control.shutdown(socket.SHUT_RDWR)
            if self._process is not None:
                _end(self._process, patience_seconds)
                self._process = None
            if self._control is not None:
                self._control.close()
                self._control = None
            if self._folder is not None:
                # A zygote that was killed has left what its last programs wrote.
                remove(str(self._folder))
                self._folder = None


def _end(process: subprocess.Popen[bytes], patience_seconds: float) -> None:
    try:
        process.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        kill_descendants(process.pid)
        kill_group(process.pid)
        process.wait()
    if process.stderr is not None:
        process.stderr.close()


def _is_readable(connection: socket.socket, timeout_seconds: float) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(timeout_seconds * 1000))
