"""Solved problems as rows: of a model that writes on, and of one that fills a canvas."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.generation.canvas import Canvas, CanvasShape
from lit_coder.generation.contract import Prompt
from lit_coder.problems.sudoku import SUDOKU
from lit_coder.training_data.data_module import POOL_FOLDER, CodeDataModule
from lit_coder.training_data.examples import IGNORED, collate
from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.problem_rows import CanvasRows, SequenceRows, Solved, prompt_of
from tests.training_data.parts import attached, make_sample, tiny_data, tiny_tokenizer

TOKENIZER = tiny_tokenizer()
PROMPT_LENGTH, CANVAS_LENGTH = 12, 16
CANVAS = Canvas(
    CanvasShape(PROMPT_LENGTH, CANVAS_LENGTH),
    TOKENIZER.pad_id,
    TOKENIZER.end_id,
    TOKENIZER.fim_middle_id,
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
SOLVED = st.builds(Solved, st.integers(1, 3), TEXTS, TEXTS, TEXTS)


def length_of(text: str) -> int:
    return len(TOKENIZER.encode(text))


def fits(solved: Solved) -> bool:
    prompt, draft, answer = map(length_of, (solved.prompt, solved.draft, solved.answer))
    has_room = prompt <= PROMPT_LENGTH and max(draft, answer) <= CANVAS_LENGTH
    return has_room and prompt + draft > 0


@given(st.lists(SOLVED, max_size=5))
@settings(deadline=None)
def test_answers_come_back_from_the_canvas_and_what_does_not_fit_is_counted(
    solved: list[Solved],
) -> None:
    groups, num_left_out = CanvasRows(TOKENIZER, CANVAS).groups(iter(solved))
    fitting = [each for each in solved if fits(each)]
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
            assert ids == CANVAS.row(prompt, draft)
            answer, is_whole = CANVAS.answer(labels[PROMPT_LENGTH:])
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


def sudoku_data(**changes: Any) -> CodeDataModule:
    options: dict[str, Any] = {
        "families": ["sudoku"],
        "difficulties": [1],
        "held_out_difficulties": [1],
        "tokenizer_vocab_size": 261,
        "max_sequence_length": 16,
        "canvas_length": 16,
        "steps_per_round": 3,
        "num_validation": 6,
    }
    return tiny_data(**(options | changes))


def test_batches_for_a_canvas_have_one_shape(tmp_path: Path) -> None:
    mixed = {"families": ["sudoku", "arithmetic"], "difficulties": [1, 2], "num_labelled": 40}
    data = attached(sudoku_data(**mixed, max_sequence_length=192, canvas_length=64), tmp_path)
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
    data = attached(sudoku_data(labelled_share=0.01).at_round(1, version), tmp_path)
    canvas = data.canvas
    assert canvas is not None
    row = canvas.row((), data.tokenizer.encode(problem.draft))
    labels = canvas.labels(data.tokenizer.encode(problem.reference or ""))
    for batch in data.train_dataloader():
        is_sample = (batch["ids_BT"] == torch.tensor(row)).all(1)
        assert is_sample.sum() == 3
        assert batch["labels_BT"][is_sample].tolist() == [labels] * 3


def test_the_canvas_is_part_of_what_a_round_hands_on() -> None:
    data = sudoku_data()
    assert data.canvas == data.at_round(1, 1).canvas is not None
    assert isinstance(data.rows, CanvasRows)
    plain = tiny_data()
    assert plain.canvas is None and isinstance(plain.rows, SequenceRows)


@pytest.mark.parametrize("length", [0, 17])
def test_a_canvas_longer_than_a_row_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=r"data\.canvas_length must be from 1 to .* \(16\)"):
        sudoku_data(canvas_length=length)


def test_solutions_without_room_on_the_canvas_are_named_as_too_long(tmp_path: Path) -> None:
    data = attached(sudoku_data(canvas_length=8), tmp_path)
    with pytest.raises(ValueError, match="every labelled solution is longer than"):
        data.train_dataloader()
