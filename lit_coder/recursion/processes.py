"""The processes of one run, one for each device: who does which part, and how parts come together.

    processes = Processes.join()                  # in a fit; one process alone is (0, 1)
    own = processes.share(problems)               # problems[rank::count]
    rows = processes.all_interleaved([work(p) for p in own])    # as one process would have them
    requested, due = processes.largest(requested, due)          # all decide alike

Objects and numbers travel over a process group of their own, on the host (gloo): no device memory
is taken, the device need not be waited for, and a process that dies ends the waiting of the others
at once. Gradients are Lightning's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypeVar

import torch.distributed

T = TypeVar("T")

_PATIENCE = timedelta(days=1)
"""Of a process that is done for those that still generate: the end of one is noticed without."""


class Processes:
    """This process among those of the run.

    Args:
        rank: its number, over all nodes.
        count: how many there are.
        group: the process group that they talk over; None where there is one process.
    """

    def __init__(self, rank: int = 0, count: int = 1, group: Any = None) -> None:
        assert (count > 1) == (group is not None)
        self.rank = rank
        self.count = count
        self._group = group

    @classmethod
    def join(cls) -> Processes:
        """All processes of the run, once Lightning has started them; each of them calls this."""
        if not torch.distributed.is_available() or not torch.distributed.is_initialized():
            return cls()
        count = torch.distributed.get_world_size()
        if count == 1:
            return cls()
        group = torch.distributed.new_group(backend="gloo", timeout=_PATIENCE)
        return cls(torch.distributed.get_rank(), count, group)

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes files."""
        return self.rank == 0

    def share(self, items: Sequence[T]) -> list[T]:
        """This process's part: every `count`-th one, so that hard ones are spread."""
        return list(items[self.rank :: self.count])

    def interleaved(self, own: Sequence[T]) -> list[T] | None:
        """The results of all shares in the order of the whole; None but for the first process."""
        if self.count == 1:
            return list(own)
        found: list[Any] | None = [None] * self.count if self.is_first else None
        torch.distributed.gather_object(list(own), found, dst=0, group=self._group)
        return None if found is None else interleave(found)

    def all_interleaved(self, own: Sequence[T]) -> list[T]:
        """The results of all shares in the order of the whole, for every process."""
        return list(own) if self.count == 1 else interleave(self._all(list(own)))

    def sums(self, values: Sequence[float]) -> list[float]:
        """Each value added up over the processes, for every process."""
        return [sum(column) for column in zip(*self._all(tuple(values)), strict=True)]

    def largest(self, *numbers: int) -> tuple[int, ...]:
        """Each number's largest value over the processes, for every process."""
        if self.count == 1:
            return numbers
        exchanged = torch.tensor(numbers, dtype=torch.int64)
        maximum = torch.distributed.ReduceOp.MAX
        torch.distributed.all_reduce(exchanged, op=maximum, group=self._group)
        return tuple(exchanged.tolist())

    def from_first(self, value: T) -> T:
        """The first process's value, for every process."""
        if self.count == 1:
            return value
        carried = [value if self.is_first else None]
        torch.distributed.broadcast_object_list(carried, src=0, group=self._group)
        return carried[0]  # type: ignore[return-value]

    def _all(self, value: T) -> list[T]:
        if self.count == 1:
            return [value]
        found: list[Any] = [None] * self.count
        torch.distributed.all_gather_object(found, value, group=self._group)
        return found


def interleave(shares: Sequence[Sequence[T]]) -> list[T]:
    """The whole that `shares[r] = whole[r::count]` were taken from."""
    total = sum(len(share) for share in shares)
    return [shares[index % len(shares)][index // len(shares)] for index in range(total)]
