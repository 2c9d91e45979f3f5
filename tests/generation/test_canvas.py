"""Prompts, drafts and answers go onto a canvas and come back."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lit_coder.generation.canvas import Canvas, CanvasShape

PAD, END, MASK = 0, 1, 2
IDS = st.lists(st.integers(MASK, 99), max_size=12)
SHAPES = st.builds(CanvasShape, st.integers(0, 10), st.integers(1, 10))


def canvas_of(shape: CanvasShape) -> Canvas:
    return Canvas(shape, pad_id=PAD, end_id=END, mask_id=MASK)


@given(SHAPES, IDS, IDS)
def test_prompt_and_draft_stand_at_their_places_in_a_row_of_constant_length(
    shape: CanvasShape, prompt: list[int], draft: list[int]
) -> None:
    assume(shape.fits(prompt, draft))
    row = canvas_of(shape).row(prompt, draft)
    assert len(row) == shape.num_positions
    read, canvas = row[: shape.prompt_length], row[shape.prompt_length :]
    assert read == prompt + [PAD] * (len(read) - len(prompt))
    if draft:
        assert canvas == draft + [PAD] * (len(canvas) - len(draft))
    else:
        assert canvas == [MASK] * shape.canvas_length


@given(SHAPES, IDS)
def test_an_answer_comes_back_whole_from_its_labels(shape: CanvasShape, answer: list[int]) -> None:
    assume(len(answer) <= shape.canvas_length)
    canvas = canvas_of(shape)
    labels = canvas.labels(answer)
    assert len(labels) == shape.canvas_length
    assert canvas.answer(labels) == (answer, True)


@given(SHAPES, st.data())
def test_an_answer_ends_before_the_first_end_or_padding(
    shape: CanvasShape, data: st.DataObject
) -> None:
    length = shape.canvas_length
    written = data.draw(st.lists(st.integers(0, 4), min_size=length, max_size=length))
    answer, is_whole = canvas_of(shape).answer(written)
    assert PAD not in answer and END not in answer
    assert answer == written[: len(answer)]
    stop = written[len(answer)] if len(answer) < length else None
    assert stop in (PAD, END, None) and is_whole == (stop != PAD)


@given(SHAPES, IDS, IDS)
def test_what_has_no_room_or_says_nothing_does_not_fit(
    shape: CanvasShape, prompt: list[int], draft: list[int]
) -> None:
    too_long = len(prompt) > shape.prompt_length or len(draft) > shape.canvas_length
    assert shape.fits(prompt, draft) == (not too_long and bool(prompt or draft))


@pytest.mark.parametrize(("prompt_length", "canvas_length"), [(16, 0), (-4, 20), (0, -1)])
def test_a_canvas_that_cannot_be_names_its_option(prompt_length: int, canvas_length: int) -> None:
    with pytest.raises(ValueError, match=rf"data\.canvas_length .* not {canvas_length}$"):
        CanvasShape(prompt_length, canvas_length)
