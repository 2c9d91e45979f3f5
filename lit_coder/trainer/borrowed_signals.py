"""Signals that are handled for a while; whoever handled them before gets them back.

    class StopSignals(BorrowedSignals):
        def __enter__(self) -> StopSignals: self._borrow(signal.SIGINT); return self

What a signal means is decided by those who borrow it.
"""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from types import FrameType, TracebackType
from typing import Any


class BorrowedSignals(ABC):
    """Handles the signals that it borrows until the `with` block ends."""

    def __init__(self) -> None:
        self._former: dict[int, Any] = {}
        """Handlers to put back, by the number of their signal."""

    @abstractmethod
    def _handle(self, number: int, frame: FrameType | None) -> None:
        """A borrowed signal has come."""

    def _borrow(self, number: int) -> None:
        self._former[number] = signal.getsignal(number)
        signal.signal(number, self._handle)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, former in self._former.items():
            signal.signal(number, former)
        self._former.clear()
