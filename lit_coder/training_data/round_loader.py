"""The training loader of one round: sized, seekable, exact after a resume.

    loader = RoundLoader(mixture, BatchLayout(batch_size=32), num_steps=150, pad_id=0)
    for batch in loader: ...
    state = loader.state_dict()        # {"cursor": rows consumed, "global_batch": 32}

The cursor counts what was consumed, of all devices together, not what worker processes have
fetched ahead; seeking is O(1). The loader has a length, so Lightning does not fetch ahead. With
worker processes the batches are the same, in the same order. Which rows a step is made of is
decided in `mixture`.
"""

from __future__ import annotations

import atexit
import math
import multiprocessing
import signal
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader, Dataset

from lit_coder.training_data.examples import Example, Row, collate
from lit_coder.training_data.mixture import Mixture

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class BatchLayout:
    """How the rows of an optimizer step are shared out.

    Args:
        batch_size: rows of a micro-batch of one device.
        accumulate: micro-batches of a device in an optimizer step.
        world_size: devices.
        rank: number of this device, from 0.
    """

    batch_size: int
    accumulate: int = 1
    world_size: int = 1
    rank: int = 0

    @property
    def num_micro_batches(self) -> int:
        """Micro-batches of an optimizer step over all devices."""
        return self.accumulate * self.world_size

    @property
    def global_batch(self) -> int:
        """Rows of an optimizer step over all devices."""
        return self.batch_size * self.num_micro_batches

    def own(self, rows: Sequence[Row], index: int) -> Sequence[Row]:
        """The rows of this device's micro-batch of that number within the step.

        Rows are dealt out like cards: every micro-batch holds some of every part of the mixture.
        """
        return rows[index * self.world_size + self.rank :: self.num_micro_batches]


class RoundBatches(Dataset[Tensors]):
    """The micro-batches of one device in a round, by their number; what worker processes hold."""

    def __init__(self, mixture: Mixture, layout: BatchLayout, num_steps: int, pad_id: int) -> None:
        self._mixture = mixture
        self._layout = layout
        self._num_batches = num_steps * layout.accumulate
        self._pad_id = pad_id

    def __len__(self) -> int:
        return self._num_batches

    def __getitem__(self, number: int) -> Tensors:
        """`ids_BT`, `labels_BT`; `documents_BT` of packed rows; `num_targets` of shared steps.

        `num_targets` is the number of labels in the whole step over its number of micro-batches:
        losses that are divided by it have the step's mean over all labels as their mean. What an
        objective over rollouts or pairs needs comes from `learned_part`.
        """
        step, index = divmod(number, self._layout.accumulate)
        rows = self._mixture.rows(step)
        # Where rollouts are few and nothing fills their places, a micro-batch may go without.
        own = self._layout.own(rows, index) or [Example((self._pad_id, self._pad_id), 2)]
        batch = collate(own, self._pad_id, self._mixture.packed_positions)
        learned = self._mixture.learned
        totals = {"num_targets": sum(row.num_targets for row in rows)}
        if learned is not None:
            columns = learned.columns(own, batch["ids_BT"].shape[1])
            batch |= {name: torch.from_numpy(column) for name, column in columns.items()}
            totals = learned.totals(rows)
        num_micro_batches = self._layout.num_micro_batches
        if learned is not None or num_micro_batches > 1:
            for name, number in totals.items():
                batch[name] = torch.tensor(max(1, number) / num_micro_batches)
        return batch


class RoundLoader:
    """A sized, seekable iterable of one device's micro-batches in one round.

    Args:
        mixture: of the round.
        layout: how steps are shared out.
        num_steps: optimizer steps of the round.
        pad_id: fills what rows leave free.
        num_workers: processes that make batches ahead; 0 makes them in this one.
        pin_memory: put batches where a CUDA device copies them from without waiting.

    Attributes:
        mixture: as given.
    """

    def __init__(
        self,
        mixture: Mixture,
        layout: BatchLayout,
        num_steps: int,
        pad_id: int,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        self.mixture = mixture
        self._batches = RoundBatches(mixture, layout, num_steps, pad_id)
        self._layout = layout
        self._num_workers = num_workers
        self._pin_memory = pin_memory
        self._consumed = 0

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def num_consumed(self) -> int:
        """This device's micro-batches that have been consumed."""
        return self._consumed

    def __iter__(self) -> Iterator[Tensors]:
        fetched = self._fetched(self._consumed)
        # Workers ignore the signal that ends them otherwise, where a failure leaves them behind.
        atexit.register(fetched.close)
        try:
            for number, batch in enumerate(fetched, self._consumed):
                # Before the yield: a checkpoint written meanwhile has consumed this batch.
                self._consumed = number + 1
                yield batch
        finally:
            fetched.close()
            atexit.unregister(fetched.close)
        self._consumed = 0

    def batch(self, number: int) -> Tensors:
        """This device's micro-batch of that number in the round."""
        return self._batches[number]

    def state_dict(self) -> dict[str, int]:
        """Rows consumed over all devices, and the rows of an optimizer step."""
        rows_at_once = self._layout.batch_size * self._layout.world_size
        return {
            "cursor": self._consumed * rows_at_once,
            "global_batch": self._layout.global_batch,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the rows consumed.

        Raises:
            ValueError: the optimizer steps had another number of rows.
        """
        saved, layout = int(state["global_batch"]), self._layout
        if saved != layout.global_batch:
            raise ValueError(
                f"the checkpoint's optimizer steps have {saved} rows, not {layout.global_batch}; "
                f"choose data.batch_size ({layout.batch_size}), trainer.devices with "
                f"trainer.num_nodes ({layout.world_size} together) and "
                f"trainer.accumulate_grad_batches ({layout.accumulate}) with the product {saved}"
            )
        rows_at_once = layout.batch_size * layout.world_size
        self._consumed, part = divmod(int(state["cursor"]), rows_at_once)
        assert part == 0, "checkpoints are written between optimizer steps"

    def _fetched(self, first: int) -> Generator[Tensors, None, None]:
        order: dict[str, Any] = {
            "batch_size": None,
            "sampler": range(first, len(self._batches)),
            "pin_memory": self._pin_memory,
            # Its own: drawing the workers' seeds would move the global one.
            "generator": torch.Generator(),
        }
        if not self._num_workers:
            yield from DataLoader(self._batches, **order)
            return
        pieces = DataLoader(
            _InOnePiece(self._batches),
            num_workers=self._num_workers,
            multiprocessing_context=_worker_processes(),
            worker_init_fn=_ignore_signals,
            **order,
        )
        for piece in pieces:
            yield piece.batch()


class _Piece(NamedTuple):
    """A batch on its way to another process, in one tensor: each costs a connection of its own.

    What the loader pins is then pinned as a whole, `num_targets` with the rest: copying one number
    that is not would wait for the device.
    """

    names: Sequence[str]
    shapes: Sequence[Sequence[int]]
    is_whole_numbers: Sequence[bool]
    content: torch.Tensor
    """The bytes of the tensors of `names`, one behind the other."""

    @classmethod
    def of(cls, batch: Tensors) -> _Piece:
        # Numbers of eight bytes first: each tensor begins at a multiple of its number's size.
        names = sorted(batch, key=lambda name: -batch[name].element_size())
        tensors = [batch[name] for name in names]
        assert all(each.dtype in (torch.int64, torch.float32) for each in tensors)
        return cls(
            tuple(names),
            tuple(tuple(each.shape) for each in tensors),
            tuple(each.dtype == torch.int64 for each in tensors),
            torch.cat([each.reshape(-1).view(torch.uint8) for each in tensors]),
        )

    def batch(self) -> Tensors:
        batch = {}
        start = 0
        for name, shape, is_whole in zip(
            self.names, self.shapes, self.is_whole_numbers, strict=True
        ):
            dtype = torch.int64 if is_whole else torch.float32
            stop = start + math.prod(shape) * dtype.itemsize
            batch[name] = self.content[start:stop].view(dtype).reshape(shape)
            start = stop
        return batch


class _InOnePiece(Dataset[_Piece]):
    def __init__(self, batches: RoundBatches) -> None:
        self._batches = batches

    def __getitem__(self, number: int) -> _Piece:
        return _Piece.of(self._batches[number])


def _worker_processes() -> Any:
    # Not forked from this process: it holds Lance's and the tokenizer's threads, perhaps CUDA.
    context = multiprocessing.get_context("forkserver")
    # Imported once and not by each worker of each round, which takes seconds.
    context.set_forkserver_preload([__name__])
    return context


def _ignore_signals(worker: int) -> None:
    """Ctrl+C and SIGTERM reach the whole group; the trainer ends its workers itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class RowLoader:
    """Every row once, in order, in batches: for validation.

    Args:
        rows: at least one.
        batch_size: rows of a batch; the last one may have fewer.
        pad_id: fills what rows leave free.
        packed_positions: T of packed rows; None pads to the longest of the batch.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        batch_size: int,
        pad_id: int,
        packed_positions: int | None = None,
    ) -> None:
        self._rows = rows
        self._batch_size = batch_size
        self._pad_id = pad_id
        self._packed_positions = packed_positions

    def __len__(self) -> int:
        return -(-len(self._rows) // self._batch_size)

    def __iter__(self) -> Iterator[Tensors]:
        for first in range(0, len(self._rows), self._batch_size):
            rows = self._rows[first : first + self._batch_size]
            yield collate(rows, self._pad_id, self._packed_positions)
