"""Rows of a network that fills a canvas: what it reads, and what the canvas shall hold.

    group = CanvasGroup(canvas, [(prompt_ids, draft_ids, answer_ids), ...])
    batch = collate(rows, pad_id)              # {"ids_BT", "labels_BT"}, all rows of one length

A label stands at the position it is written to, not shifted: the network gives all of them at
once. Prompt positions carry no loss; padding behind the answer and in its lines is labelled too,
since it is what tells how long they are. How much it weighs is the objective's choice.

Shapes: N examples, T positions, B rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from lit_coder.generation.canvas import Canvas
from lit_coder.training_data.examples import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class CanvasExample:
    """One row: ids of prompt and draft, and the labels of the canvas at its end."""

    ids: IntArray
    labels: IntArray

    @property
    def num_positions(self) -> int:
        """Positions of the whole row."""
        return len(self.ids)

    @property
    def num_targets(self) -> int:
        """Positions of the canvas."""
        return len(self.labels)

    def write(self, ids_T: IntArray, labels_T: IntArray, documents_T: IntArray) -> None:
        """The row, and labels at the canvas only; one document."""
        ids_T[: len(self.ids)] = self.ids
        labels_T[len(self.ids) - len(self.labels) : len(self.ids)] = self.labels


class CanvasGroup:
    """Examples that are drawn from with equal chance, in two arrays.

    Args:
        canvas: the layout.
        triples: ids of prompt, draft and answer; each fits.

    Attributes:
        num_positions: of each example, shape (N,).
    """

    def __init__(
        self,
        canvas: Canvas,
        triples: Sequence[tuple[Sequence[int], Sequence[int], Sequence[int]]],
    ) -> None:
        shape = (len(triples), canvas.shape.num_positions)
        self._ids_NT = numpy.zeros(shape, numpy.int32)
        self._labels_NA = numpy.zeros((len(triples), canvas.shape.canvas_length), numpy.int32)
        for number, (prompt_ids, draft_ids, answer_ids) in enumerate(triples):
            self._ids_NT[number] = canvas.row(prompt_ids, draft_ids)
            self._labels_NA[number] = canvas.labels(answer_ids)
        self.num_positions: IntArray = numpy.full(len(triples), shape[1], numpy.int64)

    def __len__(self) -> int:
        return len(self.num_positions)

    def __getitem__(self, number: int) -> CanvasExample:
        return CanvasExample(self._ids_NT[number], self._labels_NA[number])
