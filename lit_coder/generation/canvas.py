"""A fixed row of tokens that a network fills as a whole: a prompt, then a canvas for the answer.

    canvas = Canvas(CanvasShape(prompt_length=24, canvas_length=32), pad_id, end_id, mask_id)
    ids = canvas.row(prompt_ids, draft_ids)        # 56 ids; the answer comes at the last 32
    labels = canvas.labels(answer_ids)             # 32: the answer, its end, padding
    answer_ids = canvas.answer(labels)             # back

The canvas starts as a draft - a board with blanks, a buggy body, another model's program - or,
without one, as masks. An answer that fills the whole canvas has no end token. Training rows and
the generator lay a problem out by these same lines; no text and no network appear here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CanvasShape:
    """Sizes of a row.

    Args:
        prompt_length: positions of the prompt; 0 where the draft is all there is to read.
        canvas_length: positions of the draft and of the answer.
    """

    prompt_length: int
    canvas_length: int

    def __post_init__(self) -> None:
        if self.canvas_length < 1 or self.prompt_length < 0:
            raise ValueError(
                f"data.canvas_length must be from 1 to data.max_sequence_length "
                f"({self.prompt_length + self.canvas_length}), not {self.canvas_length}"
            )

    @property
    def num_positions(self) -> int:
        """Positions of the whole row."""
        return self.prompt_length + self.canvas_length

    def fits(self, prompt_ids: Sequence[int], draft_ids: Sequence[int] = ()) -> bool:
        """Whether prompt and draft (or answer) have room; something must be there to read."""
        return (
            len(prompt_ids) <= self.prompt_length
            and len(draft_ids) <= self.canvas_length
            and len(prompt_ids) + len(draft_ids) > 0
        )


@dataclass(frozen=True, slots=True)
class Canvas:
    """The layout of a row, with the ids that mean something in it.

    Args:
        shape: its sizes.
        pad_id: fills what prompt, draft and answer leave free.
        end_id: ends an answer.
        mask_id: stands at every position of a canvas without a draft.
    """

    shape: CanvasShape
    pad_id: int
    end_id: int
    mask_id: int

    def row(self, prompt_ids: Sequence[int], draft_ids: Sequence[int] = ()) -> list[int]:
        """The row that the network reads."""
        shape = self.shape
        assert shape.fits(prompt_ids, draft_ids), "what has no room is left out before"
        row = [*prompt_ids, *[self.pad_id] * (shape.prompt_length - len(prompt_ids))]
        if not draft_ids:
            return row + [self.mask_id] * shape.canvas_length
        return [*row, *draft_ids, *[self.pad_id] * (shape.canvas_length - len(draft_ids))]

    def labels(self, answer_ids: Sequence[int]) -> list[int]:
        """What the canvas shall hold: the answer, the end where there is room, padding."""
        length = self.shape.canvas_length
        assert len(answer_ids) <= length, "what has no room is left out before"
        end = [self.end_id] if len(answer_ids) < length else []
        return [*answer_ids, *end, *[self.pad_id] * (length - len(answer_ids) - len(end))]

    def answer(self, canvas_ids: Sequence[int]) -> tuple[list[int], bool]:
        """What was written before the first end or padding, and whether it is whole.

        Whole is an answer with its end, or one that fills the canvas.
        """
        ids = list(canvas_ids)
        stop = next((i for i, each in enumerate(ids) if each in (self.end_id, self.pad_id)), None)
        return ids[:stop], stop is None or ids[stop] == self.end_id
