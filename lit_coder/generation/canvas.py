"""A fixed row of tokens that a network fills as a whole: a prompt, then a canvas for the answer.

    canvas = Canvas.of_row(tokenizer, max_sequence_length=56, canvas_length=32)
    ids = canvas.row(prompt_ids, draft_ids)        # 56 ids; the answer comes at the last 32
    labels = canvas.labels(answer_ids)             # 32: the answer, its end, padding
    answer_ids = canvas.answer(labels)             # back

The canvas starts as a draft - a board with blanks, a buggy body, another model's program - or,
without one, as masks. An answer that fills the whole canvas has no end token. Training rows and
the generator lay a problem out by these same lines. A tokenizer says which ids mean what; no text
and no network appear here.

With a `line_length` the canvas is cut into slots of so many positions, and every line of a draft or
answer begins a slot; a longer line goes on into the next ones. What an edit makes longer or shorter
is then its own line: the others stay where they are, or move by whole slots. A token whose text
holds a newline ends its line, whatever else it holds: mostly the indentation of the next one. The
end stands where the next token would: at the beginning of a slot where the last line ends in a
newline, so that only the number of lines decides on its place, and else behind the last token. What
follows a newline in its slot is padding that nobody reads. So padding need not be right for an
answer to be, and every text that has room comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lit_coder.tokenizer import CodeTokenizer


@dataclass(frozen=True, slots=True)
class CanvasShape:
    """Sizes of a row.

    Args:
        prompt_length: positions of the prompt; 0 where the draft is all there is to read.
        canvas_length: positions of the draft and of the answer.
        line_length: positions of a slot, at whose beginning a line stands; 1 = lines stand one
            behind the other.

    Raises:
        ValueError: naming the options.
    """

    prompt_length: int
    canvas_length: int
    line_length: int = 1

    def __post_init__(self) -> None:
        canvas, line = self.canvas_length, self.line_length
        if canvas < 1 or self.prompt_length < 0:
            raise ValueError(
                f"data.canvas_length must be from 1 to data.max_sequence_length "
                f"({self.prompt_length + canvas}), not {canvas}"
            )
        if not 1 <= line <= canvas:
            raise ValueError(
                f"data.canvas_line_length must be from 1 to data.canvas_length ({canvas}), "
                f"not {line}"
            )
        if canvas % line:
            raise ValueError(
                f"data.canvas_length ({canvas}) must be a multiple of data.canvas_line_length "
                f"({line}), for example {canvas + -canvas % line}"
            )

    @classmethod
    def of_row(
        cls, max_sequence_length: int, canvas_length: int, line_length: int | None
    ) -> CanvasShape:
        """The shape of a row whose end is the canvas; without a line length there are no slots.

        Raises:
            ValueError: naming the options.
        """
        prompt_length = max_sequence_length - canvas_length
        return cls(prompt_length, canvas_length, 1 if line_length is None else line_length)

    @property
    def num_positions(self) -> int:
        """Positions of the whole row."""
        return self.prompt_length + self.canvas_length


@dataclass(frozen=True, slots=True)
class Canvas:
    """The layout of a row, with the ids that mean something in it.

    Args:
        shape: its sizes.
        pad_id: fills what prompt, draft and answer leave free.
        end_id: ends an answer.
        mask_id: stands at every position of a canvas without a draft.
        line_end_ids: end a line; not looked at where lines have no slots.
    """

    shape: CanvasShape
    pad_id: int
    end_id: int
    mask_id: int
    line_end_ids: frozenset[int] = frozenset()

    @classmethod
    def of_row(
        cls,
        tokenizer: CodeTokenizer,
        max_sequence_length: int,
        canvas_length: int,
        line_length: int | None = None,
    ) -> Canvas:
        """The canvas at the end of a row, with the ids of a tokenizer.

        Raises:
            ValueError: naming the options.
        """
        shape = CanvasShape.of_row(max_sequence_length, canvas_length, line_length)
        line_end_ids: frozenset[int] = frozenset()
        if shape.line_length > 1:
            every = range(tokenizer.vocab_size)
            line_end_ids = frozenset(i for i in every if "\n" in tokenizer.decode([i]))
        return cls(shape, tokenizer.pad_id, tokenizer.end_id, tokenizer.fim_middle_id, line_end_ids)

    def places(self, ids: Sequence[int]) -> list[int]:
        """Where on the canvas each token of a draft or answer stands, and where the next would.

        The last is `canvas_length` or more where there is room for no more.
        """
        if self.shape.line_length == 1:
            return list(range(len(ids) + 1))
        place, places = 0, [0]
        for each in ids:
            place = self._behind(place, each)
            places.append(place)
        return places

    def fits(self, prompt_ids: Sequence[int], draft_ids: Sequence[int] = ()) -> bool:
        """Whether prompt and draft have room; something must be there to read."""
        return (
            len(prompt_ids) <= self.shape.prompt_length
            and self.holds(draft_ids)
            and len(prompt_ids) + len(draft_ids) > 0
        )

    def holds(self, answer_ids: Sequence[int]) -> bool:
        """Whether a draft or answer has room; the end of an answer needs none."""
        return self.places(answer_ids)[-1] <= self.shape.canvas_length

    def row(self, prompt_ids: Sequence[int], draft_ids: Sequence[int] = ()) -> list[int]:
        """The row that the network reads."""
        shape = self.shape
        assert self.fits(prompt_ids, draft_ids), "what has no room is left out before"
        row = [*prompt_ids, *[self.pad_id] * (shape.prompt_length - len(prompt_ids))]
        if not draft_ids:
            return row + [self.mask_id] * shape.canvas_length
        return row + self._laid_out(draft_ids)

    def labels(self, answer_ids: Sequence[int]) -> list[int]:
        """What the canvas shall hold: the answer, the end where there is room, padding."""
        assert self.holds(answer_ids), "what has no room is left out before"
        return self._laid_out(self.with_end(answer_ids))

    def with_end(self, answer_ids: Sequence[int]) -> list[int]:
        """The answer, and its end where there is room for it."""
        has_room = self.places(answer_ids)[-1] < self.shape.canvas_length
        return [*answer_ids, *[self.end_id] * has_room]

    def written(self, answer_ids: Sequence[int], ended: bool) -> tuple[list[int], list[int]]:
        """What was written of an answer, with its end where it has one, and each one's place."""
        ids = self.with_end(answer_ids) if ended else list(answer_ids)
        return ids, self.places(answer_ids)[: len(ids)]

    def answer(self, canvas_ids: Sequence[int]) -> tuple[list[int], bool]:
        """What was written before the first end, or padding where a token is due; and if it is all.

        All there is has an end, or fills the canvas. What stands behind a newline in its slot is
        not read. Laid out again, the answer stands at the places that it was read from.
        """
        place = 0
        ids: list[int] = []
        while place < len(canvas_ids):
            each = canvas_ids[place]
            if each in (self.end_id, self.pad_id):
                return ids, each == self.end_id
            ids.append(each)
            place = self._behind(place, each)
        return ids, True

    def _behind(self, place: int, token_id: int) -> int:
        """The place of the token that follows."""
        place += 1
        is_over = token_id in self.line_end_ids
        return place + -place % self.shape.line_length if is_over else place

    def _laid_out(self, ids: Sequence[int]) -> list[int]:
        laid = [self.pad_id] * self.shape.canvas_length
        for place, each in zip(self.places(ids), ids, strict=False):
            laid[place] = each
        return laid
