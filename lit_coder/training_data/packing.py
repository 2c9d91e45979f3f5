"""Examples of different lengths packed into rows of one length, nearly without padding.

    source = PackedExamples("pool", groups, num_positions=1024, rows_per_step=16, seed=1, round=3)
    rows = source.rows(step=40)                    # 16 rows, each of several examples

Rows are packed for a window of consecutive steps at a time: with hundreds of rows to choose from,
all that was drawn finds a place, whatever its length, so that packing prefers no length. A window
is a function of (seed, round, window) alone, so that any step is reached without those before
it. Attention and labels stay within an example; see `documents_BT` in `examples`.

Shapes: T positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray

from lit_coder.training_data.draw_seeds import draw_seed
from lit_coder.training_data.examples import IntArray, Row, RowGroup

WINDOW_ROWS = 256
"""Rows that are packed together, at least: one of so many may stay unfilled."""


@dataclass(frozen=True, slots=True)
class PackedRow:
    """Several examples, one behind the other."""

    examples: tuple[Row, ...]

    @property
    def num_positions(self) -> int:
        """The positions of all its examples."""
        return sum(example.num_positions for example in self.examples)

    @property
    def num_targets(self) -> int:
        """The labels of all its examples: none reaches into the next one."""
        return sum(example.num_targets for example in self.examples)

    def write(self, ids_T: IntArray, labels_T: IntArray, documents_T: IntArray) -> None:
        """Each example behind the one before, with the next document's number."""
        start = 0
        for document, example in enumerate(self.examples):
            stop = start + example.num_positions
            example.write(ids_T[start:stop], labels_T[start:stop], documents_T[start:stop])
            documents_T[start:stop] = document
            start = stop


class PackedExamples:
    """The packed rows of one part of the mixture, for one round.

    Args:
        name: of the part; parts of different names are drawn independently.
        groups: drawn from with equal chance, and so is each example of a group.
        num_positions: T; no example may be longer.
        rows_per_step: rows of each optimizer step, over all devices.
        seed: of the run.
        round: of the recursion.
        weights: how often each group is drawn from; none = all alike.
    """

    def __init__(
        self,
        name: str,
        groups: Sequence[RowGroup],
        num_positions: int,
        rows_per_step: int,
        seed: int,
        round: int,
        weights: Sequence[float] = (),
    ) -> None:
        self._key = f"packed/{name}/{seed}/{round}"
        self._groups = tuple(groups)
        self._weights = tuple(weights)
        self._num_positions = num_positions
        self._rows_per_step = rows_per_step
        self._steps_per_window = -(-WINDOW_ROWS // rows_per_step)
        self._window = -1
        self._window_rows: list[list[tuple[int, int]]] = []

    def rows(self, step: int) -> list[PackedRow]:
        """The rows of an optimizer step of the round."""
        window, within = divmod(step, self._steps_per_window)
        if window != self._window:
            self._window_rows, self._window = self._pack(window), window
        first = within * self._rows_per_step
        return [
            PackedRow(tuple(self._groups[group][member] for group, member in row))
            for row in self._window_rows[first : first + self._rows_per_step]
        ]

    def __getstate__(self) -> dict[str, Any]:
        # A worker process packs for itself.
        return {**self.__dict__, "_window": -1, "_window_rows": []}

    def _pack(self, window: int) -> list[list[tuple[int, int]]]:
        """All rows of a window, in random order, each as numbers of groups and members."""
        generator = numpy.random.Generator(numpy.random.PCG64(draw_seed(f"{self._key}/{window}")))
        num_rows = self._steps_per_window * self._rows_per_step
        groups, members, lengths = self._draw(generator, num_rows)
        packed = best_fit(lengths, self._num_positions, num_rows)
        order = numpy.argsort(generator.random(num_rows), kind="stable")
        return [[(groups[item], members[item]) for item in packed[row]] for row in order]

    def _draw(
        self, generator: numpy.random.Generator, num_rows: int
    ) -> tuple[list[int], list[int], list[int]]:
        """Group, member and length of as many examples as need all of the rows, and no more."""
        # One position less and a row could stay empty; more, and short examples found no place.
        needed = (num_rows - 1) * self._num_positions + 1
        sizes = numpy.array([len(group) for group in self._groups])
        means = [group.num_positions.mean() for group in self._groups]
        mean_length = float(numpy.average(means, weights=self._weights or None))
        groups, members, lengths, total = [], [], [], 0
        while total < needed:
            count = int((needed - total) / mean_length) + 16
            drawn_groups = weighted_numbers(
                self._weights or [1] * len(sizes), generator.random(count)
            )
            drawn = (generator.random(count) * sizes[drawn_groups]).astype(numpy.int64)
            for group, member in zip(drawn_groups.tolist(), drawn.tolist(), strict=True):
                if total >= needed:
                    break
                length = int(self._groups[group].num_positions[member])
                groups.append(group)
                members.append(member)
                lengths.append(length)
                total += length
        return groups, members, lengths


def weighted_numbers(weights: Sequence[float], chances: NDArray[Any]) -> NDArray[Any]:
    """For each chance in [0, 1) the number of a weight, as often as its share of them all."""
    if len(set(weights)) == 1:
        return (chances * len(weights)).astype(numpy.int64)
    ends = numpy.cumsum(weights, dtype=numpy.float64)
    numbers: NDArray[Any] = numpy.searchsorted(ends, chances * ends[-1], side="right")
    return numbers


def best_fit(lengths: Sequence[int], capacity: int, num_rows: int) -> list[list[int]]:
    """Which items lie in each row, by best fit decreasing (Johnson et al., 1974).

    The longest item first, each into the fullest row that has room for it; one that finds none is
    left out. Takes O(items log items).

    Args:
        lengths: of the items, each from 0 to `capacity`.
        capacity: of a row.
        num_rows: how many rows there are.

    Returns:
        Numbers of items for each row.
    """
    rows: list[list[int]] = [[] for _ in range(num_rows)]
    by_room: list[list[int]] = [[] for _ in range(capacity + 1)]
    by_room[capacity] = list(range(num_rows))
    # Bit r is set where a row has room for r more.
    rooms = 1 << capacity
    for item in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        fitting = rooms >> lengths[item]
        if not fitting:
            continue
        left = (fitting & -fitting).bit_length() - 1
        room = lengths[item] + left
        row = by_room[room].pop()
        if not by_room[room]:
            rooms ^= 1 << room
        rows[row].append(item)
        by_room[left].append(row)
        rooms |= 1 << left
    return rows
