"""The loss of a supervision step."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lit_coder.objectives.deep_supervision import DeepSupervision, stablemax_cross_entropy


def some_logits(num_rows: int = 3, length: int = 5, vocab_size: int = 7) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return 3 * torch.randn(num_rows, length, vocab_size, generator=generator)


def labels_met(logits_BLV: Tensor) -> Tensor:
    return logits_BLV.argmax(-1)


def test_stablemax_is_linear_above_0_and_its_reciprocal_below() -> None:
    logits_BLV = torch.tensor([[[0.0, 1.0, -3.0]]])
    total = 1 + 2 + 1 / 4
    for label, score in enumerate((1, 2, 1 / 4)):
        loss = stablemax_cross_entropy(logits_BLV, torch.tensor([[label]]))
        assert loss.item() == pytest.approx(-torch.tensor(score / total).log().item(), rel=1e-6)


def test_stablemax_in_float32_is_that_in_float64() -> None:
    logits_BLV = 30 * some_logits(8, 50)
    labels_BL = torch.arange(400).view(8, 50) % 7
    wide = logits_BLV.double()
    scores = torch.where(wide < 0, 1 / (1 - wide), wide + 1)
    picked = scores.gather(-1, labels_BL[..., None])[..., 0]
    expected = -(picked / scores.sum(-1)).log()
    found = stablemax_cross_entropy(logits_BLV, labels_BL)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("value", [-1e30, -1.0, 0.0, 1.0, 1e30])
def test_no_logit_has_a_gradient_that_is_not_a_number(value: float) -> None:
    logits_BLV = torch.full((1, 1, 3), value, requires_grad=True)
    stablemax_cross_entropy(logits_BLV, torch.tensor([[1]])).sum().backward()
    assert logits_BLV.grad is not None
    assert logits_BLV.grad.isfinite().all()


def test_the_gradient_at_0_is_that_of_both_sides() -> None:
    gradients = []
    for value in (-1e-6, 0.0, 1e-6):
        logits_BLV = torch.full((1, 1, 2), value, requires_grad=True)
        stablemax_cross_entropy(logits_BLV, torch.tensor([[0]])).sum().backward()
        assert logits_BLV.grad is not None
        gradients.append(logits_BLV.grad)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(gradients[1], gradients[2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cross_entropy", ["stablemax", "softmax"])
def test_each_sequence_counts_the_same_however_many_labels_it_has(cross_entropy: str) -> None:
    objective = DeepSupervision(cross_entropy)  # type: ignore[arg-type]
    logits_BLV, halt_B = some_logits(), torch.zeros(3)
    labels_BL = torch.ones(3, 5, dtype=torch.long)
    labels_BL[1, 1:] = -100
    rows = [objective(logits_BLV[[i]], halt_B[[i]], labels_BL[[i]]).lm for i in range(3)]
    loss = objective(logits_BLV, halt_B, labels_BL)
    torch.testing.assert_close(loss.lm, torch.stack(rows).mean())


def test_softmax_is_the_usual_cross_entropy() -> None:
    logits_BLV, labels_BL = some_logits(), torch.ones(3, 5, dtype=torch.long)
    loss = DeepSupervision("softmax")(logits_BLV, torch.zeros(3), labels_BL)
    torch.testing.assert_close(
        loss.lm, F.cross_entropy(logits_BLV.flatten(0, 1), labels_BL.flatten())
    )


def test_a_position_without_label_has_no_part_in_anything() -> None:
    logits_BLV = some_logits().requires_grad_()
    labels_BL = labels_met(logits_BLV)
    labels_BL[:, 2] = -100
    loss = DeepSupervision()(logits_BLV, torch.zeros(3), labels_BL)
    loss.total.backward()
    assert logits_BLV.grad is not None
    assert not logits_BLV.grad[:, 2].any()
    assert loss.is_exact_B.all()
    assert loss.num_labels_B.tolist() == [4, 4, 4]


def test_a_row_without_labels_costs_nothing_and_is_exact() -> None:
    logits_BLV = some_logits(1).requires_grad_()
    loss = DeepSupervision()(logits_BLV, torch.zeros(1), torch.full((1, 5), -100))
    loss.total.backward()
    assert loss.lm.item() == 0
    assert loss.is_exact_B.tolist() == [True]
    assert logits_BLV.grad is not None
    assert not logits_BLV.grad.any()


def test_halting_is_learned_from_exactness_and_counts_half() -> None:
    logits_BLV = some_logits(2)
    labels_BL = labels_met(logits_BLV)
    labels_BL[1, 3] = (labels_BL[1, 3] + 1) % 7
    halt_B = torch.tensor([0.3, -1.2])
    loss = DeepSupervision()(logits_BLV, halt_B, labels_BL)
    assert loss.is_exact_B.tolist() == [True, False]
    assert loss.num_correct_B.tolist() == [5, 4]
    expected = -(torch.sigmoid(halt_B[0]).log() + torch.sigmoid(-halt_B[1]).log()) / 2
    torch.testing.assert_close(loss.halt, expected)
    torch.testing.assert_close(loss.total, loss.lm + 0.5 * loss.halt)
    other = DeepSupervision(halt_weight=2.0)(logits_BLV, halt_B, labels_BL)
    torch.testing.assert_close(other.total, loss.lm + 2 * loss.halt)


def test_weights_are_shares_of_a_sequence_and_light_labels_need_not_be_met() -> None:
    logits_BLV = some_logits(1)
    labels_BL = labels_met(logits_BLV)
    labels_BL[0, 4] = (labels_BL[0, 4] + 1) % 7
    weights_BL = torch.tensor([[1.0, 1, 1, 1, 0.25]])
    loss = DeepSupervision()(logits_BLV, torch.zeros(1), labels_BL, weights_BL)
    losses_BL = stablemax_cross_entropy(logits_BLV, labels_BL)
    torch.testing.assert_close(loss.lm, (losses_BL * weights_BL).sum() / 4.25)
    assert loss.is_exact_B.tolist() == [True]
    assert loss.num_labels_B.tolist() == [4]
    full = DeepSupervision()(logits_BLV, torch.zeros(1), labels_BL)
    assert full.is_exact_B.tolist() == [False]


def test_half_precision_logits_are_computed_in_float32() -> None:
    logits_BLV = some_logits().bfloat16()
    labels_BL = torch.ones(3, 5, dtype=torch.int32)
    loss = DeepSupervision()(logits_BLV, torch.zeros(3).bfloat16(), labels_BL)
    expected = DeepSupervision()(logits_BLV.float(), torch.zeros(3), labels_BL)
    assert loss.total.dtype == torch.float32
    assert loss.total == expected.total


def test_an_impossible_option_is_named() -> None:
    with pytest.raises(ValueError, match=r"model\.init_args\.cross_entropy"):
        DeepSupervision("sparsemax")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"model\.init_args\.halt_weight"):
        DeepSupervision(halt_weight=-1.0)
