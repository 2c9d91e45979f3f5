"""The training loader of one round: a mixture of labelled and pool examples, in exact order.

    loader = RoundLoader(parts, num_batches=150, batch_size=32, pad_id=0, seed=1, round=3)
    for batch in loader: ...
    state = loader.state_dict()        # {"cursor": batches consumed}

Batch i of a round is a function of (seed, round, i) alone: seeking is O(1) and a resumed run
sees the batches an uninterrupted one sees. The loader has a length, so Lightning does not fetch
ahead and the cursor is what was consumed. Real data stays in every batch: a part's share is a
number of rows in each batch, not a probability over the run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lit_coder.training_data.examples import Example, collate


@dataclass(frozen=True, slots=True)
class MixturePart:
    """Examples of one origin, in groups that are drawn from equally (difficulties).

    `share` is the part's share of each batch; shares of the parts that have examples are scaled
    to add up to 1.
    """

    name: str
    groups: tuple[tuple[Example, ...], ...]
    share: float


class RoundLoader:
    """A sized, seekable iterable of batches for one round."""

    def __init__(
        self,
        parts: Sequence[MixturePart],
        num_batches: int,
        batch_size: int,
        pad_id: int,
        seed: int,
        round: int,
    ) -> None:
        self._parts = [part for part in parts if part.groups and part.share > 0]
        if not self._parts:
            raise ValueError(
                "there is nothing to train on: data.families gives no labelled problem and the "
                "pool is empty; raise data.num_labelled or name data.problem_files with references"
            )
        self._rows = _rows_per_part([part.share for part in self._parts], batch_size)
        self._num_batches = num_batches
        self._pad_id = pad_id
        self._seed = seed
        self._round = round
        self._cursor = 0

    def __len__(self) -> int:
        return self._num_batches

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        while self._cursor < self._num_batches:
            index = self._cursor
            # Before the yield: a checkpoint written while this batch is in use has consumed it.
            self._cursor = index + 1
            yield self.batch(index)
        self._cursor = 0

    def batch(self, index: int) -> dict[str, torch.Tensor]:
        """Batch `index` of this round."""
        generator = torch.Generator().manual_seed(_batch_seed(self._seed, self._round, index))
        chosen: list[Example] = []
        for part, rows in zip(self._parts, self._rows, strict=True):
            groups = torch.randint(len(part.groups), (rows,), generator=generator).tolist()
            draws = torch.rand(rows, generator=generator, dtype=torch.float64).tolist()
            for group, draw in zip(groups, draws, strict=True):
                members = part.groups[group]
                chosen.append(members[int(draw * len(members))])
        return collate(chosen, self._pad_id)

    def state_dict(self) -> dict[str, Any]:
        """Batches consumed."""
        return {"cursor": self._cursor}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the batches consumed."""
        self._cursor = int(state["cursor"])


def _batch_seed(seed: int, round: int, index: int) -> int:
    digest = hashlib.blake2b(f"batch/{seed}/{round}/{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def _rows_per_part(shares: Sequence[float], batch_size: int) -> list[int]:
    """Rows of each part in a batch: at least one each, together `batch_size`."""
    total = sum(shares)
    rows = [max(1, int(batch_size * share / total)) for share in shares]
    largest = shares.index(max(shares))
    rows[largest] += batch_size - sum(rows)
    if rows[largest] < 1:
        raise ValueError(
            f"data.batch_size {batch_size} is smaller than the number of data parts {len(shares)}; "
            "raise data.batch_size"
        )
    return rows


class ExampleLoader:
    """Every example once, in order, in batches: for validation."""

    def __init__(self, examples: Sequence[Example], batch_size: int, pad_id: int) -> None:
        self._examples = examples
        self._batch_size = batch_size
        self._pad_id = pad_id

    def __len__(self) -> int:
        return -(-len(self._examples) // self._batch_size)

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        for first in range(0, len(self._examples), self._batch_size):
            yield collate(self._examples[first : first + self._batch_size], self._pad_id)
