"""Training loops that take turns step by step, whoever wrote them.

    with Turns(ids_BT, num_turns=23) as turns:
        turns.add("raw loop", lambda batches, num_steps: ...)     # a loop that asks for batches
        times = turns.take(warm_up=3)                             # what a step took, turn by turn

A loop cannot be called for one step, but it has to ask for each batch: there it is stopped until
its turn comes. A turn lasts from the batch that a loop is given to the next one it asks for, so it
holds all that the loop does in a step. Each loop has a thread of its own and only one runs at any
time; noise of the machine falls on all of them alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from types import TracebackType
from typing import NamedTuple

import torch

Loop = Callable[[Iterator[torch.Tensor], int], None]
"""Trains so many steps on the batches `ids_BT` that it asks for."""


class Turn(NamedTuple):
    """What a step of one turn took: time that passed, and time of all the process's threads.

    On a CPU that others use too the second is the steadier one.
    """

    seconds: float
    cpu_seconds: float


class TurnTaker:
    """One loop, stopped in front of its next batch.

    Args:
        loop: the loop.
        ids_BT: the batch it always gets.
        num_steps: steps that the loop will do.
        steps_per_turn: of them in one turn.
    """

    def __init__(self, loop: Loop, ids_BT: torch.Tensor, num_steps: int, steps_per_turn: int):
        self._ids_BT = ids_BT
        self._steps_per_turn = steps_per_turn
        self._may_go, self._has_asked = Semaphore(0), Semaphore(0)
        self._is_free = False
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._future = self._pool.submit(self._run, loop, num_steps)
        self._wait()

    def _run(self, loop: Loop, num_steps: int) -> None:
        try:
            loop(self._batches(), num_steps)
        finally:
            self._has_asked.release()

    def _batches(self) -> Iterator[torch.Tensor]:
        while True:
            if not self._is_free:
                self._has_asked.release()
                self._may_go.acquire()
            for _ in range(self._steps_per_turn):
                yield self._ids_BT

    def _wait(self) -> None:
        self._has_asked.acquire()
        if self._future.done():
            self._future.result()

    def take(self) -> Turn:
        """Let the loop do one turn; what a step of it took."""
        started, cpu_started = time.perf_counter(), time.process_time()
        self._may_go.release()
        self._wait()
        if self._ids_BT.is_pinned():
            torch.cuda.synchronize()
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
        return Turn(seconds / self._steps_per_turn, cpu_seconds / self._steps_per_turn)

    def end(self) -> None:
        """Let the loop do what is left of its steps."""
        self._is_free = True
        self._may_go.release()
        self._pool.shutdown()
        self._future.result()


class Turns:
    """Loops over the same batch that take turns.

    Args:
        ids_BT: the batch, on the host; pinned where the loops train on a GPU.
        num_turns: turns that each will take, with the warm-up.
        steps_per_turn: more than one where a device's queue must not run empty at every step.
    """

    def __init__(self, ids_BT: torch.Tensor, num_turns: int, steps_per_turn: int = 1) -> None:
        self._ids_BT = ids_BT
        self._num_turns = num_turns
        self._steps_per_turn = steps_per_turn
        self._takers: dict[str, TurnTaker] = {}

    def add(self, name: str, loop: Loop) -> None:
        """Start a loop; it stops in front of its first batch."""
        num_steps = self._num_turns * self._steps_per_turn
        self._takers[name] = TurnTaker(loop, self._ids_BT, num_steps, self._steps_per_turn)

    def take(self, warm_up: int) -> dict[str, list[Turn]]:
        """Every turn after the warm-up, by the loops' names."""
        times: dict[str, list[Turn]] = {name: [] for name in self._takers}
        for turn in range(self._num_turns):
            for name, taker in self._takers.items():
                taken = taker.take()
                if turn >= warm_up:
                    times[name].append(taken)
        return times

    def __enter__(self) -> Turns:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for taker in self._takers.values():
            taker.end()
