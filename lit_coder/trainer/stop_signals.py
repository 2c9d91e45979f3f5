"""Ctrl+C and SIGTERM: finish the step, save, stop; or stop at once where nothing would be lost.

    signals = StopSignals(busy=lambda: callback.phase, announce=logger.warning)
    with signals: ...                   # handlers installed, the former ones put back afterwards
    if signals.requested: ...

The first signal asks for a stop after the current optimizer step. While the model generates or
programs are verified it stops at once: that round's samples are dropped and the resumed run does
the round's end again, whole. A second signal, half a second later or more, aborts without saving;
one that follows at once is the first one again: terminals and the tools that start a run often
send it twice. Other signals, such as the one by which SLURM announces the end of a job, stay
Lightning's.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType

from lit_coder.trainer.borrowed_signals import BorrowedSignals


class RunInterrupted(BaseException):
    """The user stopped the run; not an error. `signal_number` says how, `aborted` without what."""

    def __init__(self, message: str, signal_number: int, aborted: bool = False) -> None:
        super().__init__(message)
        self.signal_number = signal_number
        self.aborted = aborted


class StopSignals(BorrowedSignals):
    """Turns SIGINT and SIGTERM into a request, an immediate stop, or an abort.

    Args:
        busy: what the run is doing that may be broken off, "" while it trains.
        announce: gets a sentence for the user.
        forward: gets a SIGTERM, for processes that this one has started.
        repeat_seconds: a signal that comes sooner after the first one is taken for the same.
    """

    def __init__(
        self,
        busy: Callable[[], str],
        announce: Callable[[str], None],
        forward: Callable[[int], None] | None = None,
        repeat_seconds: float = 0.5,
    ) -> None:
        super().__init__()
        self.requested = 0
        """The signal that asked for a stop, 0 = none."""
        self._requested_seconds = 0.0
        self._busy = busy
        self._announce = announce
        self._forward = forward
        self._repeat_seconds = repeat_seconds

    def __enter__(self) -> StopSignals:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._borrow(number)
        return self

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.requested:
            if now - self._requested_seconds < self._repeat_seconds:
                return
            raise RunInterrupted("aborted without saving", number, aborted=True)
        self.requested, self._requested_seconds = number, now
        if number == signal.SIGTERM and self._forward is not None:
            # A terminal sends Ctrl+C to all processes, but nobody sends them this one.
            self._forward(number)
        phase = self._busy()
        if phase:
            raise RunInterrupted(
                f"stopped while {phase}: this round's samples are dropped and the round is run "
                "again",
                number,
            )
        self._announce("stopping after this optimizer step; once more to abort without saving")
