"""Solved problems as rows: of a model that writes on, and of one that fills a canvas."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.generation.canvas import Canvas
from lit_coder.generation.contract import Prompt
from lit_coder.modules.trm_module import TRMModule
from lit_coder.problems.sudoku import SUDOKU
from lit_coder.training_data.data_module import POOL_FOLDER
from lit_coder.training_data.examples import IGNORED, collate
from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.problem_rows import CanvasRows, SequenceRows, Solved, prompt_of
from tests.training_data.parts import attached, make_sample, sudoku_data, tiny_data, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
PROMPT_LENGTH, CANVAS_LENGTH = 12, 16
CANVAS = Canvas.of_row(TOKENIZER, PROMPT_LENGTH + CANVAS_LENGTH, CANVAS_LENGTH)
IN_LINES = Canvas.of_row(TOKENIZER, PROMPT_LENGTH + CANVAS_LENGTH, CANVAS_LENGTH, line_length=4)
TEXTS = st.text(st.characters(codec="utf-8") | st.just("\n"), max_size=6)
boards_data = partial(sudoku_data, steps_per_round=3, num_validation=6)
SOLVED = st.builds(Solved, st.integers(1, 3), TEXTS, TEXTS, TEXTS)


def places_of(text: str, canvas: Canvas) -> int:
    return canvas.places(TOKENIZER.encode(text))[-1]


def fits(solved: Solved, canvas: Canvas) -> bool:
    has_room = places_of(solved.prompt, CANVAS) <= PROMPT_LENGTH and all(
        places_of(text, canvas) <= CANVAS_LENGTH for text in (solved.draft, solved.answer)
    )
    return has_room and bool(solved.prompt or solved.draft)


@pytest.mark.parametrize("canvas", [CANVAS, IN_LINES], ids=["packed", "in lines"])
@given(solved=st.lists(SOLVED, max_size=5))
@settings(deadline=None)
def test_answers_come_back_from_the_canvas_and_what_does_not_fit_is_counted(
    canvas: Canvas, solved: list[Solved]
) -> None:
    groups, num_left_out = CanvasRows(TOKENIZER, canvas).groups(iter(solved))
    fitting = [each for each in solved if fits(each, canvas)]
    assert num_left_out == len(solved) - len(fitting)
    difficulties = sorted({each.difficulty for each in fitting})
    assert len(groups) == len(difficulties)
    for group, difficulty in zip(groups, difficulties, strict=True):
        wanted = [each for each in fitting if each.difficulty == difficulty]
        batch = collate([group[number] for number in range(len(group))], TOKENIZER.pad_id)
        for each, ids, labels in zip(
            wanted, batch["ids_BT"].tolist(), batch["labels_BT"].tolist(), strict=True
        ):
            prompt, draft = TOKENIZER.encode(each.prompt), TOKENIZER.encode(each.draft)
            assert ids == canvas.row(prompt, draft)
            answer, is_whole = canvas.answer(labels[PROMPT_LENGTH:])
            assert is_whole and TOKENIZER.decode(answer) == each.answer


def test_a_prompt_fits_a_canvas_as_its_rows_do() -> None:
    rows = CanvasRows(TOKENIZER, CANVAS)
    most = (5,) * PROMPT_LENGTH
    assert rows.fits(Prompt(most)) and rows.fits(Prompt((), draft_ids=(5,) * CANVAS_LENGTH))
    assert not rows.fits(Prompt((*most, 5))) and not rows.fits(Prompt(()))
    assert not rows.fits(Prompt(most, draft_ids=(5,) * (CANVAS_LENGTH + 1)))


def test_a_sequence_needs_a_token_to_go_on_from_and_room_for_one() -> None:
    rows = SequenceRows(TOKENIZER, max_length=8)
    assert [rows.fits(Prompt((5,) * length)) for length in (0, 1, 7, 8)] == [
        False,
        True,
        True,
        False,
    ]


def test_sequences_hold_prompt_answer_and_end_and_read_no_draft() -> None:
    rows = SequenceRows(TOKENIZER, max_length=32)
    solved = [
        Solved(2, "def f(x):\n", "    return x\n", "anything"),
        Solved(1, "def g(x):\n", "    return 1\n"),
        Solved(1, "", "x" * 40),
    ]
    groups, num_left_out = rows.groups(solved)
    assert num_left_out == 1 and [len(group) for group in groups] == [1, 1]
    for group, each in zip(groups, (solved[1], solved[0]), strict=True):
        batch = collate([group[0]], TOKENIZER.pad_id)
        labels = batch["labels_BT"][0]
        written = labels[labels != IGNORED].tolist()
        assert written == [*TOKENIZER.encode(each.answer), TOKENIZER.end_id]
        assert TOKENIZER.decode(batch["ids_BT"][0].tolist()) == each.prompt + each.answer


def test_a_problem_and_its_sample_say_the_same_about_the_draft() -> None:
    problem = SUDOKU.sample(1, Random(0))
    by_reference = Solved.by_reference(problem)
    sample = make_sample(
        difficulty=1, prompt="", completion=problem.reference or "", draft=problem.draft
    )
    assert Solved.by_sample(sample) == by_reference
    assert by_reference == Solved(1, "", problem.reference or "", problem.draft)
    prompt = prompt_of(problem, TOKENIZER, "7/x")
    assert prompt.stream == "7/x" and prompt.ids == ()
    assert TOKENIZER.decode(prompt.draft_ids) == problem.draft


def test_batches_for_a_canvas_have_one_shape(tmp_path: Path) -> None:
    mixed = {"families": ["sudoku", "arithmetic"], "difficulties": [1, 2], "num_labelled": 40}
    data = attached(boards_data(**mixed, max_sequence_length=192, canvas_length=64), tmp_path)
    for batch in data.train_dataloader():
        assert batch["ids_BT"].shape == batch["labels_BT"].shape == (4, 192)
        assert (batch["labels_BT"][:, :128] == IGNORED).all()
        assert (batch["labels_BT"][:, 128:] != IGNORED).all()
    shapes = [tuple(batch["ids_BT"].shape[1:]) for batch in data.val_dataloader()]
    assert set(shapes) == {(192,)}


def test_accepted_samples_keep_their_draft_in_the_next_round(tmp_path: Path) -> None:
    problem = SUDOKU.sample(1, Random(0))
    sample = make_sample(prompt="", completion=problem.reference or "", draft=problem.draft)
    version = SamplePool.create(tmp_path / POOL_FOLDER, "run").commit([sample], 1)
    data = attached(boards_data(labelled_share=0.01).at_round(1, version), tmp_path)
    canvas = data.canvas
    assert canvas is not None
    row = canvas.row((), data.tokenizer.encode(problem.draft))
    labels = canvas.labels(data.tokenizer.encode(problem.reference or ""))
    for batch in data.train_dataloader():
        is_sample = (batch["ids_BT"] == torch.tensor(row)).all(1)
        assert is_sample.sum() == 3
        assert batch["labels_BT"][is_sample].tolist() == [labels] * 3


def test_the_canvas_is_part_of_what_a_round_hands_on() -> None:
    data = boards_data()
    assert data.canvas == data.at_round(1, 1).canvas is not None
    assert isinstance(data.rows, CanvasRows)
    plain = tiny_data()
    assert plain.canvas is None and isinstance(plain.rows, SequenceRows)


def test_rows_in_lines_are_those_that_the_model_reads_and_their_room_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = {"families": ["repair"], "difficulties": [2, 3], "held_out_difficulties": [2]}
    sizes = {"max_sequence_length": 128, "canvas_length": 80, "canvas_line_length": 20}
    data = attached(boards_data(**lines, **sizes), tmp_path)
    module = TRMModule(
        hidden_size=8,
        num_attention_heads=1,
        vocab_size=data.vocab_size,
        max_position_embeddings=128,
        canvas_length=80,
        canvas_line_length=20,
    )
    module.tokenizer = data.tokenizer
    assert data.canvas == module.generator().canvas
    references = {
        data.tokenizer.decode(data.tokenizer.encode(p.reference or ""))
        for p in data.problems.labelled
    }
    for batch in data.train_dataloader():
        for ids, labels in zip(batch["ids_BT"], batch["labels_BT"][:, 48:], strict=True):
            assert data.canvas is not None
            answer, is_whole = data.canvas.answer(labels.tolist())
            draft, _ = data.canvas.answer(ids[48:].tolist())
            text, buggy = data.tokenizer.decode(answer), data.tokenizer.decode(draft)
            assert is_whole and text in references and text.count("\n") == buggy.count("\n") == 3
            # A line that was made longer or shorter has moved no other.
            starts = [48 + place for place in (0, 20, 40, 60)]
            assert (ids[starts] != data.tokenizer.pad_id).all()
    # Pipelines of three operations have a line too many.
    assert "data.canvas_length (80, in lines of data.canvas_line_length 20)" in caplog.text


@pytest.mark.parametrize(
    ("lengths", "sentence"),
    [
        ((16, 5), r"data\.canvas_length \(16\) must be a multiple of data\.canvas_line_length"),
        ((16, 0), r"data\.canvas_line_length must be from 1 to data\.canvas_length \(16\), not 0"),
        ((None, 4), r"data\.canvas_line_length \(4\) cuts .*; set data\.canvas_length, or leave"),
    ],
)
def test_lines_that_do_not_make_a_canvas_are_refused(
    lengths: tuple[int | None, int], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        boards_data(canvas_length=lengths[0], canvas_line_length=lengths[1])


@pytest.mark.parametrize("length", [0, 17])
def test_a_canvas_longer_than_a_row_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"data\.canvas_length must be from 1 to .* \(16\)"):
        boards_data(canvas_length=length)


def test_solutions_without_room_on_the_canvas_are_named_as_too_long(tmp_path: Path) -> None:
    data = attached(boards_data(canvas_length=8), tmp_path)
    sentence = r"data\.canvas_length \(8\), or the prompt than the other 8 of data\.max_"
    with pytest.raises(ValueError, match=sentence):
        data.train_dataloader()
