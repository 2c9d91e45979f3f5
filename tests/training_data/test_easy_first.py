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
    "round, expected", [(0, {1}), (1, {1}), (2, {1, 2}), (4, {1, 2, 4}), (99, {1, 2, 4})]
)
def test_another_difficulty_joins_after_so_many_rounds(round: int, expected: set[int]) -> None:
    now = easy_first(LABELLED, round, rounds_per_difficulty=2)
    assert {problem.difficulty for problem in now} == expected
    assert list(now) == [each for each in LABELLED if each.difficulty in expected]


def test_without_it_all_are_there_from_the_start() -> None:
    assert easy_first(LABELLED, 0, rounds_per_difficulty=0) == LABELLED


def test_a_round_is_made_of_what_has_joined(tmp_path: Path) -> None:
    data = tiny_data(
        difficulties=[1, 4], rounds_per_difficulty=1, steps_per_round=5, max_sequence_length=200
    )
    longest = []
    for round in (0, 1):
        now = attached(data.at_round(round, EMPTY_VERSION), tmp_path)
        counts = [(batch["labels_BT"] >= 0).sum(1) for batch in now.train_dataloader()]
        longest.append(max(int(each.max()) for each in counts))
    assert longest[0] < longest[1]


def test_a_negative_number_of_rounds_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"data\.rounds_per_difficulty .*-1"):
        CodeDataModule(rounds_per_difficulty=-1)
