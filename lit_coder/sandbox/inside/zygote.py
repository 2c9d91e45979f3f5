"""The fork server: a small, single-threaded process that forks one child for every program.

    python -I -S -B -X utf8 -c "...; zygote.main()" <control descriptor> <scratch folder>

For each request on the control socket it forks one child (a candidate) or two (candidate and
judge), waits, kills what is over its time, collects every process left behind, and reports exit
states and resources used. It never reads a job: children do, after they have been bounded, so no
later child can find an earlier job in its memory. It ends, and ends its children, when the
control socket closes or its parent is gone.
"""

from __future__ import annotations

import ast
import contextlib
import fcntl
import gc
import os
import select
import shutil
import signal
import socket
import struct
import sys
import time
from typing import Any, NamedTuple

from .candidate import run_job
from .codec import decode, encode
from .features import describe
from .frames import MAX_JOB_BYTES, pack_frame, read_frame
from .judge import run_judge
from .processes import (
    ProcessLimits,
    adopt_orphans,
    die_with_parent,
    kill_descendants,
    kill_group,
    limit_resources,
    peak_memory_bytes,
)

REQUEST = struct.Struct("!Bddqqi")
"""Number of children, wall seconds, CPU seconds, memory, file size, processes. With it come the
descriptors: standard output, standard error, and a job socket for each child."""
CHILD_REPORT = struct.Struct("!idq")
"""Wait status, CPU seconds, peak memory of one child."""
REPORT_HEAD = struct.Struct("!d?")
"""Wall seconds, whether the wall limit was reached; then a CHILD_REPORT for each child."""
READY = b"ready"
SETUP_FAILED_EXIT_CODE = 99

_ORPHAN_CHECK_SECONDS = 1.0
_CANDIDATE_GRACE_SECONDS = 0.5
_STRAY_SECONDS = 2.0
# The zygote itself never holds more than a few descriptors.
_SAFE_DESCRIPTOR = 64
_MAX_DESCRIPTOR = 128
_WARM_UP = "def f(x, y):\n    return [x * z for z in y if z > 0]\n" * 3


class _Request(NamedTuple):
    wall_seconds: float
    limits: ProcessLimits
    output: int
    error: int
    jobs: list[int]


class _Child(NamedTuple):
    status: int
    cpu_seconds: float
    peak_bytes: int


class Zygote:
    """Serves one control socket, one request at a time."""

    def __init__(self, control: socket.socket, scratch: str) -> None:
        self._control = control
        self._scratch = scratch
        self._pid = os.getpid()
        self._parent_pid = os.getppid()
        self._null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        self._num_folders = 0
        self._wakeup, wakeup_writer = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(wakeup_writer, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakeup_writer, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Answer requests until the control socket closes or the parent is gone."""
        self._control.sendall(READY)
        while (request := self._receive()) is not None:
            folders = [self._new_folder() for _ in request.jobs]
            report = self._supervise(request, folders)
            if report is None:
                break
            self._control.sendall(report)
            for folder in folders:
                _remove(folder)

    def _new_folder(self) -> str:
        self._num_folders += 1
        folder = os.path.join(self._scratch, str(self._num_folders))
        os.mkdir(folder, 0o700)
        return folder

    def _wait(self, seconds: float) -> bool:
        """Wait for a child, the control socket or the time; False when nobody wants us any more."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        events = dict(poll.poll(max(0.0, min(seconds, _ORPHAN_CHECK_SECONDS)) * 1000 + 1))
        if self._wakeup in events:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wakeup, 4096)
        if os.getppid() != self._parent_pid:
            return False
        if self._control.fileno() not in events:
            return True
        # Something to read is a request; an empty read is the end.
        try:
            return bool(self._control.recv(1, socket.MSG_PEEK))
        except ConnectionResetError:
            return False

    def _receive(self) -> _Request | None:
        while True:
            if not self._wait(_ORPHAN_CHECK_SECONDS):
                return None
            readable, _, _ = select.select([self._control], [], [], 0)
            if readable:
                break
        data, descriptors, _, _ = socket.recv_fds(self._control, REQUEST.size, 8)
        if len(data) != REQUEST.size:
            return None
        count, wall_seconds, cpu_seconds, memory_bytes, file_bytes, processes = REQUEST.unpack(data)
        output, error, *jobs = descriptors
        if len(jobs) != count:
            return None
        limits = ProcessLimits(cpu_seconds, memory_bytes, file_bytes, processes)
        return _Request(wall_seconds, limits, output, error, jobs)

    def _supervise(self, request: _Request, folders: list[str]) -> bytes | None:
        started = time.monotonic()
        pids = self._fork(request, folders)
        deadline = started + request.wall_seconds
        finished: dict[int, _Child] = {}
        is_late = is_wanted = True
        while is_wanted:
            self._collect(pids, finished)
            # The judge is the last child: with its verdict out, the candidate has nothing to do.
            if len(pids) == 2 and pids[1] in finished and pids[0] not in finished:
                deadline = min(deadline, time.monotonic() + _CANDIDATE_GRACE_SECONDS)
            now = time.monotonic()
            is_late = now - started >= request.wall_seconds and len(finished) < len(pids)
            if len(finished) == len(pids) or now >= deadline:
                break
            is_wanted = self._wait(deadline - now)
        for pid in pids:
            if pid not in finished:
                kill_group(pid)
                finished[pid] = _reap(pid)
        wall_seconds = time.monotonic() - started
        self._kill_strays()
        if not is_wanted:
            return None
        return REPORT_HEAD.pack(wall_seconds, is_late) + b"".join(
            CHILD_REPORT.pack(*finished[pid]) for pid in pids
        )

    def _collect(self, pids: list[int], finished: dict[int, _Child]) -> None:
        for pid in pids:
            child = _take_exited(pid) if pid not in finished else None
            if child is not None:
                finished[pid] = child

    def _kill_strays(self) -> None:
        """End what left its group: it was adopted by this process when its parent ended."""
        give_up = time.monotonic() + _STRAY_SECONDS
        while time.monotonic() < give_up:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    kill_descendants(self._pid)
                    time.sleep(0.001)
            except ChildProcessError:
                return

    def _fork(self, request: _Request, folders: list[str]) -> list[int]:
        channels: tuple[socket.socket, ...] = ()
        if len(request.jobs) == 2:
            channels = socket.socketpair()
        pids = []
        for index, job in enumerate(request.jobs):
            pid = os.fork()
            if pid == 0:
                # Never back into the zygote's loop, whatever happens.
                try:
                    output, error = request.output, request.error
                    if index > 0:
                        output = error = self._null
                    channel = channels[index].fileno() if channels else -1
                    connections = self._become_child(
                        request.limits, folders[index], (self._null, output, error, job, channel)
                    )
                    _run_child(*connections)
                    os._exit(0)
                finally:
                    os._exit(SETUP_FAILED_EXIT_CODE)
            pids.append(pid)
        for channel_end in channels:
            channel_end.close()
        for descriptor in (request.output, request.error, *request.jobs):
            os.close(descriptor)
        return pids

    def _become_child(
        self, limits: ProcessLimits, folder: str, descriptors: tuple[int, ...]
    ) -> list[socket.socket]:
        """Leave the zygote's group, signals, descriptors and folder; then bound this process."""
        os.setsid()
        die_with_parent(self._pid)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # First out of the way of the low numbers, then onto them.
        wanted = [descriptor for descriptor in descriptors if descriptor >= 0]
        safe = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, _SAFE_DESCRIPTOR) for descriptor in wanted]
        for number, descriptor in enumerate(safe):
            os.dup2(descriptor, number)
        os.closerange(len(safe), _MAX_DESCRIPTOR)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(HOME=folder, TMPDIR=folder)
        limit_resources(limits)
        return [socket.socket(fileno=number) for number in range(3, len(safe))]


def _run_child(connection: socket.socket, channel: socket.socket | None = None) -> None:
    """Read the job, now that this process is bounded, and do it."""
    tag, payload = read_frame(connection, MAX_JOB_BYTES)
    job: Any = decode(payload)
    del payload

    def send(message: tuple[object, ...]) -> None:
        connection.sendall(pack_frame(tag, encode(message)))

    if job[0] == "judge":
        assert channel is not None
        run_judge(send, channel, *job[1:])
    else:
        run_job(job, send, channel)


def _take_exited(pid: int) -> _Child | None:
    """The child's end, with the rest of its group killed; None while it runs."""
    if hasattr(os, "waitid"):
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        # Before it is reaped its number cannot be given to another process.
        kill_group(pid)
        return _reap(pid)
    reaped, status, usage = os.wait4(pid, os.WNOHANG)
    if reaped == 0:
        return None
    kill_group(pid)
    return _Child(status, usage.ru_utime + usage.ru_stime, peak_memory_bytes(usage))


def _reap(pid: int) -> _Child:
    _, status, usage = os.wait4(pid, 0)
    return _Child(status, usage.ru_utime + usage.ru_stime, peak_memory_bytes(usage))


def _remove(folder: str) -> None:
    try:
        os.rmdir(folder)
    except OSError:
        # The program left files, perhaps under names and modes made to be in the way.
        with contextlib.suppress(RecursionError):
            shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Serve until nobody wants this process any more; then remove the scratch folder."""
    control = socket.socket(fileno=int(sys.argv[1]))
    scratch = sys.argv[2]
    sys.argv = ["program"]
    # An interrupt at the terminal is the trainer's to handle.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    adopt_orphans()
    zygote = Zygote(control, scratch)
    # What is done once here for the first time, no child has to do for the first time.
    describe(ast.parse(_WARM_UP), _WARM_UP)
    compile(_WARM_UP, "<warm-up>", "exec")
    decode(encode(("warm-up", (1, 2.0, [None, "text"]))))
    # Keeps the collector from touching, and so copying, the pages shared with every child.
    gc.collect()
    gc.freeze()
    try:
        zygote.serve()
    finally:
        # Where the trainer was killed nobody else does it; folders in use are not empty.
        shutil.rmtree(scratch, ignore_errors=True)
        worker_folder = os.path.dirname(scratch)
        with contextlib.suppress(OSError):
            os.rmdir(worker_folder)
            os.rmdir(os.path.dirname(worker_folder))
