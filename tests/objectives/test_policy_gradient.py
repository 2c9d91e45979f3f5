"""The clipped policy gradient: what it teaches, and that its gradient is the one it says."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from lit_coder.objectives.group_advantages import AdvantageKind, group_advantages
from lit_coder.objectives.measure_totals import MeasureTotals
from lit_coder.objectives.next_token import NextToken
from lit_coder.objectives.policy_gradient import PolicyBatch, PolicyGradient
from lit_coder.training_data.examples import IGNORED


def some_batch(
    rows: int = 4, length: int = 6, vocab: int = 11, dtype: torch.dtype = torch.float32
) -> tuple[Tensor, Tensor, PolicyBatch]:
    """Features, output layer and tokens: sampled ones, real ones and none, from other weights."""
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype)

    hidden, weight = normal(rows, length, 5).requires_grad_(), normal(vocab, 5).requires_grad_()
    labels = torch.randint(0, vocab, (rows, length), generator=generator)
    labels[:, 0] = IGNORED
    mask = torch.rand(rows, length, generator=generator) < 0.6
    now = (hidden @ weight.mT).detach().log_softmax(-1)
    now = now.gather(-1, labels.clamp(min=0)[..., None])[..., 0]
    batch = PolicyBatch(
        labels_BT=labels,
        policy_mask_BT=mask,
        advantages_BT=normal(rows, length),
        sampling_log_probabilities_BT=now + 0.4 * normal(rows, length),
        reference_log_probabilities_BT=now + 0.4 * normal(rows, length),
        returns_BT=normal(rows, length),
        values_BT=normal(rows, length),
    )
    return hidden, weight, batch


def rows_of(batch: PolicyBatch, rows: slice) -> PolicyBatch:
    cut: Any = {name: value[rows] for name, value in batch.items()}  # type: ignore[index]
    return PolicyBatch(**cut)


def gradients_of(
    objective: PolicyGradient, hidden: Tensor, weight: Tensor, batch: PolicyBatch
) -> tuple[Tensor, ...]:
    return torch.autograd.grad(objective(hidden, weight, batch).total, (hidden, weight))


@pytest.mark.parametrize("kind", ["grpo", "rloo", "mean"])
def test_a_bandit_learns_the_arm_that_is_rewarded(kind: AdvantageKind) -> None:
    torch.manual_seed(0)
    policy = torch.zeros(3, 1, requires_grad=True)
    optimizer = torch.optim.Adam([policy], lr=0.05)
    objective, features = PolicyGradient(), torch.ones(8, 1, 1)
    for _ in range(100):
        log_probabilities = policy.detach()[:, 0].log_softmax(0)
        arms = log_probabilities.exp().multinomial(8, replacement=True)
        groups = torch.zeros(8, dtype=torch.long)
        advantages = group_advantages((arms == 1).float(), groups, kind)
        batch = PolicyBatch(
            labels_BT=arms[:, None],
            policy_mask_BT=torch.ones(8, 1, dtype=torch.bool),
            advantages_BT=advantages[:, None],
            sampling_log_probabilities_BT=log_probabilities[arms][:, None],
        )
        for _ in range(2):  # The second step learns from what other weights sampled.
            optimizer.zero_grad()
            objective(features, policy, batch).total.backward()
            optimizer.step()
    assert float(policy.detach()[:, 0].softmax(0)[1]) > 0.95


@pytest.mark.parametrize("kind", ["grpo", "rloo", "mean"])
def test_equal_rewards_teach_exactly_nothing(kind: AdvantageKind) -> None:
    hidden, weight, batch = some_batch(rows=7)
    advantages = group_advantages(torch.full((7,), 0.1), torch.zeros(7, dtype=torch.long), kind)
    batch["advantages_BT"] = advantages[:, None].expand(7, 6)
    objective = PolicyGradient(language_model_coefficient=0.0)
    for gradient in gradients_of(objective, hidden, weight, batch):
        assert torch.count_nonzero(gradient) == 0


@pytest.mark.parametrize("chunk_tokens", [None, 4])
def test_an_advantage_of_1_everywhere_is_supervised_learning(chunk_tokens: int | None) -> None:
    hidden, weight, batch = some_batch()
    labels = batch["labels_BT"]
    sampled = PolicyBatch(
        labels_BT=labels,
        policy_mask_BT=torch.ones_like(labels, dtype=torch.bool),
        advantages_BT=torch.ones(labels.shape),
    )
    found = gradients_of(PolicyGradient(chunk_tokens=chunk_tokens), hidden, weight, sampled)
    expected = torch.autograd.grad(NextToken()(hidden, weight, labels), (hidden, weight))
    torch.testing.assert_close(found, expected)


def test_weighted_by_their_probability_two_steps_give_the_gradient_of_the_expected_reward() -> None:
    torch.manual_seed(0)
    # The features of the first step, and of the second behind either token.
    states = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 2, dtype=torch.float64, requires_grad=True)
    paths = torch.tensor(list(itertools.product(range(2), repeat=2)))
    rewards = torch.tensor([0.0, 1.0, 0.25, -0.5], dtype=torch.float64)
    visited = torch.stack((torch.zeros(4, dtype=torch.long), 1 + paths[:, 0]), 1)

    def expected_reward(states: Tensor) -> Tensor:
        logs = (states @ weight.mT).log_softmax(-1)
        return (logs[visited, paths].sum(1).exp() * rewards).sum()

    logs = (states @ weight.mT).log_softmax(-1)[visited, paths].detach()
    batch = PolicyBatch(
        labels_BT=paths,
        policy_mask_BT=torch.ones(4, 2, dtype=torch.bool),
        advantages_BT=(logs.sum(1).exp() * rewards)[:, None].expand(4, 2),
        sampling_log_probabilities_BT=logs,
        num_policy_targets=torch.tensor(1.0),
    )
    loss = PolicyGradient()(states[visited], weight, batch).total
    found = torch.autograd.grad(-loss, (states, weight))
    exact = torch.autograd.grad(expected_reward(states), (states, weight))
    torch.testing.assert_close(found, exact, atol=1e-6, rtol=1e-6)
    step = torch.zeros_like(states)
    for place in itertools.product(range(3), range(2)):
        step.zero_()[place] = 1e-5
        change = expected_reward(states + step) - expected_reward(states - step)
        assert float(found[0][place]) == pytest.approx(float(change.detach()) / 2e-5, abs=1e-6)


@pytest.mark.parametrize("banned", [(), (11, 12)])
@pytest.mark.parametrize("chunk_tokens", [None, 5])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_loss_and_gradient_with_all_parts_are_those_of_the_plain_formula(
    chunk_tokens: int | None, temperature: float, banned: tuple[int, ...]
) -> None:
    hidden, weight, batch = some_batch(dtype=torch.float64)
    if banned:
        weight = torch.cat((weight.detach(), 3 * weight.detach()[:2])).requires_grad_()
        batch["banned_ids_K"] = torch.tensor(banned)
    values = batch["values_BT"].detach() + 0.3
    values.requires_grad_()
    labels, advantages = batch["labels_BT"].clamp(min=0)[..., None], batch["advantages_BT"]
    is_label = batch["labels_BT"] != IGNORED
    is_policy = batch["policy_mask_BT"] & is_label
    is_language = is_label & ~is_policy

    logits = hidden @ weight.mT
    log_p = (logits[..., :11] / temperature).log_softmax(-1)
    entropy = -(log_p.exp() * log_p).sum(-1)
    log_of_label = log_p.gather(-1, labels)[..., 0]
    ratio = (log_of_label - batch["sampling_log_probabilities_BT"]).exp()
    surrogate = torch.minimum(ratio * advantages, ratio.clamp(0.9, 1.2) * advantages)
    excess = batch["reference_log_probabilities_BT"] - log_of_label
    policy = -surrogate + 0.3 * (excess.exp() - 1 - excess) - 0.2 * entropy
    near = batch["values_BT"] + (values - batch["values_BT"]).clamp(-0.1, 0.1)
    errors = [(each - batch["returns_BT"]).square() for each in (values, near)]
    policy = policy + 0.7 * torch.maximum(*errors) / 2
    language = -logits.log_softmax(-1).gather(-1, labels)[..., 0]
    expected = policy[is_policy].mean() + 0.4 * language[is_language].mean()

    objective = PolicyGradient(0.1, 0.2, 0.3, 0.2, 0.4, 0.7, 0.1, temperature, chunk_tokens)
    result = objective(hidden, weight, batch, values)
    torch.testing.assert_close(result.total, expected, atol=1e-6, rtol=1e-6)
    for ours, theirs in zip(
        torch.autograd.grad(result.total, (hidden, weight, values)),
        torch.autograd.grad(expected, (hidden, weight, values)),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-6)
    found = {name: float(pair[0] / pair[1]) for name, pair in result.measures.items()}
    entropy, surrogate, language = entropy.detach(), surrogate.detach(), language.detach()
    assert found["entropy"] == pytest.approx(float(entropy[is_policy].mean()), rel=1e-5)
    assert found["policy_loss"] == pytest.approx(float(-surrogate[is_policy].mean()), rel=1e-5)
    assert found["language_model_loss"] == pytest.approx(
        float(language[is_language].mean()), rel=1e-5
    )
    is_held = (surrogate != ratio * advantages)[is_policy]
    assert found["clip_share"] == pytest.approx(float(is_held.double().mean()), rel=1e-5)
    assert 0 < found["clip_share"] < 1


@pytest.mark.parametrize("rows", [1, 2])
def test_micro_batches_have_the_gradient_and_the_measures_of_the_whole(rows: int) -> None:
    hidden, weight, batch = some_batch()
    objective = PolicyGradient(kl_coefficient=0.1, entropy_coefficient=0.01, chunk_tokens=7)
    whole, totals = objective(hidden, weight, batch), MeasureTotals()
    expected = torch.autograd.grad(whole.total, (hidden, weight))
    number = 4 // rows
    is_label = batch["labels_BT"] != IGNORED
    is_policy = is_label & batch["policy_mask_BT"]
    sums = [torch.zeros_like(hidden), torch.zeros_like(weight)]
    for start in range(0, 4, rows):
        part = rows_of(batch, slice(start, start + rows))
        part["num_policy_targets"] = is_policy.sum() / number
        part["num_language_targets"] = (is_label & ~is_policy).sum() / number
        result = objective(hidden[start : start + rows], weight, part)
        totals.add(result.measures)
        gradients = torch.autograd.grad(result.total / number, (hidden, weight))
        sums = [total + gradient for total, gradient in zip(sums, gradients, strict=True)]
    torch.testing.assert_close(sums, list(expected), atol=1e-6, rtol=1e-5)
    means = {name: float(pair[0] / pair[1]) for name, pair in whole.measures.items()}
    assert totals.take() == pytest.approx(means, rel=1e-5)
    assert totals.take() == {}


def test_a_token_beyond_its_bound_teaches_nothing_and_one_that_goes_back_does() -> None:
    hidden, weight, batch = some_batch()
    now = functional.linear(hidden, weight).detach().log_softmax(-1)
    now = now.gather(-1, batch["labels_BT"].clamp(min=0)[..., None])[..., 0]
    batch["policy_mask_BT"] = torch.ones_like(batch["policy_mask_BT"])
    batch["advantages_BT"] = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]]).expand(4, 6)
    change = torch.tensor([[0.3], [-0.3], [-0.3], [0.3]])
    batch["sampling_log_probabilities_BT"] = now - change
    gradient, _ = gradients_of(PolicyGradient(), hidden, weight, batch)
    assert torch.count_nonzero(gradient[:2]) == 0
    assert torch.count_nonzero(gradient[2:, 1:]) == gradient[2:, 1:].numel()


def test_a_batch_of_real_data_alone_or_of_nothing_is_no_fault() -> None:
    hidden, weight, batch = some_batch()
    batch["policy_mask_BT"] = torch.zeros_like(batch["policy_mask_BT"])
    found = gradients_of(PolicyGradient(language_model_coefficient=1.0), hidden, weight, batch)
    supervised = NextToken()(hidden, weight, batch["labels_BT"])
    torch.testing.assert_close(found, torch.autograd.grad(supervised, (hidden, weight)))
    batch["labels_BT"] = torch.full_like(batch["labels_BT"], IGNORED)
    result = PolicyGradient()(hidden, weight, batch)
    assert float(result.total.detach()) == 0
    for gradient in torch.autograd.grad(result.total, (hidden, weight)):
        assert torch.count_nonzero(gradient) == 0


def test_what_stands_beside_sampled_tokens_is_not_read() -> None:
    hidden, weight, batch = some_batch()
    objective = PolicyGradient(kl_coefficient=0.1)
    expected = gradients_of(objective, hidden, weight, batch)
    is_policy = batch["policy_mask_BT"] & (batch["labels_BT"] != IGNORED)
    for name in ("advantages_BT", "sampling_log_probabilities_BT"):
        batch[name] = batch[name].masked_fill(~is_policy, torch.nan)  # type: ignore[literal-required]
    torch.testing.assert_close(gradients_of(objective, hidden, weight, batch), expected)


def test_under_autocast_gradients_stay_near_those_of_float32() -> None:
    hidden, weight, batch = some_batch(vocab=300)
    expected = gradients_of(PolicyGradient(), hidden, weight, batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = PolicyGradient()(hidden, weight, batch)
    assert result.total.dtype == torch.float32
    for ours, theirs in zip(
        torch.autograd.grad(result.total, (hidden, weight)), expected, strict=True
    ):
        assert ours.dtype == torch.float32
        assert float((ours - theirs).norm() / theirs.norm()) < 0.05


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("clip_low", 1.5),
        ("clip_high", -0.1),
        ("kl_coefficient", -1.0),
        ("entropy_coefficient", -1.0),
        ("language_model_coefficient", -1.0),
        ("value_coefficient", -1.0),
        ("value_clip", 0.0),
        ("temperature", 0.0),
        ("chunk_tokens", 0),
    ],
)
def test_an_impossible_option_is_named(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be .*, not {value}"):
        PolicyGradient(**{name: value})


def test_a_divergence_without_a_reference_is_refused_with_the_remedy() -> None:
    hidden, weight, batch = some_batch()
    del batch["reference_log_probabilities_BT"]
    with pytest.raises(ValueError, match=r"kl_coefficient 0\.1 needs .* set it to 0"):
        PolicyGradient(kl_coefficient=0.1)(hidden, weight, batch)
