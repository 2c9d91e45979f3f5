from __future__ import annotations

import math

import pytest
import torch

from lit_coder.objectives.next_token import NextToken
from lit_coder.training_data.examples import IGNORED


def test_the_loss_is_the_mean_over_learned_tokens_worked_out_by_hand() -> None:
    # Probabilities of the labels: 1/2 and 1/4; the third position is not learned.
    logits = torch.tensor([[[0.0, 0.0], [math.log(1.0), math.log(3.0)], [5.0, -5.0]]])
    labels = torch.tensor([[1, 0, IGNORED]])
    expected = (math.log(2) + math.log(4)) / 2
    assert float(NextToken()(logits, labels)) == pytest.approx(expected, rel=1e-6)


def test_each_learned_token_weighs_the_same_in_rows_of_different_length() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 5)
    labels = torch.tensor([[1, 2, 3, 4], [2, IGNORED, IGNORED, IGNORED]])
    log_probabilities = logits.log_softmax(-1)
    picked = [*log_probabilities[0, range(4), [1, 2, 3, 4]], log_probabilities[1, 0, 2]]
    expected = -sum(float(value) for value in picked) / 5
    assert float(NextToken()(logits, labels)) == pytest.approx(expected, rel=1e-6)


def test_ignored_positions_have_exactly_no_gradient_and_learned_ones_have_one() -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 5, 7, requires_grad=True)
    labels = torch.randint(0, 7, (3, 5))
    labels[0, :3] = labels[2] = IGNORED
    NextToken()(logits, labels).backward()
    assert logits.grad is not None
    assert torch.count_nonzero(logits.grad[labels == IGNORED]) == 0
    assert (logits.grad[labels != IGNORED].abs().sum(-1) > 0).all()


def test_a_batch_with_nothing_to_learn_gives_zero_and_no_gradient() -> None:
    logits = torch.randn(1, 3, 4, requires_grad=True)
    loss = NextToken()(logits, torch.full((1, 3), IGNORED))
    loss.backward()
    assert loss.item() == 0.0
    assert logits.grad is not None and torch.count_nonzero(logits.grad) == 0


def test_half_precision_logits_are_summed_in_float32() -> None:
    torch.manual_seed(0)
    logits = torch.randn(4, 64, 32)
    labels = torch.randint(0, 32, (4, 64))
    low = NextToken()(logits.bfloat16(), labels)
    assert low.dtype == torch.float32
    assert float(low) == pytest.approx(float(NextToken()(logits, labels)), rel=5e-3)
