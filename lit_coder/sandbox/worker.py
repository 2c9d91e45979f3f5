"""One worker of the subprocess backend: a zygote process and the trainer's end of its sockets.

    worker = Worker(scratch)
    worker.start(); worker.wait_until_ready()
    launch = worker.launch([encoded_job], limits)    # raw: messages, exit state, output
    worker.stop()

The zygote is a fresh interpreter (`subprocess`, never a fork of the trainer, which holds torch's
threads) with an empty environment and none of the trainer's descriptors. A worker does one job
at a time; its methods block, so each worker belongs to one thread. It does not interpret what
programs say: `executions.py` does.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lit_coder.sandbox.contract import Limits, SandboxUnavailable
from lit_coder.sandbox.inside import zygote
from lit_coder.sandbox.inside.codec import CodecError, decode
from lit_coder.sandbox.inside.frames import TAG_BYTES, FrameBuffer, FrameError, pack_frame
from lit_coder.sandbox.inside.processes import kill_descendants, kill_group

_START_SECONDS = 30.0
_ANSWER_GRACE_SECONDS = 2.0
_STOP_SECONDS = 2.0
_MAX_REPLY_BYTES = 16 * 2**20
_READ_BYTES = 2**16
# The folder is on the path only while our own files are imported: programs must not find it.
_BOOTSTRAP = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from inside import zygote; "
    "del sys.path[0]; zygote.main()"
)


class WorkerDiedError(RuntimeError):
    """The zygote ended, did not answer or could not set up a child: ours to repair."""


class ChildRecord(NamedTuple):
    """What one child said and how it ended. `broken` says what was wrong with its replies."""

    wait_status: int
    cpu_seconds: float
    peak_memory_bytes: int
    messages: tuple[object, ...]
    broken: str


class Launch(NamedTuple):
    """One request to a zygote: its children, candidate first, and the candidate's output."""

    wall_seconds: float
    reached_wall_limit: bool
    stdout: bytes
    stderr: bytes
    children: tuple[ChildRecord, ...]


class Worker:
    """A zygote process that can be started again after it was stopped."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._num_starts = 0

    @property
    def pid(self) -> int | None:
        """The zygote's process id while it runs."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the zygote; `wait_until_ready` must follow.

        Raises:
            SandboxUnavailable: this interpreter cannot be started a second time.
        """
        self._num_starts += 1
        folder = self._scratch / str(self._num_starts)
        folder.mkdir(parents=True)
        control, zygote_end = socket.socketpair()
        arguments = [str(Path(__file__).parent), str(zygote_end.fileno()), str(folder)]
        # An interpreter may need it to find its own shared library; programs do not see it.
        kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-X", "utf8", "-c", _BOOTSTRAP, *arguments],
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
                f"The sandbox cannot start {sys.executable!r}: {error}."
            ) from error
        finally:
            zygote_end.close()
        self._control = control

    def wait_until_ready(self) -> None:
        """Wait for the zygote's first word.

        Raises:
            SandboxUnavailable: it ended or did not answer.
        """
        assert self._control is not None and self._process is not None
        self._control.settimeout(_START_SECONDS)
        try:
            word = self._control.recv(len(zygote.READY))
        except (OSError, TimeoutError):
            word = b""
        if word != zygote.READY:
            self._process.kill()
            _, errors = self._process.communicate()
            self.stop()
            last_line = errors.decode("utf-8", "backslashreplace").strip().rpartition("\n")[2]
            raise SandboxUnavailable(
                f"The sandbox's worker process did not start: {last_line or 'no answer'}."
            )

    def launch(self, jobs: Sequence[bytes], limits: Limits) -> Launch:
        """Run one child for each encoded job (a second one is the judge) and wait for the end.

        Raises:
            WorkerDiedError: the zygote ended or did not answer in time.
        """
        if self._control is None:
            raise WorkerDiedError("the worker is stopped")
        with contextlib.ExitStack() as opened:
            pairs = [socket.socketpair() for _ in jobs]
            output, output_writer = os.pipe()
            error, error_writer = os.pipe()
            for link, _ in pairs:
                opened.callback(link.close)
            opened.callback(os.close, output)
            opened.callback(os.close, error)
            child_ends = [output_writer, error_writer, *(end.detach() for _, end in pairs)]
            exchange = _Exchange(
                self._control,
                [link for link, _ in pairs],
                {output: bytearray(), error: bytearray()},
                limits.output_bytes,
            )
            try:
                self._request(child_ends, len(jobs), limits)
            finally:
                for descriptor in child_ends:
                    os.close(descriptor)
            exchange.send_jobs(jobs, limits.wall_seconds + _ANSWER_GRACE_SECONDS)
            return exchange.finish(limits.wall_seconds + _ANSWER_GRACE_SECONDS)

    def _request(self, descriptors: Sequence[int], num_children: int, limits: Limits) -> None:
        assert self._control is not None
        request = zygote.REQUEST.pack(
            num_children,
            limits.wall_seconds,
            limits.cpu_seconds,
            limits.memory_bytes,
            limits.file_bytes,
            limits.processes,
        )
        try:
            socket.send_fds(self._control, [request], descriptors)
        except OSError as error:
            raise WorkerDiedError(f"the worker process is gone: {error}") from error

    def stop(self, patience_seconds: float = _STOP_SECONDS) -> None:
        """End the zygote and everything below it; stopping twice is allowed."""
        if self._control is not None:
            # The zygote sees the end of its socket, ends its children and leaves. Not closed
            # before it has: another thread may be waiting on the descriptor.
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_RDWR)
        if self._process is not None:
            try:
                self._process.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                kill_descendants(self._process.pid)
                kill_group(self._process.pid)
                self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
            self._process = None
        if self._control is not None:
            self._control.close()
            self._control = None


class _Exchange:
    """The trainer's end of one launch: sends the jobs, then reads everything until the report."""

    def __init__(
        self,
        control: socket.socket,
        links: Sequence[socket.socket],
        captured: dict[int, bytearray],
        max_captured_bytes: int,
    ) -> None:
        self._control = control
        self._links = {link.fileno(): link for link in links}
        self._captured = captured
        self._max_captured_bytes = max_captured_bytes
        # Random for every child of every job: nothing else on the socket is taken for a reply.
        self._tags = {number: os.urandom(TAG_BYTES) for number in self._links}
        self._buffers = {
            number: FrameBuffer(tag, _MAX_REPLY_BYTES) for number, tag in self._tags.items()
        }
        self._payloads: dict[int, list[bytes]] = {number: [] for number in self._links}
        self._broken = dict.fromkeys(self._links, "")

    def send_jobs(self, jobs: Sequence[bytes], timeout_seconds: float) -> None:
        for (number, link), job in zip(self._links.items(), jobs, strict=True):
            link.settimeout(timeout_seconds)
            try:
                link.sendall(pack_frame(self._tags[number], job))
            except TimeoutError:
                raise WorkerDiedError("the worker process does not answer") from None
            except OSError:
                # The child ended before it read its job; its exit state says why.
                pass

    def finish(self, timeout_seconds: float) -> Launch:
        deadline = time.monotonic() + timeout_seconds
        poll = select.poll()
        for number in (*self._links, *self._captured):
            os.set_blocking(number, False)
            poll.register(number, select.POLLIN)
        control_number = self._control.fileno()
        poll.register(control_number, select.POLLIN)
        report = b""
        while not report:
            remaining_seconds = deadline - time.monotonic()
            if remaining_seconds <= 0:
                raise WorkerDiedError("the worker process does not answer")
            for number, _ in poll.poll(remaining_seconds * 1000 + 1):
                if number == control_number:
                    report = self._read_report()
                elif not self._read_some(number):
                    poll.unregister(number)
        for number in (*self._links, *self._captured):
            while self._read_some(number):
                pass
        return self._launch_from(report)

    def _read_report(self) -> bytes:
        size = zygote.REPORT_HEAD.size + len(self._links) * zygote.CHILD_REPORT.size
        report = b""
        try:
            while len(report) < size:
                piece = self._control.recv(size - len(report))
                if not piece:
                    break
                report += piece
        except OSError:
            report = b""
        if len(report) < size:
            raise WorkerDiedError("the worker process ended")
        return report

    def _read_some(self, number: int) -> bool:
        """Take what is there; False at the end of the stream or when nothing is there now."""
        if self._broken.get(number):
            return False
        try:
            data = os.read(number, _READ_BYTES)
        except OSError:
            return False
        if number in self._captured:
            # Beyond the cap it is read all the same, or a program that prints would be stopped.
            kept = self._captured[number]
            kept += data[: self._max_captured_bytes - len(kept)]
        elif data:
            try:
                self._payloads[number] += self._buffers[number].feed(data)
            except FrameError as error:
                self._broken[number] = str(error)
                with contextlib.suppress(OSError):
                    self._links[number].shutdown(socket.SHUT_RDWR)
                return False
        return bool(data)

    def _launch_from(self, report: bytes) -> Launch:
        wall_seconds, reached_wall_limit = zygote.REPORT_HEAD.unpack_from(report)
        states = zygote.CHILD_REPORT.iter_unpack(report[zygote.REPORT_HEAD.size :])
        records = []
        for number, (wait_status, cpu_seconds, peak_memory_bytes) in zip(
            self._links, states, strict=True
        ):
            broken = self._broken[number]
            messages: list[object] = []
            for payload in self._payloads[number]:
                try:
                    messages.append(decode(payload))
                except CodecError as error:
                    broken = broken or str(error)
                    break
            records.append(
                ChildRecord(wait_status, cpu_seconds, peak_memory_bytes, tuple(messages), broken)
            )
        stdout, stderr = self._captured.values()
        return Launch(
            wall_seconds, reached_wall_limit, bytes(stdout), bytes(stderr), tuple(records)
        )
