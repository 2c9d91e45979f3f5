"""Canvases that a TRM wrote, as rows that train its policy: tokens with a reward and an advantage.

    rows = canvas_rollout_rows(samples, tokenizer, canvas)
    part = CanvasRolloutPart(rows, passes=4)           # for a `Mixture`
    part.columns(rows, num_positions=56)               # {"is_policy_B", "rewards_B", ...}

A sample is one action, so that reward and advantage are numbers of its row. Labels are what is
known to have been written: the answer and, where it has one, its end. Slots that still think let
rows of a batch go by; several passes give a canvas as many chances.

Shapes: T positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy

from lit_coder.generation.canvas import Canvas
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.examples import IntArray, Row
from lit_coder.training_data.rollouts import FloatArray, RolloutPart
from lit_coder.training_data.sample import Sample


@dataclass(frozen=True, slots=True, eq=False)
class CanvasRollout:
    """One canvas that the network wrote.

    Attributes:
        ids: the row that it read.
        first: position at which the canvas begins.
        written: the answer and its end, where it has one.
        reward: what it earned.
        advantage: how much better it did than the others of its problem.
    """

    ids: tuple[int, ...]
    first: int
    written: tuple[int, ...]
    reward: float
    advantage: float

    @property
    def num_positions(self) -> int:
        """Positions of the whole row."""
        return len(self.ids)

    @property
    def num_targets(self) -> int:
        """Positions with a label."""
        return len(self.written)

    def write(self, ids_T: IntArray, labels_T: IntArray, documents_T: IntArray) -> None:
        """The row, and labels where it was written; one document."""
        ids_T[: len(self.ids)] = self.ids
        labels_T[self.first : self.first + len(self.written)] = self.written


def canvas_rollout_rows(
    samples: Iterable[Sample], tokenizer: CodeTokenizer, canvas: Canvas
) -> list[CanvasRollout]:
    """Rows of the samples that train the policy, in their order.

    Args:
        samples: of one round.
        tokenizer: that wrote them.
        canvas: the layout; what has no room is left out.
    """
    chosen = [sample for sample in samples if sample.advantages and sample.reward is not None]
    prompts = tokenizer.encode_many([sample.prompt for sample in chosen])
    drafts = tokenizer.encode_many([sample.draft for sample in chosen])
    shape, rows = canvas.shape, []
    for sample, prompt_ids, draft_ids in zip(chosen, prompts, drafts, strict=True):
        if not shape.fits(prompt_ids, draft_ids) or len(sample.token_ids) > shape.canvas_length:
            continue
        has_end = sample.ended and len(sample.token_ids) < shape.canvas_length
        written = (*sample.token_ids, *([tokenizer.end_id] if has_end else []))
        assert sample.reward is not None
        ids = tuple(canvas.row(prompt_ids, draft_ids))
        advantage = sample.advantages[0]
        rows.append(CanvasRollout(ids, shape.prompt_length, written, sample.reward, advantage))
    return rows


class CanvasRolloutPart(RolloutPart):
    """The canvases of a mixture (a `LearnedPart`)."""

    __slots__ = ()

    def columns(self, rows: Sequence[Row], num_positions: int) -> dict[str, FloatArray]:
        """Of each row; 0 for what the network has not written."""
        written = [row if isinstance(row, CanvasRollout) else None for row in rows]
        numbers = {
            "is_policy_B": [float(row is not None) for row in written],
            "rewards_B": [row.reward if row is not None else 0.0 for row in written],
            "advantages_B": [row.advantage if row is not None else 0.0 for row in written],
        }
        return {name: numpy.array(each, numpy.float32) for name, each in numbers.items()}

    def totals(self, rows: Sequence[Row]) -> dict[str, int]:
        """None: the losses are means over rows, whose number is fixed."""
        return {}
