"""What a pool of workers is made of, whichever wall is around them.

    worker.start(); facts = worker.wait_until_ready()
    launch = worker.launch(request)        # raw: messages, exit state, output
    worker.stop()

A worker does one launch at a time; its methods block, so each worker belongs to one thread. It
does not interpret what programs say: `executions.py` does.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from lit_coder.sandbox.inside.codec import CodecError, decode
from lit_coder.sandbox.inside.launching import LaunchRequest, RawChild, RawLaunch


class WallFacts(NamedTuple):
    """What a started worker says of its walls.

    Attributes:
        user_id: as whom programs run, as the system inside the walls counts users.
        landlock_version: 0 where Landlock takes no part.
        has_scratch: whether a job can have a writable folder of its own.
    """

    user_id: int
    landlock_version: int
    has_scratch: bool


class ChildRecord(NamedTuple):
    """What one child said and how it ended. `broken` says what was wrong with its replies."""

    wait_status: int
    cpu_seconds: float
    peak_memory_bytes: int
    messages: tuple[object, ...]
    broken: str


class Launch(NamedTuple):
    """One launch: its children, candidate first, and the candidate's output."""

    wall_seconds: float
    reached_wall_limit: bool
    stdout: bytes
    stderr: bytes
    output_bytes: int
    children: tuple[ChildRecord, ...]


class Worker(Protocol):
    """Runs one launch at a time; can be started again after it was stopped."""

    @property
    def pid(self) -> int | None:
        """A process whose end is the worker's end, while it runs."""
        ...

    @property
    def language_names(self) -> tuple[str, ...]:
        """Languages that it knew when it started."""
        ...

    def start(self) -> None:
        """Start it; `wait_until_ready` must follow.

        Raises:
            SandboxUnavailable: it cannot be started here; the message says why.
        """
        ...

    def wait_until_ready(self) -> WallFacts:
        """Wait for the worker's first word.

        Raises:
            SandboxUnavailable: it ended, did not answer or lacks what it needs.
        """
        ...

    def launch(self, request: LaunchRequest) -> Launch:
        """Run one child for each encoded job (a second one is the judge) and wait for the end.

        Raises:
            WorkerDiedError: the worker ended or did not answer in time.
        """
        ...

    def stop(self, patience_seconds: float = ...) -> None:
        """End the worker and everything below it; stopping twice is allowed."""
        ...


def read_launch(raw: RawLaunch) -> Launch:
    """The launch with the children's replies decoded, as far as they can be."""
    return Launch(
        raw.wall_seconds,
        raw.reached_wall_limit,
        raw.stdout,
        raw.stderr,
        raw.output_bytes,
        tuple(_read_child(child) for child in raw.children),
    )


def _read_child(child: RawChild) -> ChildRecord:
    broken = child.broken
    messages: list[object] = []
    for payload in child.payloads:
        try:
            messages.append(decode(payload))
        except CodecError as error:
            broken = broken or str(error)
            break
    return ChildRecord(*child.end, tuple(messages), broken)
