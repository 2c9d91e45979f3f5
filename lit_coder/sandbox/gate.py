"""Lets many threads through together, or one of them alone.

    with gate.shared(): ...      # beside any other that is shared
    with gate.alone(): ...       # when the shared ones inside have left; nobody enters meanwhile

Who wants to be alone goes first: those who come to share wait until he has left.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """A lock that is held by many or by one; a thread must not enter twice."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._num_sharing = 0
        self._num_waiting = 0
        self._is_alone = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Inside together with others."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_alone and not self._num_waiting)
            self._num_sharing += 1
        try:
            yield
        finally:
            with self._changed:
                self._num_sharing -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside with nobody else."""
        with self._changed:
            self._num_waiting += 1
            try:
                self._changed.wait_for(lambda: not self._is_alone and not self._num_sharing)
                self._is_alone = True
            finally:
                self._num_waiting -= 1
        try:
            yield
        finally:
            with self._changed:
                self._is_alone = False
                self._changed.notify_all()
