"""SLURM's warning that a job's time is over: Lightning answers when the run is saved.

    with RequeueSignal(at_once=...) as requeue: ...
    if requeue.is_asked: save(); requeue.answer()

Under SLURM Lightning answers SIGUSR1 by saving in the middle of whatever the run is doing and by
having the job requeued (`SLURMEnvironment(auto_requeue=True)`). Here its handler waits until the
run's own checkpoint is written; with several processes all of them answer at the same step, for
Lightning's answer lets them wait for each other. Without SLURM nothing is installed.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

from lit_coder.trainer.borrowed_signals import BorrowedSignals

_NUMBERS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP)


class RequeueSignal(BorrowedSignals):
    """Keeps Lightning's handler back.

    Args:
        at_once: called when the signal comes: saves and says True where the answer need not wait.
    """

    def __init__(self, at_once: Callable[[], bool]) -> None:
        super().__init__()
        self.is_asked = False
        """Whether an answer is due."""
        self._at_once = at_once
        self._number = 0

    def __enter__(self) -> RequeueSignal:
        for number in _NUMBERS:
            handler = signal.getsignal(number)
            # Which signal it is, is Lightning's to know.
            if callable(handler) and type(handler).__module__.startswith("lightning."):
                self._borrow(number)
        return self

    def answer(self) -> None:
        """Let Lightning save and have the job requeued."""
        self.is_asked = False
        number = self._number or next(iter(self._former), 0)
        if number:
            self._former[number](number, None)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.is_asked, self._number = True, number
        if self._at_once():
            self.answer()
