"""Labelled problems come in by difficulty, the easiest first."""

from __future__ import annotations

from pathlib import Path

import pytest

from lit_coder.problems.registry import problem_family
from lit_coder.problems.sampling import SplitPlan, split_problems
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.easy_first import easy_first
from lit_coder.training_data.pool import EMPTY_VERSION
from tests.training_data.parts import attached, tiny_data

LABELLED = split_problems(
    [problem_family("arithmetic")], SplitPlan(30, (1, 2, 4), 3, (2,)), seed=0
).labelled


@pytest.mark.parametrize(
    "round, expected", [(0, {1}), (1, {1}), (2, {1, 2}), (5, {1, 2, 4}), (99, {1, 2, 4})]
)
def test_another_difficulty_joins_in_each_of_these_rounds(round: int, expected: set[int]) -> None:
    now = easy_first(LABELLED, round, difficulty_rounds=(2, 5))
    assert {problem.difficulty for problem in now} == expected
    assert list(now) == [each for each in LABELLED if each.difficulty in expected]


def test_without_it_all_are_there_from_the_start() -> None:
    assert easy_first(LABELLED, 0, difficulty_rounds=()) == LABELLED


def test_a_round_is_made_of_what_has_joined(tmp_path: Path) -> None:
    data = tiny_data(
        difficulties=[1, 4], difficulty_rounds=[1], steps_per_round=5, max_sequence_length=200
    )
    longest = []
    for round in (0, 1):
        now = attached(data.at_round(round, EMPTY_VERSION), tmp_path)
        counts = [(batch["labels_BT"] >= 0).sum(1) for batch in now.train_dataloader()]
        longest.append(max(int(each.max()) for each in counts))
    assert longest[0] < longest[1]


def test_difficulties_beyond_the_rounds_come_with_the_last() -> None:
    now = easy_first(LABELLED, 2, difficulty_rounds=(2,))
    assert {problem.difficulty for problem in now} == {1, 2, 4}


@pytest.mark.parametrize("rounds", [[3, 2], [0], [-1]])
def test_rounds_that_do_not_rise_are_refused_by_name(rounds: list[int]) -> None:
    with pytest.raises(ValueError, match=r"data\.difficulty_rounds"):
        CodeDataModule(difficulty_rounds=rounds)
