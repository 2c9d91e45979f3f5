"""Lets all processes of a run decide alike: the largest of each process's numbers.

    agreement = Agreement(trainer.world_size)
    requested, due = agreement.largest(requested, due)    # on every process, at the same place

One process alone decides by itself. Several exchange a few integers in host memory, so that the
device need not be waited for.
"""

from __future__ import annotations

import torch
from torch import distributed


class Agreement:
    """Exchanges small numbers between the processes of a run."""

    def __init__(self, world_size: int) -> None:
        self._is_alone = world_size == 1
        # The run's own group may be the device's: it would wait for the step that is queued.
        self._group = None if self._is_alone else distributed.new_group(backend="gloo")

    def largest(self, *numbers: int) -> tuple[int, ...]:
        """Each number's largest value over all processes."""
        if self._is_alone:
            return numbers
        exchanged = torch.tensor(numbers, dtype=torch.int64)
        distributed.all_reduce(exchanged, op=distributed.ReduceOp.MAX, group=self._group)
        return tuple(exchanged.tolist())
