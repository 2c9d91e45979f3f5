"""Which rows each optimizer step of a round is made of.

    mixture = Mixture(parts, global_batch=32, seed=1, round=3)
    rows = mixture.rows(step=40)                   # 32 rows, of all devices together

The unit of chance is the optimizer step's global batch: it is a function of (seed, round, step)
alone, however many devices and micro-batches share it. Real data stays in every step: a part's
share is a number of rows in each, not a probability over the run. Without a corpus a row is one
example, or several where packing is asked for; beside a corpus all rows are packed. Batches are
made of the rows in `round_loader`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lit_coder.training_data.corpus_rows import CorpusRows
from lit_coder.training_data.draw_seeds import draw_seed
from lit_coder.training_data.examples import Row, RowGroup
from lit_coder.training_data.learned_part import LearnedOrder, LearnedPart, OrderPlan
from lit_coder.training_data.packing import PackedExamples, weighted_numbers

POOL_PART = "pool"
"""Name of the part that accepted samples are."""


@dataclass(frozen=True, slots=True)
class MixturePart:
    """Examples of one origin, in groups that are drawn from equally (difficulties).

    `share` is the part's share of the rows that are examples; shares of the parts that have
    examples are scaled to add up to 1. `weights` of the groups, where they are given, say how
    often each is drawn from beside the others (datasets).
    """

    name: str
    groups: tuple[RowGroup, ...]
    share: float
    weights: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class CorpusPart:
    """A corpus, its share of all rows, and how many of its rows earlier rounds have used."""

    rows: CorpusRows
    share: float
    num_used_rows: int = 0


class Mixture:
    """The rows of a round.

    Args:
        parts: examples; a part without any, or without a share, is left out.
        global_batch: rows of an optimizer step over all devices and micro-batches.
        seed: of the run.
        round: of the recursion.
        packed_positions: T where examples share rows of T positions; None is one example a row.
        corpus: the corpus part, which needs `packed_positions`; None where there is none.
        learned: rollouts or pairs, perhaps none; None where no objective learns from such. What
            they leave free of their rows, examples fill.
        num_steps: of the round; for rollouts and pairs.
        num_micro_batches: of a step, on all devices; for pairs.

    Attributes:
        packed_positions: as given.
        corpus_rows_per_step: rows of each step that are the corpus's.
        global_batch: as given.
        learned: as given.
        num_micro_batches: as given.
        num_left_out: rows of rollouts or pairs that have no place in the round's steps.

    Raises:
        ValueError: there is nothing to train on, or there are more parts than rows.
    """

    def __init__(
        self,
        parts: Sequence[MixturePart],
        global_batch: int,
        seed: int,
        round: int,
        packed_positions: int | None = None,
        corpus: CorpusPart | None = None,
        learned: LearnedPart | None = None,
        num_steps: int = 1,
        num_micro_batches: int = 1,
    ) -> None:
        has_room = corpus is None or corpus.share < 1
        self._parts = [part for part in parts if part.groups and part.share > 0 and has_room]
        self.learned = learned
        learned = learned if has_room else None
        if not self._parts and corpus is None and learned is None:
            raise ValueError(
                "there is nothing to train on: data.families gives no labelled problem and the "
                "pool is empty; raise data.num_labelled, name data.problem_files with references, "
                "data.datasets, or a data.corpus"
            )
        num_parts = len(self._parts) + (corpus is not None) + (learned is not None)
        if global_batch < num_parts:
            raise ValueError(
                f"the rows of an optimizer step ({global_batch}) are fewer than the parts of the "
                f"data ({num_parts} of corpus, labelled and pool), which need one each; raise "
                "data.batch_size"
            )
        self.global_batch = global_batch
        self._takes_examples, self._num_parts = has_room, num_parts
        assert corpus is None or packed_positions is not None, "beside a corpus rows are packed"
        self.packed_positions = packed_positions
        self.corpus_rows_per_step = 0
        if corpus is not None:
            wanted = int(global_batch * corpus.share + 0.5) if num_parts > 1 else global_batch
            most = global_batch - (num_parts - 1)
            self.corpus_rows_per_step = max(1, min(wanted, most))
        self._corpus = corpus
        self._seed = seed
        self._round = round
        rest = global_batch - self.corpus_rows_per_step
        shares = [part.share for part in self._parts]
        shares += [learned.share] if learned is not None else []
        self._rows_per_part = _rows_per_part(shares, rest)
        self._packed = [
            PackedExamples(
                part.name, part.groups, packed_positions, rows, seed, round, part.weights
            )
            for part, rows in zip(self._parts, self._rows_per_part, strict=False)
            if packed_positions is not None
        ]
        self._order: LearnedOrder | None = None
        self._filling: PackedExamples | None = None
        self.num_left_out, self.num_micro_batches = 0, num_micro_batches
        if learned is not None:
            self._order_learned(learned, num_steps, num_micro_batches)
        self._step = -1
        self._rows: list[Row] = []

    def _order_learned(self, learned: LearnedPart, num_steps: int, num_micro_batches: int) -> None:
        rows, positions = self._rows_per_part[-1], self.packed_positions
        key = f"{self._seed}/{self._round}"
        self._order = learned.order(OrderPlan(rows, num_steps, key, positions, num_micro_batches))
        self.num_left_out = self._order.num_left_out
        if positions is not None and self._parts:
            part = self._parts[0]
            name = f"{part.name} beside what is learned from"
            fixed = (positions, rows, self._seed, self._round)
            self._filling = PackedExamples(name, part.groups, *fixed, part.weights)

    def has_room_for(self, name: str) -> bool:
        """Whether examples of this origin are there, are not wanted, or would find a row."""
        is_there = any(part.name == name for part in self._parts) or self.learned is not None
        return is_there or not self._takes_examples or self.global_batch > self._num_parts

    def rows(self, step: int) -> list[Row]:
        """The rows of an optimizer step of the round, part after part."""
        if step != self._step:
            # The micro-batches of a step ask for the same rows.
            self._rows, self._step = [*self._example_rows(step), *self._corpus_rows(step)], step
        return self._rows

    def _example_rows(self, step: int) -> list[Row]:
        learned = self._order.rows(step) if self._order is not None else []
        missing = self._rows_per_part[-1] - len(learned) if self._order is not None else 0
        if self.packed_positions is not None:
            rows: list[Row] = [row for source in self._packed for row in source.rows(step)]
            filling = self._filling.rows(step)[:missing] if self._filling is not None else []
            return [*rows, *filling, *learned]
        key = f"batch/{self._seed}/{self._round}/{step}"
        generator = torch.Generator().manual_seed(draw_seed(key))
        chosen: list[Row] = []
        for part, number in zip(self._parts, self._rows_per_part, strict=False):
            chosen.extend(_drawn(part, number, generator))
        if self._parts:
            chosen.extend(_drawn(self._parts[0], missing, generator))
        return [*chosen, *learned]

    def _corpus_rows(self, step: int) -> list[Row]:
        if self._corpus is None:
            return []
        first = self._corpus.num_used_rows + step * self.corpus_rows_per_step
        return [self._corpus.rows[first + place] for place in range(self.corpus_rows_per_step)]


def _drawn(part: MixturePart, rows: int, generator: torch.Generator) -> list[Row]:
    groups = part.groups
    if part.weights:
        chances = torch.rand(rows, generator=generator, dtype=torch.float64)
        numbers = weighted_numbers(part.weights, chances.numpy()).tolist()
    else:
        numbers = torch.randint(len(groups), (rows,), generator=generator).tolist()
    draws = torch.rand(rows, generator=generator, dtype=torch.float64).tolist()
    return [
        groups[number][int(draw * len(groups[number]))]
        for number, draw in zip(numbers, draws, strict=True)
    ]


def _rows_per_part(shares: Sequence[float], num_rows: int) -> list[int]:
    """Rows of each part in a step: at least one each, together `num_rows`."""
    if not shares:
        return []
    total = sum(shares)
    rows = [max(1, int(num_rows * share / total)) for share in shares]
    rows[shares.index(max(shares))] += num_rows - sum(rows)
    assert min(rows) >= 1, "there are no more parts than rows"
    return rows
