"""Learning from rewards on a canvas: a tiny TRM learns what is rewarded, by gradients as said."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from lit_coder.networks.stablemax import log_stablemax
from lit_coder.networks.trm import TRM, TRMConfig
from lit_coder.networks.trm_refinement import begin_refinement, refine
from lit_coder.objectives.canvas_policy import CanvasBatch, CanvasPolicy, HaltingLoss
from lit_coder.objectives.deep_supervision import DeepSupervision
from lit_coder.objectives.group_advantages import group_advantages
from lit_coder.training_data.examples import IGNORED


def some_rows() -> tuple[Tensor, Tensor, CanvasBatch]:
    """Logits and halting logits of four rows, two of them written by the network."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 5, 7, generator=generator).requires_grad_()
    halt = torch.randn(4, generator=generator).requires_grad_()
    labels = logits.detach().argmax(-1)
    labels[:, 0] = IGNORED
    labels[3, 2] = (labels[3, 2] + 1) % 7
    return (
        logits,
        halt,
        CanvasBatch(
            labels_BL=labels,
            is_policy_B=torch.tensor([True, True, False, False]),
            rewards_B=torch.tensor([1.0, 0.0, torch.nan, torch.nan]),
            advantages_B=torch.tensor([0.5, -0.5, torch.nan, torch.nan]),
        ),
    )


@pytest.mark.parametrize("halting", ["own", "value"])
def test_from_noisy_starts_a_tiny_trm_learns_the_canvas_that_is_rewarded(
    halting: HaltingLoss,
) -> None:
    torch.manual_seed(0)
    sizes: Any = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    cycles: Any = {"num_registers": 1, "num_outer_cycles": 1, "num_inner_cycles": 1}
    network = TRM(TRMConfig(vocab_size=4, sequence_length=2, **sizes, **cycles))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    objective, num_starts = CanvasPolicy(halting=halting), 16
    ids = torch.zeros(num_starts, 2, dtype=torch.long)
    shares = []
    for step in range(60):
        noise = network.start_noise(range(step * num_starts, (step + 1) * num_starts), 1.0)
        before = refine(
            network, begin_refinement(network, ids, network.initial_state(num_starts, noise)), ids
        )
        last = network(before.state, ids)
        written = last.logits_BLV.detach().argmax(-1)
        rewards = (written[:, 0] == 2).float()
        shares.append(float(rewards.mean()))
        batch = CanvasBatch(
            labels_BL=written,
            is_policy_B=torch.ones(num_starts, dtype=torch.bool),
            rewards_B=rewards,
            advantages_B=group_advantages(rewards, torch.zeros(num_starts, dtype=torch.long)),
        )
        optimizer.zero_grad()
        objective(last.logits_BLV, last.halt_B, batch).supervision.total.backward()
        optimizer.step()
    assert shares[0] < 0.6
    assert sum(shares[-10:]) / 10 > 0.95
    # It began at -5: it has come to know that it is right.
    assert float(last.halt_B.detach().mean()) > -4


@pytest.mark.parametrize("cross_entropy", ["stablemax", "softmax"])
def test_rows_of_real_answers_have_the_loss_of_deep_supervision(cross_entropy: Any) -> None:
    logits, halt, batch = some_rows()
    batch["is_policy_B"] = torch.zeros(4, dtype=torch.bool)
    found = CanvasPolicy(cross_entropy)(logits, halt, batch).supervision
    expected = DeepSupervision(cross_entropy)(logits, halt, batch["labels_BL"])
    torch.testing.assert_close(tuple(found), tuple(expected))
    assert found.is_exact_B.tolist() == [True, True, True, False]


def test_the_gradient_of_what_was_written_is_that_of_its_log_probability_by_its_advantage() -> None:
    logits, halt, batch = some_rows()
    weights = torch.ones(4, 5)
    weights[:, 4] = 0.25
    objective = CanvasPolicy(halt_weight=0.0, supervision_coefficient=0.0)
    total = objective(logits, halt, batch, weights).supervision.total
    logs = log_stablemax(logits).gather(-1, batch["labels_BL"].clamp(min=0)[..., None])[..., 0]
    means = (logs * weights)[:, 1:].sum(1) / 3.25
    expected = -(0.5 * means[0] - 0.5 * means[1]) / 4
    (found,) = torch.autograd.grad(total, logits)
    torch.testing.assert_close(found, torch.autograd.grad(expected, logits)[0])
    assert torch.count_nonzero(found[2:]) == 0


def test_only_the_last_supervision_step_of_a_row_teaches_what_was_written() -> None:
    logits, halt, batch = some_rows()
    is_last = torch.tensor([False, True, True, False])
    result = CanvasPolicy(halt_weight=0.0)(logits, halt, batch, None, is_last)
    (found,) = torch.autograd.grad(result.supervision.total, logits)
    assert [bool(row.any()) for row in found] == [False, True, True, True]
    assert result.measures["reward"].tolist() == [0, 1]
    assert result.measures["entropy"][1] == 4


def test_the_halting_head_learns_of_what_was_judged_and_of_nothing_else() -> None:
    logits, halt, batch = some_rows()
    batch["labels_BL"][1, 3] = (batch["labels_BL"][1, 3] + 1) % 7
    total = CanvasPolicy(halt_weight=4.0)(logits, halt, batch).supervision.total
    (found,) = torch.autograd.grad(total, halt)
    targets = torch.tensor([1.0, 0.0, 1.0, 0.0])
    expected = halt.detach().sigmoid() - targets
    # Row 1 now writes something else than what was judged.
    torch.testing.assert_close(found, expected * torch.tensor([1.0, 0.0, 1.0, 1.0]))


def test_as_the_value_it_learns_the_reward_and_is_what_an_advantage_exceeds() -> None:
    logits, halt, batch = some_rows()
    rewards = batch["rewards_B"]
    total = CanvasPolicy(halting="value", halt_weight=4.0)(logits, halt, batch).supervision.total
    found, of_halt = torch.autograd.grad(total, (logits, halt))
    torch.testing.assert_close(of_halt[:2], (halt.detach().sigmoid() - rewards)[:2])
    batch["advantages_B"] = rewards - halt.detach().sigmoid()
    total = CanvasPolicy(halting="own", halt_weight=4.0)(logits, halt, batch).supervision.total
    torch.testing.assert_close(found[:2], torch.autograd.grad(total, logits)[0][:2])


def test_tokens_written_by_other_weights_are_clipped_as_a_gpts_are() -> None:
    logits, halt, batch = some_rows()
    logs = log_stablemax(logits.detach()).gather(-1, batch["labels_BL"].clamp(min=0)[..., None])
    batch["sampling_log_probabilities_BL"] = logs[..., 0] - torch.tensor(
        [[0.3], [0.3], [torch.nan], [torch.nan]]
    )
    result = CanvasPolicy(halt_weight=0.0)(logits, halt, batch)
    (found,) = torch.autograd.grad(result.supervision.total, logits)
    assert [bool(row.any()) for row in found] == [False, True, True, True]
    assert result.measures["clip_share"].tolist() == [4, 8]


@pytest.mark.parametrize(
    ("name", "value"),
    [("cross_entropy", "x"), ("halting", "x"), ("clip_low", 2.0), ("halt_weight", -1.0)],
)
def test_an_impossible_option_is_named(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be .*, not {value}"):
        CanvasPolicy(**{name: value})
