"""A wall: what stands between programs and this machine, and how its workers are made.

    for worker in wall.make_workers(count, scratch): worker.start()

The order of strength is the pool's to know; that a wall holds is for `canaries.py` to prove.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from lit_coder.sandbox.worker import Worker


class Languages(Protocol):
    """The languages behind one wall."""

    @property
    def names(self) -> tuple[str, ...]:
        """Python first, then the others in the order in which requests count them."""
        ...

    def admit(self, name: str) -> None:
        """Have programs in this language as well.

        Raises:
            SandboxError: that is not possible here; with the remedy.
        """
        ...


class Wall(Protocol):
    """One way to keep programs in."""

    @property
    def name(self) -> str:
        """What options, logs and `sandbox check` call it."""
        ...

    @property
    def summary(self) -> str:
        """One line: what it is made of."""
        ...

    @property
    def is_proven(self) -> bool:
        """Whether attacks must fail behind it; False for the absence of a wall."""
        ...

    @property
    def languages(self) -> Languages:
        """Languages that workers started from now on can run."""
        ...

    def make_workers(self, count: int, scratch: Path) -> Sequence[Worker]:
        """Workers that are not started yet.

        Raises:
            SandboxUnavailable: there can be none here; the message names the remedy.
        """
        ...
