"""Ctrl+C and SIGTERM: finish the step, save, stop; or stop at once where nothing would be lost.

    signals = StopSignals(busy=lambda: callback.phase)
    with signals: ...                   # handlers installed, the former ones put back afterwards
    if signals.requested: ...

The first signal asks for a stop after the current optimizer step. While the model generates or
programs are verified it stops at once: that round's samples are dropped and the resumed run does
the round again, whole. The second signal aborts without saving.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType, TracebackType


class RunInterrupted(BaseException):
    """The user stopped the run; not an error. `signal_number` says how."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal_number = signal_number


class StopSignals:
    """Turns SIGINT and SIGTERM into a request, an immediate stop, or an abort."""

    def __init__(self, busy: Callable[[], str], announce: Callable[[str], None]) -> None:
        self.requested = 0
        """The signal that asked for a stop, 0 = none."""
        self._busy = busy
        self._announce = announce
        self._former: dict[int, signal.Handlers | Callable[..., object] | int | None] = {}

    def __enter__(self) -> StopSignals:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._former[number] = signal.getsignal(number)
            signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, former in self._former.items():
            signal.signal(number, former)
        self._former.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise RunInterrupted("aborted without saving", number)
        self.requested = number
        phase = self._busy()
        if phase:
            raise RunInterrupted(
                f"stopped while {phase}: this round's samples are dropped and the round is run "
                "again",
                number,
            )
        self._announce("stopping after this optimizer step; once more to abort without saving")
