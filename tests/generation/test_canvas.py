"""Prompts, drafts and answers go onto a canvas and come back; so do texts, line by line."""

from __future__ import annotations

import functools

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lit_coder.generation.canvas import Canvas, CanvasShape
from lit_coder.tokenizer import CodeTokenizer, TokenizerPattern

PAD, END, MASK = 0, 1, 2
NEWLINES = frozenset({3, 7})
IDS = st.lists(st.integers(MASK, 99), max_size=12)
ANSWERS = st.lists(st.integers(MASK, 9), max_size=12)


@st.composite
def shapes(draw: st.DrawFn) -> CanvasShape:
    line = draw(st.integers(1, 4))
    return CanvasShape(draw(st.integers(0, 10)), line * draw(st.integers(1, 5)), line)


def canvas_of(shape: CanvasShape) -> Canvas:
    return Canvas(shape, PAD, END, MASK, NEWLINES)


@given(shapes(), IDS, ANSWERS)
def test_prompt_and_draft_stand_at_their_places_in_a_row_of_constant_length(
    shape: CanvasShape, prompt: list[int], draft: list[int]
) -> None:
    canvas = canvas_of(shape)
    assume(canvas.fits(prompt, draft))
    row = canvas.row(prompt, draft)
    assert len(row) == shape.num_positions
    read, written = row[: shape.prompt_length], row[shape.prompt_length :]
    assert read == prompt + [PAD] * (len(read) - len(prompt))
    if draft:
        taken = dict(zip(canvas.places(draft), draft, strict=False))
        assert written == [taken.get(place, PAD) for place in range(shape.canvas_length)]
    else:
        assert written == [MASK] * shape.canvas_length


@given(st.integers(0, 9), st.integers(1, 12), ANSWERS)
def test_without_slots_tokens_stand_one_behind_the_other(
    prompt_length: int, canvas_length: int, answer: list[int]
) -> None:
    canvas = canvas_of(CanvasShape(prompt_length, canvas_length))
    assert canvas.places(answer) == list(range(len(answer) + 1))
    assert canvas.holds(answer) == (len(answer) <= canvas_length)
    if canvas.holds(answer):
        assert canvas.labels(answer) == ([*answer, END] + [PAD] * canvas_length)[:canvas_length]


@given(shapes(), ANSWERS)
def test_every_line_begins_a_slot_and_goes_on_without_a_gap(
    shape: CanvasShape, answer: list[int]
) -> None:
    places = canvas_of(shape).places(answer)
    for place, each, behind in zip(places, answer, places[1:], strict=False):
        if each in NEWLINES:
            assert behind % shape.line_length == 0 and 0 < behind - place <= shape.line_length
        else:
            assert behind == place + 1


@given(shapes(), ANSWERS)
def test_an_answer_comes_back_whole_from_its_labels(shape: CanvasShape, answer: list[int]) -> None:
    canvas = canvas_of(shape)
    assume(canvas.holds(answer))
    labels = canvas.labels(answer)
    assert len(labels) == shape.canvas_length
    assert canvas.answer(labels) == (answer, True)
    assert canvas.with_end(answer) == [each for each in labels if each != PAD]
    # Some tokenizers pad with their end token.
    ending = Canvas(shape, END, END, MASK, NEWLINES)
    assert ending.answer(ending.labels(answer)) == (answer, True)


@given(shapes(), st.data())
def test_an_answer_is_read_from_the_places_that_it_would_be_laid_out_at(
    shape: CanvasShape, data: st.DataObject
) -> None:
    length = shape.canvas_length
    written = data.draw(st.lists(st.integers(0, 4), min_size=length, max_size=length))
    canvas = canvas_of(shape)
    answer, is_whole = canvas.answer(written)
    assert PAD not in answer and END not in answer and canvas.holds(answer)
    *places, stop = canvas.places(answer)
    assert [written[place] for place in places] == answer
    behind = written[stop] if stop < length else None
    assert behind in (PAD, END, None) and is_whole == (behind != PAD)
    # What is not read decides on nothing.
    read = {*places, stop}
    others = [each if place in read else PAD for place, each in enumerate(written)]
    assert canvas.answer(others) == (answer, is_whole)


@given(shapes(), IDS, ANSWERS)
def test_what_has_no_room_or_says_nothing_does_not_fit(
    shape: CanvasShape, prompt: list[int], draft: list[int]
) -> None:
    line, num_taken, count = shape.line_length, 0, 0
    for place, each in enumerate(draft):
        count += 1
        if each in NEWLINES or place == len(draft) - 1:
            num_taken, count = num_taken + -(-count // line), 0
    too_long = len(prompt) > shape.prompt_length or num_taken * line > shape.canvas_length
    assert canvas_of(shape).fits(prompt, draft) == (not too_long and bool(prompt or draft))


@functools.cache
def tokenizer_of(vocab_size: int, pattern: TokenizerPattern) -> CodeTokenizer:
    texts = ["\n    x = (x*2)%10\n    x = (x^6)%10\n    return x", "if x:\n\n\n        y()\r\n"] * 9
    return CodeTokenizer.train(texts, vocab_size, pattern)


KINDS: list[tuple[int, TokenizerPattern]] = [
    (261, "indent"),
    (320, "indent"),
    (320, "gpt2"),
    (320, "line"),
]
LINES = st.lists(
    st.sampled_from(["", "    ", "    x = (x*2)%10", "        y()", "é"])
    | st.text(st.characters(codec="utf-8"), max_size=8),
    max_size=6,
)


@pytest.mark.parametrize(("vocab_size", "pattern"), KINDS)
@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(1, 9))
@settings(deadline=None)
def test_every_text_that_has_room_comes_back(
    vocab_size: int,
    pattern: TokenizerPattern,
    lines: list[str],
    newline: str,
    is_closed: bool,
    line_length: int,
) -> None:
    text = newline.join(lines) + newline * is_closed
    tokenizer = tokenizer_of(vocab_size, pattern)
    canvas = Canvas.of_row(tokenizer, 25 * line_length, 24 * line_length, line_length)
    ids = tokenizer.encode(text)
    assume(canvas.holds(ids))
    answer, is_whole = canvas.answer(canvas.labels(ids))
    assert is_whole and tokenizer.decode(answer) == text


def test_an_edit_of_a_line_moves_no_other_line() -> None:
    tokenizer = tokenizer_of(261, "indent")
    canvas = Canvas.of_row(tokenizer, 40, 40, 8)

    def slots(text: str) -> list[str]:
        ids = canvas.labels(tokenizer.encode(text))
        return [tokenizer.decode(ids[first : first + 8]) for first in range(0, 40, 8)]

    before, after = "a = 1\nb = 2\nc = 3\n", "a = 1\nb = 234\nc = 3\n"
    assert slots(before) == ["a = 1\n", "b = 2\n", "c = 3\n", "", ""]
    assert slots(after) == ["a = 1\n", "b = 234\n", "c = 3\n", "", ""]
    long = "a = 1\nb = 23456\nc = 3\n"
    assert slots(long) == ["a = 1\n", "b = 2345", "6\n", "c = 3\n", ""]
    assert canvas.labels(tokenizer.encode(before))[24] == tokenizer.end_id


def test_a_token_that_holds_a_newline_and_an_indentation_ends_its_line() -> None:
    tokenizer = tokenizer_of(320, "indent")
    ids = tokenizer.encode("\n    return x")
    assert tokenizer.decode(ids[:1]) == "\n    "
    assert Canvas.of_row(tokenizer, 32, 32, 8).places(ids)[:2] == [0, 8]


@pytest.mark.parametrize(("prompt_length", "canvas_length"), [(16, 0), (-4, 20), (0, -1)])
def test_a_canvas_that_cannot_be_names_its_option(prompt_length: int, canvas_length: int) -> None:
    with pytest.raises(ValueError, match=rf"data\.canvas_length .* not {canvas_length}$"):
        CanvasShape(prompt_length, canvas_length)


@pytest.mark.parametrize("line_length", [0, -3, 25])
def test_lines_longer_than_the_canvas_or_of_no_length_are_refused(line_length: int) -> None:
    with pytest.raises(
        ValueError,
        match=rf"data\.canvas_line_length must be from 1 to .* \(24\), not {line_length}",
    ):
        CanvasShape(8, 24, line_length)


def test_a_canvas_that_is_no_whole_number_of_lines_names_one_that_is() -> None:
    with pytest.raises(
        ValueError,
        match=r"^data\.canvas_length \(24\) must be a multiple of data\.canvas_line_length \(7\), "
        r"for example 28$",
    ):
        CanvasShape(8, 24, 7)
