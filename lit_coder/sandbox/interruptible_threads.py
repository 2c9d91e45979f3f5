"""A few threads that call functions, for a caller that Ctrl+C may break off at any instruction.

    threads = InterruptibleThreads(2)
    task = threads.submit(lambda: run(job))
    task.result()                       # what it returned, or raised
    threads.close()

`concurrent.futures` is not safe there: its locks are taken by code in Python, and a
KeyboardInterrupt behind that code leaves them taken, so that the threads, and whoever closes them,
wait for ever. Here callers and threads meet in `queue.SimpleQueue` only, whose calls are C and
either happen or do not. A process that ends does not wait for the threads, closed or not: whoever
needs the end of what they are doing waits for it in `close`.
"""

from __future__ import annotations

import _thread
from collections.abc import Callable
from concurrent.futures import CancelledError
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar, cast

_Result = TypeVar("_Result")


class Task(Generic[_Result]):
    """A call that a thread makes; one thread may wait for it."""

    def __init__(self, act: Callable[[], _Result]) -> None:
        self._act: Callable[[], _Result] | None = act
        self._is_done = False
        self._result: _Result | None = None
        self._error: BaseException | None = None
        self._ended: SimpleQueue[None] = SimpleQueue()

    @property
    def is_done(self) -> bool:
        """Whether it has returned, raised, or been left out."""
        return self._is_done

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until it is done, or for as long; returns whether it is done."""
        if not self._is_done:
            try:
                self._ended.get(timeout=timeout_seconds)
            except Empty:
                return False
        return True

    def result(self) -> _Result:
        """What it returned, as soon as it has.

        Raises:
            CancelledError: it was left out.
            BaseException: whatever the call raised.
        """
        self.wait()
        try:
            if self._error is not None:
                raise self._error
            return cast(_Result, self._result)
        finally:
            # An error knows this frame, which must not know the error's owner.
            del self

    def cancel(self) -> None:
        """Leave it out, unless it has begun; it is done when its turn comes."""
        self._act = None

    def run(self) -> None:
        """Make the call, in the thread."""
        act, self._act = self._act, None
        try:
            if act is None:
                raise CancelledError
            self._result = act()
        except BaseException as error:
            # The thread's boundary: whoever waits gets it.
            self._error = error
        self._is_done = True
        self._ended.put(None)
        del self


class InterruptibleThreads:
    """Threads that make the submitted calls, in the order in which they were submitted.

    Args:
        num_threads: how many calls are made side by side.
    """

    def __init__(self, num_threads: int) -> None:
        self._tasks: SimpleQueue[Task[Any] | None] = SimpleQueue()
        """What is to be done; None, which stays there, = no more."""
        self._is_closed = False
        self._lives = [Task(self._work) for _ in range(num_threads)]
        for life in self._lives:
            # `Thread.start` waits at a lock of the kind that must not be met here.
            _thread.start_new_thread(life.run, ())

    def submit(self, act: Callable[[], _Result]) -> Task[_Result]:
        """Have a call made; once the threads are closed it is left out."""
        task = Task(act)
        self._tasks.put(task)
        if self._is_closed:
            # Perhaps it came too late for the threads.
            self._leave_out_waiting()
        return task

    def close(self, wait: bool = True) -> None:
        """Leave out what has not begun, and end the threads; closing twice is allowed.

        Args:
            wait: for the calls that are being made.
        """
        self._is_closed = True
        self._tasks.put(None)
        if wait:
            for life in self._lives:
                life.wait()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            if self._is_closed:
                task.cancel()
            task.run()
            # Its result is not kept alive by a thread that has nothing to do.
            del task
        # For the next one.
        self._tasks.put(None)

    def _leave_out_waiting(self) -> None:
        try:
            while True:
                if (task := self._tasks.get_nowait()) is not None:
                    task.cancel()
                    task.run()
        except Empty:
            pass
        finally:
            # Also where this is broken off: the threads wait for it.
            self._tasks.put(None)
