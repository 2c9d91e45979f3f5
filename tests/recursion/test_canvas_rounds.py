"""Rounds in which a TRM learns from the rewards of the canvases that it wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

from lit_coder.modules.trm_module import TRMModule
from lit_coder.objectives.canvas_policy import CanvasPolicy
from lit_coder.recursion.policy_checks import PolicyFacts, require_fitting_policy
from lit_coder.recursion.round_settings import fitting_policy
from tests.recursion.tiny_policy import policy_data, policy_recursion
from tests.recursion.tiny_run import make_trainer, records_in, samples_in


class Batches(pl.Callback):
    """Every training batch."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, index: int) -> None:
        self.seen.append(batch)


@pytest.mark.parametrize("line_length", [None, 8])
def test_a_round_of_canvases_is_rewarded_and_the_next_one_learns_from_it(
    tmp_path: Path, line_length: int | None
) -> None:
    torch.manual_seed(0)
    sizes = {"canvas_length": 24, "canvas_line_length": line_length, "max_sequence_length": 96}
    data = policy_data(1, **sizes)
    module = TRMModule(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_registers=1,
        num_outer_cycles=1,
        num_inner_cycles=1,
        supervision_steps=1,
        warmup_steps=1,
        vocab_size=data.vocab_size,
        max_position_embeddings=96,
        canvas_length=24,
        canvas_line_length=line_length,
        average_decay=0.0,
        objective=CanvasPolicy(),
    )
    batches = Batches()
    recursion = policy_recursion(every_n_steps=1)
    trainer = make_trainer(tmp_path, recursion, batches, max_steps=2)
    trainer.fit(module, datamodule=data)
    first, last = batches.seen[0], batches.seen[-1]
    assert "is_policy_B" not in first
    assert last["is_policy_B"].any()
    policy = records_in(tmp_path)[1].policy
    assert policy is not None
    assert policy["rollouts"] > 0
    assert policy["reward"] == pytest.approx(policy["reward_mean"], abs=1.0)
    # Canvases are written again as they were written.
    assert policy["log_probability_difference"] < 1e-4 and policy["clip_share"] == 0
    samples = samples_in(tmp_path, records_in(tmp_path)[0].pool_version)
    assert {sample.num_steps for sample in samples} == {1}


@pytest.mark.parametrize("halting", ["own", "value"])
def test_a_halting_head_that_is_the_value_learns_from_all_problems(halting: Any) -> None:
    options = {"canvas_length": 24, "hidden_size": 16, "num_attention_heads": 2}
    module = TRMModule(**options, objective=CanvasPolicy(halting=halting))  # type: ignore[arg-type]
    settings = policy_recursion()._settings
    assert fitting_policy(module, settings).learning.keeps_all == (halting == "value")


@pytest.mark.parametrize(
    ("name", "value", "option"),
    [
        ("temperature", 0.5, "recursion.temperature"),
        ("has_solver", True, "recursion.solver"),
        ("has_repairer", True, "recursion.repairer"),
        ("wants_values", True, "recursion.advantages"),
        ("learns_from", "accepted", "data.learns_from"),
    ],
)
def test_what_does_not_fit_a_policy_of_canvases_is_refused_by_its_name(
    name: str, value: Any, option: str
) -> None:
    fitting = PolicyFacts("rollouts", 0.5, 1.0, 0, 1.0, False, False, False, False)
    require_fitting_policy(CanvasPolicy(), fitting)
    with pytest.raises(ValueError, match=option):
        require_fitting_policy(CanvasPolicy(), fitting._replace(**{name: value}))
