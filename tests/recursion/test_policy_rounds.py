"""Rounds that learn from rewards and from pairs: real Trainer, sandbox, pool and checkpoints."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

from lit_coder.objectives.policy_gradient import PolicyGradient
from lit_coder.objectives.preference import Preference
from lit_coder.recursion.advantages import ValueAdvantages
from lit_coder.recursion.rewards import AllVisibleTests
from lit_coder.trainer.checkpoint import RunCheckpoint
from tests.recursion.tiny_policy import (
    policy_data,
    policy_fit,
    policy_module,
    policy_recursion,
)
from tests.recursion.tiny_run import fit, make_recursion, records_in, samples_in


class Batches(pl.Callback):
    """Every training batch, and the network's weights before it."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.weights: list[list[torch.Tensor]] = []

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, index: int) -> None:
        self.seen.append(batch)
        self.weights.append([p.detach().clone() for p in module.network.parameters()])


def weights(trainer: pl.Trainer) -> list[torch.Tensor]:
    return [p.detach().clone() for p in trainer.lightning_module.parameters()]


def test_the_first_rounds_predict_tokens_and_later_ones_train_on_what_was_sampled(
    tmp_path: Path,
) -> None:
    batches = Batches()
    policy_fit(tmp_path, batches, max_steps=4)
    first, last = batches.seen[0], batches.seen[-1]
    assert "policy_mask_BT" not in first
    mask_BT = last["policy_mask_BT"].bool()
    assert mask_BT.any() and last["advantages_BT"][mask_BT].abs().sum() > 0
    sampled = [
        s for s in samples_in(tmp_path, records_in(tmp_path)[0].pool_version) if s.advantages
    ]
    drawn = {round(n, 4) for s in sampled for n in s.log_probabilities}
    trained = last["sampling_log_probabilities_BT"][mask_BT].tolist()
    assert {round(n, 4) for n in trained} <= drawn


def test_training_gives_what_was_sampled_the_probability_that_sampling_gave_it(
    tmp_path: Path,
) -> None:
    policy_fit(
        tmp_path, recursion=policy_recursion(every_n_steps=1), data=policy_data(1), max_steps=2
    )
    measured = records_in(tmp_path)[1].policy
    assert measured is not None
    assert measured["log_probability_difference"] < 1e-4 and measured["clip_share"] == 0


def test_a_round_says_how_its_rollouts_were_rewarded(tmp_path: Path) -> None:
    policy_fit(tmp_path, max_steps=4)
    policy = records_in(tmp_path)[1].policy
    assert policy is not None
    assert policy["rollouts"] == 16 and policy["groups"] == 4 and policy["dropped"] == 0
    assert 0 < policy["reward_mean"] < 1 and policy["reward_deviation"] > 0
    assert {"entropy", "clip_share", "sampling_kl", "truncated_share"} <= policy.keys()


@pytest.mark.parametrize("name", ["groups", "values", "reference", "pairs"])
def test_a_run_that_is_gone_on_with_ends_as_the_one_that_was_not_broken_off(
    tmp_path: Path, name: str
) -> None:
    def parts() -> dict[str, Any]:
        if name == "values":
            data = policy_data(batch_size=8)
            return {
                "data": data,
                "module": policy_module(data, value_head="shared"),
                "recursion": policy_recursion(advantages=ValueAdvantages()),
            }
        if name == "pairs":
            lines = tmp_path / "mine.jsonl"
            lines.write_text(
                '{"prompt": "def f(x):\\n", "chosen": "    return x", "rejected": "    pass"}\n' * 8
            )
            data = policy_data(learns_from="pairs", preference_file=str(lines), batch_size=8)
            module = policy_module(data, objective=Preference())
            return {"data": data, "module": module, "recursion": policy_recursion()}
        data = policy_data(batch_size=8)
        objective = PolicyGradient(kl_coefficient=0.1 if name == "reference" else 0.0)
        module = policy_module(data, objective=objective)
        return {"data": data, "module": module, "recursion": policy_recursion()}

    checkpoint = RunCheckpoint(every_n_train_steps=1, every_n_minutes=0, keep_last_n=99)
    whole = weights(policy_fit(tmp_path, **parts(), max_steps=8, checkpoint=checkpoint))
    of_whole = [record.policy for record in records_in(tmp_path)]
    # In the middle of a round: its measures go on, too.
    saved = tmp_path / "checkpoints" / "step-00000005.ckpt"
    resumed = weights(policy_fit(tmp_path, **parts(), max_steps=8, ckpt_path=saved))
    assert all(map(torch.equal, whole, resumed))
    assert [record.policy for record in records_in(tmp_path)] == of_whole


def test_a_users_pairs_are_compared_with_the_weights_at_the_first_round_that_writes(
    tmp_path: Path,
) -> None:
    lines = tmp_path / "mine.jsonl"
    lines.write_text(
        '{"prompt": "def f(x):\\n", "chosen": "    return x", "rejected": "    pass"}\n' * 8
    )
    data = policy_data(
        learns_from="pairs", preference_file=str(lines), batch_size=8, start_after_steps=2
    )
    module, batches = policy_module(data, objective=Preference()), Batches()
    recursion = policy_recursion(start_after_steps=2, num_problems=0)
    policy_fit(tmp_path, batches, data=data, module=module, recursion=recursion, max_steps=4)
    assert ["is_paired_B" in batch for batch in batches.seen] == [False, False, True, True]
    assert module.learning is not None and module.learning.reference is not None
    reference = list(module.learning.reference.parameters())
    assert [all(map(torch.equal, reference, each)) for each in batches.weights] == [
        *(False, False, True, False)
    ]


def test_where_too_few_problems_have_spread_further_ones_are_drawn_up_to_the_limit(
    tmp_path: Path,
) -> None:
    """An untrained model solves nothing: no problem has spread."""
    recursion = policy_recursion(reward=AllVisibleTests(), min_groups=2, max_extra_problems=3)
    policy_fit(tmp_path, recursion=recursion, max_steps=2)
    policy = records_in(tmp_path)[0].policy
    assert policy is not None
    assert policy["further_problems"] == 3 and policy["groups"] == 7
    assert policy["without_spread_share"] == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"temperature": 0.8}, "recursion.temperature must be 1.0 with"),
        ({"top_k": 5}, "recursion.top_k must be 0 with"),
    ],
)
def test_a_policy_is_sampled_from_as_it_is(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        policy_fit(tmp_path, recursion=policy_recursion(**changes))


def test_values_need_a_value_head(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"set model\.init_args\.value_head"):
        policy_fit(tmp_path, recursion=policy_recursion(advantages=ValueAdvantages()))


class CpuSeconds(pl.Callback):
    """What each round takes this process beside its phases, in processor seconds."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, index: int) -> None:
        self.ends.append(time.process_time())


def test_rewards_rise_in_rounds_of_one_step_that_have_next_to_no_cost_of_their_own(
    tmp_path: Path,
) -> None:
    """Set-up, commit and hand-over: half a second is allowed."""
    clock, data = CpuSeconds(), policy_data(1, batch_size=40, labelled_share=0.2)
    recursion = policy_recursion(every_n_steps=1, num_problems=8, measure_every_n_rounds=100)
    checkpoint = RunCheckpoint(every_n_train_steps=100, every_n_minutes=0)
    objective = PolicyGradient(language_model_coefficient=0.0)
    module = policy_module(data, objective=objective, learning_rate=0.03)
    parts = {"data": data, "module": module, "recursion": recursion, "checkpoint": checkpoint}
    policy_fit(tmp_path, clock, **parts, max_steps=24)
    rounds = [later - earlier for earlier, later in pairwise(clock.ends[2:])]
    assert sorted(rounds)[len(rounds) // 2] < 0.5
    rewards = [record.policy["reward_mean"] for record in records_in(tmp_path) if record.policy]
    assert sum(rewards[-3:]) / 3 > sum(rewards[:3]) / 3 + 0.15


def test_every_nth_round_is_measured_and_the_last_one(tmp_path: Path) -> None:
    fit(tmp_path, recursion=make_recursion(num_problems=0, measure_every_n_rounds=2), max_steps=6)
    records = records_in(tmp_path)
    assert [r.held_out is not None for r in records] == [False, True, True]
    assert [r.validation_loss is not None for r in records] == [False, True, True]
