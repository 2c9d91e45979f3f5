"""Labelled Sudoku boards are trained on as random images of themselves."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

import pytest

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.problem import Answer, Problem
from lit_coder.problems.sudoku_grid import SHAPES, solve
from lit_coder.training_data.pool import EMPTY_VERSION
from lit_coder.training_data.problem_set import ProblemOptions, ProblemSet
from lit_coder.training_data.sudoku_images import with_images
from tests.training_data.parts import attached, checksum, sudoku_data, tiny_data

images_data = partial(sudoku_data, num_labelled=4, num_symmetries=3, labelled_share=1.0)


def problem_set(difficulty: int, *families: str, num_labelled: int = 4) -> ProblemSet:
    options = ProblemOptions(
        families=families or ("sudoku",),
        difficulties=(difficulty,),
        num_labelled=num_labelled,
        held_out_difficulties=(difficulty,),
        num_held_out=1,
        num_validation=1,
    )
    return ProblemSet.build(options, seed=0)


def images(problems: ProblemSet, count: int, round: int = 0) -> list[Problem]:
    return list(with_images(problems.labelled, problems, count, round))


@pytest.mark.parametrize("difficulty", [1, 2])
def test_every_board_stands_there_as_so_many_other_boards(difficulty: int) -> None:
    problems = problem_set(difficulty)
    found = images(problems, 5)
    assert len(found) == 5 * len(problems.labelled)
    drafts = {each.draft for each in found} - {each.draft for each in problems.labelled}
    assert len(drafts) > 15
    for each in found:
        assert each.tests == Answer("sudoku", each.draft, each.reference or "")
        assert solve(SHAPES[len(each.draft)], each.draft) == each.reference


@pytest.mark.parametrize("difficulty", [2, 3])
def test_from_6x6_on_an_image_counts_as_its_board(difficulty: int) -> None:
    problems = problem_set(difficulty, num_labelled=1)
    found = images(problems, 3)
    assert set(map(behaviour, found)) == set(map(behaviour, problems.labelled))
    assert all(solve(SHAPES[len(each.draft)], each.draft) == each.reference for each in found)


def test_a_4x4_image_that_is_measured_is_left_out() -> None:
    problems = problem_set(1)
    made = images(problems, 30)
    measured = made[7], made[100]
    held_out = dataclasses.replace(problems, held_out=measured[:1], validation=measured[1:])
    left = images(held_out, 30)
    assert 0 < len(left) < len(made)
    assert not set(map(behaviour, left)) & set(map(behaviour, measured))
    assert [each for each in made if each.draft not in {m.draft for m in measured}] == left


def test_rounds_draw_other_images_and_a_problem_always_the_same_ones() -> None:
    problems = problem_set(1)
    first, again, second = images(problems, 3), images(problems, 3), images(problems, 3, round=1)
    assert first == again
    assert not {each.draft for each in first} & {each.draft for each in second}
    alone = with_images(problems.labelled[2:3], problems, 3, round=0)
    assert list(alone) == first[6:9]


def test_what_is_no_sudoku_stays_as_it_is() -> None:
    problems = problem_set(1, "sudoku", "maze")
    others = [each for each in problems.labelled if each.source == "maze"]
    found = images(problems, 4)
    assert [each for each in found if each.source == "maze"] == others
    assert len(found) == len(others) + 4 * (len(problems.labelled) - len(others))
    assert images(problems, 0) == list(problems.labelled)


def test_a_board_in_the_prompt_is_another_one_too() -> None:
    problems = problem_set(1)
    written = tuple(
        dataclasses.replace(p, prompt=f"# fill {p.draft}\n", draft="", reference=f"{p.reference}\n")
        for p in problems.labelled
    )
    found = images(dataclasses.replace(problems, labelled=written), 2)
    for each, image in zip(found, images(problems, 2), strict=True):
        assert (each.prompt, each.reference) == (f"# fill {image.draft}\n", f"{image.reference}\n")


def test_a_board_that_is_written_otherwise_is_named() -> None:
    problems = problem_set(1)
    lines = tuple(
        dataclasses.replace(each, prompt=f"{each.draft[:8]}\n{each.draft[8:]}\n", draft="")
        for each in problems.labelled
    )
    with pytest.raises(ValueError, match=rf"data\.num_symmetries: {lines[0].task_id} writes"):
        images(dataclasses.replace(problems, labelled=lines), 2)


def test_without_a_sudoku_the_option_is_refused(tmp_path: Path) -> None:
    data = attached(tiny_data(num_symmetries=4), tmp_path)
    with pytest.raises(ValueError, match=r"data\.num_symmetries is 4, but none of the 12 labelled"):
        data.train_dataloader()
    with pytest.raises(ValueError, match=r"data\.num_symmetries must be 0 or more, not -1"):
        tiny_data(num_symmetries=-1)
    # Where nothing is labelled, the option is not what is wrong.
    assert images(dataclasses.replace(problem_set(1), labelled=()), 4) == []


def test_each_round_trains_on_images_of_its_own(tmp_path: Path) -> None:
    first = attached(images_data(), tmp_path)
    batches = [checksum([batch]) for batch in first.train_dataloader()]
    second = attached(first.at_round(1, EMPTY_VERSION), tmp_path)
    handed_on = [checksum([batch]) for batch in second.train_dataloader()]
    resumed = attached(images_data(), tmp_path)
    resumed.load_state_dict(second.state_dict())
    assert [checksum([batch]) for batch in resumed.train_dataloader()] == handed_on != batches
    drafts = []
    for data in (first, second):
        ids = [row.tolist() for batch in data.train_dataloader() for row in batch["ids_BT"]]
        drafts.append({data.tokenizer.decode(row) for row in ids})
    assert not drafts[0] & drafts[1]


def test_devices_share_the_rows_that_one_has(tmp_path: Path) -> None:
    whole = attached(images_data(), tmp_path).train_dataloader()
    halves = [
        attached(images_data(batch_size=2), tmp_path, world_size=2, rank=rank).train_dataloader()
        for rank in (0, 1)
    ]
    rows = [sorted(row.tolist() for row in batch["ids_BT"]) for batch in whole]
    shared = [
        sorted(row.tolist() for batch in batches for row in batch["ids_BT"])
        for batches in zip(*halves, strict=True)
    ]
    assert rows == shared
