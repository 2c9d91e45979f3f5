"""Canvases that a TRM wrote, as rows that train its policy: tokens with a reward and an advantage.

    rows = canvas_rollout_rows(samples, tokenizer, canvas)
    part = CanvasRolloutPart(rows, passes=4)           # for a `Mixture`
    part.columns(rows, num_positions=56)               # {"is_policy_B", "rewards_B", ...}

A sample is one action, so that reward and advantage are numbers of its row. Labels are what is
known to have been written: the answer and, where it has one, its end; each with the log-probability
that it was written with. The key of its noise and its number of supervision steps let a canvas be
thought about again as it was. Slots that still think let rows of a batch go by; several passes give
a canvas as many chances.

Shapes: T positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray

from lit_coder.generation.canvas import Canvas
from lit_coder.generation.sampling import named_key
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.examples import IntArray, Row
from lit_coder.training_data.rollouts import FloatArray, RolloutPart
from lit_coder.training_data.sample import Sample


@dataclass(frozen=True, slots=True, eq=False)
class CanvasRollout:
    """One canvas that the network wrote.

    Attributes:
        ids: the row that it read.
        written: the answer and its end, where it has one.
        places: at which each of them stands in the row.
        reward: what it earned.
        advantage: how much better it did than the others of its problem.
        log_probabilities: of each token that it wrote, when it wrote it.
        start_key: of the noise that it was thought about from.
        num_steps: supervision steps that it took; 0 = nobody knows.
    """

    ids: tuple[int, ...]
    written: tuple[int, ...]
    places: tuple[int, ...]
    reward: float
    advantage: float
    log_probabilities: tuple[float, ...]
    start_key: int
    num_steps: int

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
        labels_T[list(self.places)] = self.written

    def write_log_probabilities(self, numbers_T: FloatArray) -> None:
        """Where it was written; the other places hold zeros."""
        numbers_T[list(self.places)] = self.log_probabilities


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
    rows = []
    for sample, prompt_ids, draft_ids in zip(chosen, prompts, drafts, strict=True):
        if not (canvas.fits(prompt_ids, draft_ids) and canvas.holds(sample.token_ids)):
            continue
        written, places = canvas.written(sample.token_ids, sample.ended)
        assert sample.reward is not None and len(written) == len(sample.log_probabilities)
        rows.append(
            CanvasRollout(
                ids=tuple(canvas.row(prompt_ids, draft_ids)),
                written=tuple(written),
                places=tuple(canvas.shape.prompt_length + place for place in places),
                reward=sample.reward,
                advantage=sample.advantages[0],
                log_probabilities=sample.log_probabilities,
                start_key=named_key(sample.stream),
                num_steps=sample.num_steps,
            )
        )
    return rows


class CanvasRolloutPart(RolloutPart):
    """The canvases of a mixture (a `LearnedPart`)."""

    __slots__ = ()

    def columns(self, rows: Sequence[Row], num_positions: int) -> dict[str, NDArray[Any]]:
        """Of each row; 0 for what the network has not written. Keys are whole numbers."""
        names = ("is_policy_B", "rewards_B", "advantages_B", "written_steps_B")
        columns: dict[str, NDArray[Any]] = {
            name: numpy.zeros(len(rows), numpy.float32) for name in names
        }
        columns["start_keys_B"] = numpy.zeros(len(rows), numpy.int64)
        log_probabilities_BT = numpy.zeros((len(rows), num_positions), numpy.float32)
        for number, row in enumerate(rows):
            if isinstance(row, CanvasRollout):
                found = (1.0, row.reward, row.advantage, row.num_steps)
                for name, value in zip(names, found, strict=True):
                    columns[name][number] = value
                columns["start_keys_B"][number] = row.start_key
                row.write_log_probabilities(log_probabilities_BT[number])
        return columns | {"sampling_log_probabilities_BT": log_probabilities_BT}

    def totals(self, rows: Sequence[Row]) -> dict[str, int]:
        """None: the losses are means over rows, whose number is fixed."""
        return {}
