"""Log-probabilities of labels: in chunks, with gradients, and the same as when sampling."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from lit_coder.generation.contract import Prompt, SamplingOptions
from lit_coder.generation.gpt_generator import GPTGenerator
from lit_coder.networks.gpt import GPT, GPTConfig
from lit_coder.networks.memory import LiveBytes
from lit_coder.objectives.policy_gradient import PolicyBatch, PolicyGradient
from lit_coder.objectives.token_log_probabilities import token_log_probabilities
from lit_coder.objectives.value_head import ValueHead
from lit_coder.training_data.examples import IGNORED


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(2, 40), st.integers(1, 30), st.sampled_from([0.5, 1.0, 2.0]))
def test_in_chunks_values_and_gradients_are_the_plain_ones(
    length: int, vocab: int, chunk_tokens: int, temperature: float
) -> None:
    generator = torch.Generator().manual_seed(chunk_tokens)
    hidden = torch.randn(2, length, 6, generator=generator, dtype=torch.float64).requires_grad_()
    weight = torch.randn(vocab, 6, generator=generator, dtype=torch.float64).requires_grad_()
    labels = torch.randint(0, vocab, (2, length), generator=generator)
    is_label = torch.rand(2, length, generator=generator) < 0.7
    factors = torch.randn(2, 2, length, generator=generator, dtype=torch.float64)

    logs = (hidden @ weight.mT / temperature).log_softmax(-1)
    expected = (
        logs.gather(-1, labels[..., None])[..., 0] * is_label,
        -(logs.exp() * logs).sum(-1) * is_label,
    )
    found = token_log_probabilities(
        hidden, weight, labels.where(is_label, IGNORED), temperature, chunk_tokens
    )
    torch.testing.assert_close(tuple(found), expected)
    ours, theirs = (
        torch.autograd.grad((factors * torch.stack(each)).sum(), (hidden, weight))
        for each in (tuple(found), expected)
    )
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("temperature", [1.0, 0.8])
def test_sampling_and_training_have_one_distribution_whatever_is_banned_from_it(
    temperature: float,
) -> None:
    torch.manual_seed(0)
    sizes = {"num_key_value_heads": 2, "max_position_embeddings": 32}
    network = GPT(GPTConfig(40, 32, 2, 4, **sizes, tie_word_embeddings=False))
    # Whatever the features are, one of the two special tokens is by far the likeliest.
    with torch.no_grad():
        network.output_weight[2:4] = torch.randn(32) * 20 * torch.tensor([[1.0], [-1.0]])
    prompts = [(5, 6, 7), (8,), (9, 10, 11, 12, 13)]
    options = SamplingOptions(4, 12, temperature=temperature)
    generator = GPTGenerator(network, end_id=1, pad_id=0, banned_ids=(2, 3))
    banned = torch.tensor(generator.banned_ids)
    drawn = generator.generate([Prompt(ids) for ids in prompts], options)
    for prompt, completions in zip(prompts, drawn, strict=True):
        for completion in completions:
            ends = (1,) if completion.ended else ()
            row = torch.tensor([*prompt, *completion.ids, *ends])
            labels = row[1:].clone()
            labels[: len(prompt) - 1] = IGNORED
            hidden = network.hidden(row[None, :-1])
            given = (hidden, network.output_weight, labels[None])
            sampled = torch.tensor([[0.0] * (len(prompt) - 1) + [*completion.log_probabilities]])
            trained = token_log_probabilities(*given, banned_ids_K=banned).log_probabilities_BT
            torch.testing.assert_close(trained, sampled, atol=1e-4, rtol=0)
            whole = token_log_probabilities(*given).log_probabilities_BT
            assert (whole - sampled)[labels[None] != IGNORED].abs().mean() > 1
            batch = PolicyBatch(
                labels_BT=labels[None],
                policy_mask_BT=labels[None] != IGNORED,
                advantages_BT=torch.ones_like(sampled),
                sampling_log_probabilities_BT=sampled,
                banned_ids_K=banned,
            )
            measures = PolicyGradient()(given[0], given[1], batch).measures
            total, count = measures["log_probability_difference"].tolist()
            assert count and total / count < 1e-4


def peak_bytes(wants_gradient: bool, objective: PolicyGradient | None) -> int:
    """Of 2 x 1024 tokens of 32,768: tensors of sizes without content."""
    with FakeTensorMode():
        hidden = torch.empty(2, 1024, 64, requires_grad=wants_gradient)
        weight = torch.empty(32768, 64, requires_grad=wants_gradient)
        labels = torch.zeros(2, 1024, dtype=torch.long)
        batch = PolicyBatch(
            labels_BT=labels, policy_mask_BT=labels == 0, advantages_BT=torch.empty(2, 1024)
        )
        with LiveBytes() as live:
            if objective is None:
                loss = token_log_probabilities(hidden, weight, labels).log_probabilities_BT.sum()
            else:
                loss = objective(hidden, weight, batch).total
            if wants_gradient:
                loss.backward()
        return live.peak_bytes


@pytest.mark.parametrize("wants_gradient", [True, False])
@pytest.mark.parametrize("objective", [PolicyGradient(entropy_coefficient=0.1), None])
def test_of_a_large_vocabulary_only_chunks_of_logits_exist(
    wants_gradient: bool, objective: PolicyGradient | None
) -> None:
    logits_bytes = 4 * 2 * 1024 * 32768
    assert peak_bytes(wants_gradient, objective) < 0.4 * logits_bytes


def test_greedy_samples_have_no_probability() -> None:
    with pytest.raises(ValueError, match="temperature must be above 0, not 0"):
        token_log_probabilities(*[torch.zeros(1, 1, 1)] * 2, torch.zeros(1, 1), 0)


@pytest.mark.parametrize("shares", [False, True])
def test_values_begin_at_0_and_train_the_network_only_where_they_share_its_features(
    shares: bool,
) -> None:
    head, hidden = ValueHead(5, shares_features=shares), torch.randn(2, 3, 5, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        values: Tensor = head(hidden)
    assert values.dtype == torch.float32
    assert values.tolist() == [[0.0] * 3] * 2
    torch.nn.init.ones_(head.weight)
    head(hidden).sum().backward()
    assert head.weight.grad is not None
    assert (hidden.grad is not None) == shares
