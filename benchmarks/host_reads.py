"""Counts where the host reads a value from the device, which makes it wait for all of its work.

    reads = HostReads()                       # a callback too: give it to the Trainer
    with reads:
        trainer.fit(...)
    reads.by_batch                            # {index of the batch: reads}

On a CPU nothing waits, but what would wait on a GPU is seen by the operations that read: float(),
item(), a condition on a tensor, cpu(), tolist(), numpy(), indexing with a mask. What reads a batch
before it goes to the device waits for nothing and is not counted.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

import lightning.pytorch as pl
import torch
from torch.utils._python_dispatch import TorchDispatchMode

# Behind float(), int(), bool(), item() and print; the sizes of the others depend on values.
_READS = {"aten::_local_scalar_dense", "aten::nonzero", "aten::equal", "aten::masked_select"}
# On the CPU these read memory directly and pass no dispatcher.
_METHODS = ("cpu", "numpy", "tolist")
# The loader, and Lightning's last step before the transfer.
_BEFORE_TRANSFER = {"_next_data", "_on_before_batch_transfer"}


class HostReads(TorchDispatchMode, pl.Callback):
    """Reads by the index of the batch that was trained on when they happened, -1 before all."""

    def __init__(self) -> None:
        TorchDispatchMode.__init__(self)
        self.by_batch: Counter[int] = Counter()
        self._batch = -1
        self._methods: dict[str, Callable[..., Any]] = {}

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Know the batch."""
        self._batch = batch_idx

    def __enter__(self) -> HostReads:
        for name in _METHODS:
            self._methods[name] = getattr(torch.Tensor, name)
            setattr(torch.Tensor, name, self._noted(self._methods[name]))
        super().__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)
        for name, method in self._methods.items():
            setattr(torch.Tensor, name, method)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run the operation and count it where it reads."""
        if func.name() in _READS:
            self._note()
        return func(*args, **(kwargs or {}))

    def _noted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            self._note()
            return method(*args, **kwargs)

        return noted

    def _note(self) -> None:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_name in _BEFORE_TRANSFER:
                return
            frame = frame.f_back
        self.by_batch[self._batch] += 1
