"""Verification beside generation: batches of answers are judged in a thread, in their order.

    verification = BackgroundVerification(judge)     # judge(batch) yields now and then
    verification.submit(batch)          # returns while the batch waits or is being judged
    verification.finish()               # when all have been judged

What `judge` raises is raised by the next call here. A few batches may wait; then `submit` waits,
so that memory stays bounded and an interruption loses little. It knows nothing of what is judged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError
from contextlib import closing
from functools import partial
from typing import Generic, TypeVar

from lit_coder.sandbox.interruptible_threads import InterruptibleThreads, Task

MOST_WAITING = 3
_PATIENCE_SECONDS = 2.0

_Batch = TypeVar("_Batch")


class BackgroundVerification(Generic[_Batch]):
    """Judges one batch after the other, in a thread of its own.

    `judge` may be stopped wherever it yields.
    """

    def __init__(self, judge: Callable[[_Batch], Generator[object, None, None]]) -> None:
        self._judge = judge
        self._thread = InterruptibleThreads(1)
        self._waiting: deque[Task[None]] = deque()
        self._is_stopped = False

    def submit(self, batch: _Batch) -> None:
        """Have a batch judged."""
        while self._waiting and (self._waiting[0].is_done or len(self._waiting) >= MOST_WAITING):
            self._take_first()
        self._waiting.append(self._thread.submit(partial(self._run, batch)))

    def finish(self) -> None:
        """Wait for every batch."""
        while self._waiting:
            self._take_first()

    def stop(self) -> None:
        """Drop what waits, and give the batch that is being judged a moment to notice."""
        self._is_stopped = True
        for task in self._waiting:
            task.cancel()
        # The thread comes to the last one when the others are done or left out.
        if self._waiting:
            self._waiting[-1].wait(_PATIENCE_SECONDS)

    def close(self) -> None:
        """Stop, and wait for the thread; closing twice is allowed."""
        self._is_stopped = True
        self._thread.close()
        self._waiting.clear()

    def _take_first(self) -> None:
        # Taken away only when it is done: `stop` has to know of it.
        self._waiting[0].result()
        self._waiting.popleft()

    def _run(self, batch: _Batch) -> None:
        with closing(self._judge(batch)) as steps:
            for _ in steps:
                if self._is_stopped:
                    raise CancelledError
