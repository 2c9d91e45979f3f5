"""Direct preference optimization against its closed form."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from lit_coder.objectives.measure_totals import MeasureTotals
from lit_coder.objectives.preference import Preference, PreferenceBatch, sequence_log_probabilities
from lit_coder.training_data.examples import IGNORED


def some_pairs(num_pairs: int = 3) -> tuple[Tensor, Tensor, PreferenceBatch]:
    generator = torch.Generator().manual_seed(2)
    rows = 2 * num_pairs
    hidden = torch.randn(rows, 7, 4, generator=generator, dtype=torch.float64).requires_grad_()
    weight = torch.randn(9, 4, generator=generator, dtype=torch.float64).requires_grad_()
    labels = torch.randint(0, 9, (rows, 7), generator=generator)
    labels[:, :2] = IGNORED
    labels[1::2, 5:] = IGNORED
    reference = sequence_log_probabilities(hidden, weight, labels).detach()
    reference = reference + torch.randn(rows, generator=generator)
    return (
        hidden,
        weight,
        PreferenceBatch(labels_BT=labels, reference_log_probabilities_B=reference),
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("chunk_tokens", [None, 5])
@pytest.mark.parametrize("banned", [(), (9, 10)])
def test_loss_and_gradient_are_those_of_the_closed_form(
    smoothing: float, chunk_tokens: int | None, banned: tuple[int, ...]
) -> None:
    hidden, weight, batch = some_pairs()
    if banned:
        weight = torch.cat((weight.detach(), 3 * weight.detach()[:2])).requires_grad_()
        batch["banned_ids_K"] = torch.tensor(banned)
    beta, labels = 0.3, batch["labels_BT"]
    is_label = labels != IGNORED
    logs = (hidden @ weight.mT)[..., :9].log_softmax(-1)
    sums = (logs.gather(-1, labels.clamp(min=0)[..., None])[..., 0] * is_label).sum(1)
    rewards = beta * (sums - batch["reference_log_probabilities_B"])
    margins = (rewards[0::2] - rewards[1::2]).detach()
    # -d/dm of (1 - e) log s(m) + e log s(-m), with s' = s (1 - s).
    pulls = -(1 - smoothing) * torch.sigmoid(-margins) + smoothing * torch.sigmoid(margins)
    of_sums = torch.stack((pulls, -pulls), 1).flatten() * beta / 3
    expected = torch.autograd.grad(sums, (hidden, weight), of_sums)
    losses = (1 - smoothing) * torch.log1p(torch.exp(-margins))
    losses += smoothing * torch.log1p(torch.exp(margins))

    result = Preference(beta, smoothing, chunk_tokens=chunk_tokens)(hidden, weight, batch)
    torch.testing.assert_close(result.total.double(), losses.mean(), atol=1e-6, rtol=1e-6)
    found = torch.autograd.grad(result.total, (hidden, weight))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


def test_at_the_reference_the_loss_is_log_2_and_chosen_and_rejected_pull_alike() -> None:
    hidden, weight, batch = some_pairs()
    sums = sequence_log_probabilities(hidden, weight, batch["labels_BT"])
    batch["reference_log_probabilities_B"] = sums.detach()
    result = Preference()(hidden, weight, batch)
    assert float(result.total.detach()) == pytest.approx(math.log(2), rel=1e-6)
    (found,) = torch.autograd.grad(result.total, hidden, retain_graph=True)
    signs = torch.tensor([1.0, -1.0] * 3, dtype=torch.float64)
    (expected,) = torch.autograd.grad(sums, hidden, -0.1 * 0.5 / 3 * signs)
    torch.testing.assert_close(found, expected, atol=1e-7, rtol=1e-5)


def test_pairs_in_micro_batches_have_the_gradient_and_the_measures_of_the_whole() -> None:
    hidden, weight, batch = some_pairs(4)
    objective, totals = Preference(), MeasureTotals()
    whole = objective(hidden, weight, batch)
    (expected,) = torch.autograd.grad(whole.total, weight)
    found = torch.zeros_like(weight)
    for rows in (slice(0, 2), slice(2, 8)):
        part = PreferenceBatch(
            labels_BT=batch["labels_BT"][rows],
            reference_log_probabilities_B=batch["reference_log_probabilities_B"][rows],
            num_pairs=torch.tensor(4 / 2),
        )
        result = objective(hidden[rows], weight, part)
        totals.add(result.measures)
        found += torch.autograd.grad(result.total / 2, weight)[0]
    torch.testing.assert_close(found, expected, atol=1e-7, rtol=1e-5)
    means = {name: float(pair[0] / pair[1]) for name, pair in whole.measures.items()}
    assert totals.take() == pytest.approx(means, rel=1e-5)
    assert set(means) >= {"accuracy", "margin", "chosen_reward", "rejected_reward"}


def test_training_on_pairs_makes_the_chosen_likelier_than_the_rejected() -> None:
    hidden, weight, batch = some_pairs()
    weight = weight.detach().requires_grad_()
    optimizer = torch.optim.SGD([weight], lr=0.5)
    for _ in range(30):
        optimizer.zero_grad()
        result = Preference(beta=0.5)(hidden.detach(), weight, batch)
        result.total.backward()
        optimizer.step()
    totals = MeasureTotals()
    totals.add(result.measures)
    means = totals.take()
    assert means["accuracy"] == 1
    assert means["margin"] > 1
    assert means["chosen_reward"] > means["rejected_reward"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beta", 0.0),
        ("label_smoothing", 0.5),
        ("language_model_coefficient", -1.0),
        ("chunk_tokens", 0),
    ],
)
def test_an_impossible_option_is_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be .*, not {value}"):
        Preference(**{name: value})  # type: ignore[arg-type]
