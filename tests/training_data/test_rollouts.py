from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy
import pytest
import torch

from lit_coder.training_data.learned_part import OrderPlan
from lit_coder.training_data.mixture import Mixture, MixturePart
from lit_coder.training_data.rollouts import (
    Rollout,
    RolloutPart,
    num_policy_targets,
    rollout_rows,
)
from lit_coder.training_data.round_loader import BatchLayout, RoundLoader
from tests.training_data.parts import example_group, make_sample, tiny_tokenizer


def rollout(number: int, length: int = 3) -> Rollout:
    numbers = tuple(number + place / 10 for place in range(length))
    columns = {"advantages_BT": numbers, "sampling_log_probabilities_BT": numbers}
    return Rollout((1, 2, *range(100 + number, 100 + number + length)), 2, columns)


def part(count: int = 5, passes: int = 1, share: float = 0.5) -> RolloutPart:
    return RolloutPart([rollout(number) for number in range(count)], passes, share)


def labelled(share: float = 0.5) -> MixturePart:
    return MixturePart("labelled", (example_group([((7, 8, 9), 1), ((7, 8, 8, 9), 2)]),), share)


def test_a_sample_becomes_the_tokens_that_were_drawn_with_their_numbers() -> None:
    tokenizer = tiny_tokenizer()
    sample = make_sample(prompt="def f(x):\n", advantages=(2.0, 2.0, 2.0, 2.0))
    (row,) = rollout_rows([sample, make_sample(), make_sample(reward=1.0)], tokenizer, 64)
    prompt = tokenizer.encode("def f(x):\n")
    assert row.ids == (*prompt, 5, 6, 7, tokenizer.end_id)
    assert row.num_targets == 0 and row.num_policy_targets == 4
    assert row.columns["sampling_log_probabilities_BT"] == sample.log_probabilities


def test_a_completion_that_was_cut_has_no_end_token() -> None:
    sample = make_sample(ended=False, log_probabilities=(-0.5, -0.25, -1.0), advantages=(1.0,) * 3)
    (row,) = rollout_rows([sample], tiny_tokenizer(), 64)
    assert row.ids[-3:] == (5, 6, 7)


def test_each_rollout_is_trained_on_once_in_each_pass_and_spread_over_the_steps() -> None:
    order = part(5, passes=2).order(OrderPlan(rows_per_step=4, num_steps=4, key="1/3"))
    steps = [order.rows(step) for step in range(4)]
    assert [len(rows) for rows in steps] == [2, 3, 2, 3] and order.num_left_out == 0
    counts = Counter(row.ids for rows in steps for row in rows)  # type: ignore[attr-defined]
    assert set(counts.values()) == {2} and len(counts) == 5


def test_rollouts_without_a_place_are_counted() -> None:
    order = part(9).order(OrderPlan(rows_per_step=2, num_steps=3, key="1/3"))
    assert order.num_left_out == 3 and sum(len(order.rows(step)) for step in range(3)) == 6


def test_packed_rollouts_are_all_there_and_keep_their_numbers() -> None:
    rollouts = part(7)
    mixture = Mixture([labelled()], 4, 1, 3, packed_positions=9, learned=rollouts, num_steps=2)
    loader = RoundLoader(mixture, BatchLayout(4), 2, pad_id=0)
    found = []
    for batch in loader:
        mask_BT = batch["policy_mask_BT"].bool()
        for name in ("advantages_BT", "sampling_log_probabilities_BT"):
            found += [round(n, 3) for n in batch[name][mask_BT].tolist()]
        first = batch["labels_BT"][mask_BT].float()[::3] - 100
        assert torch.equal(batch["advantages_BT"][mask_BT][::3], first)
    expected = [n + p / 10 for n in range(7) for p in range(3)] * 2
    assert sorted(found) == pytest.approx(sorted(expected))


@pytest.mark.parametrize("packed_positions", [None, 16])
def test_what_rollouts_leave_free_is_filled_with_labelled_rows(
    packed_positions: int | None,
) -> None:
    mixture = Mixture([labelled()], 8, 1, 3, packed_positions, learned=part(1), num_steps=1)
    rows = mixture.rows(0)
    assert len(rows) == 8 and sum(map(bool, map(num_policy_targets, rows))) == 1


def test_sums_are_divided_by_the_tokens_of_the_whole_step() -> None:
    def shares(layout: BatchLayout) -> list[dict[str, float]]:
        mixture = Mixture([labelled()], 8, 1, 3, learned=part(4), num_steps=1)
        names = ("num_policy_targets", "num_language_targets")
        loader = RoundLoader(mixture, layout, 1, pad_id=0)
        return [{name: float(batch[name]) for name in names} for batch in loader]

    (whole,) = shares(BatchLayout(8))
    assert whole["num_policy_targets"] == 12
    assert (
        shares(BatchLayout(2, accumulate=4))
        == [{name: number / 4 for name, number in whole.items()}] * 4
    )


def test_a_micro_batch_without_a_row_is_one_without_labels() -> None:
    mixture = Mixture([], 4, 1, 3, learned=part(1), num_steps=1)
    batches = list(RoundLoader(mixture, BatchLayout(1, accumulate=4), 1, pad_id=0))
    assert [int((batch["labels_BT"] != -100).sum()) for batch in batches].count(0) == 3


def test_worker_processes_give_the_same_rollouts(tmp_path: Path) -> None:
    def batches(num_workers: int) -> list[dict[str, numpy.ndarray]]:
        mixture = Mixture([labelled()], 8, 1, 3, learned=part(4), num_steps=2)
        loader = RoundLoader(mixture, BatchLayout(4, 2), 2, pad_id=0, num_workers=num_workers)
        return [{name: t.numpy() for name, t in batch.items()} for batch in loader]

    for here, there in zip(batches(0), batches(1), strict=True):
        assert here.keys() == there.keys()
        for name in here:
            assert here[name].dtype == there[name].dtype
            numpy.testing.assert_array_equal(here[name], there[name])
