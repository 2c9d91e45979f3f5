from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional

from lit_coder.networks.memory import LiveBytes
from lit_coder.objectives.next_token import NextToken
from lit_coder.training_data.examples import IGNORED

# torch's own, where its compiler is loaded.
pytestmark = [pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")]


def loss_of_logits(logits_BTV: Tensor, labels_BT: Tensor) -> Tensor:
    """The objective on logits as they are: the output layer is the identity."""
    return NextToken()(logits_BTV, torch.eye(logits_BTV.shape[-1]), labels_BT)


def inputs(
    rows: int = 2, length: int = 9, size: int = 8, vocab: int = 50, seed: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Features, output weight and labels of which some are ignored."""
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(rows, length, size, generator=generator).requires_grad_()
    weight = torch.randn(vocab, size, generator=generator).requires_grad_()
    labels = torch.randint(0, vocab, (rows, length), generator=generator)
    ignored = torch.rand(rows, length, generator=generator) < 0.3
    return hidden, weight, labels.masked_fill(ignored, IGNORED)


def with_gradients(
    objective: NextToken, hidden: Tensor, weight: Tensor, *rest: Any
) -> tuple[Tensor, Tensor, Tensor]:
    loss = objective(hidden, weight, *rest)
    return (loss, *torch.autograd.grad(loss, (hidden, weight)))


def test_the_loss_is_the_mean_over_learned_tokens_worked_out_by_hand() -> None:
    # Probabilities of the labels: 1/2 and 1/4; the third position is not learned.
    logits = torch.tensor([[[0.0, 0.0], [math.log(1.0), math.log(3.0)], [5.0, -5.0]]])
    labels = torch.tensor([[1, 0, IGNORED]])
    expected = (math.log(2) + math.log(4)) / 2
    assert float(loss_of_logits(logits, labels)) == pytest.approx(expected, rel=1e-6)


def test_each_learned_token_weighs_the_same_in_rows_of_different_length() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 4, 5)
    labels = torch.tensor([[1, 2, 3, 4], [2, IGNORED, IGNORED, IGNORED]])
    log_probabilities = logits.log_softmax(-1)
    picked = [*log_probabilities[0, range(4), [1, 2, 3, 4]], log_probabilities[1, 0, 2]]
    expected = -sum(float(value) for value in picked) / 5
    assert float(loss_of_logits(logits, labels)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("chunk_tokens", [None, 4])
def test_ignored_positions_have_exactly_no_gradient_and_learned_ones_have_one(
    chunk_tokens: int | None,
) -> None:
    hidden, weight, labels = inputs()
    _, gradient, _ = with_gradients(NextToken(chunk_tokens), hidden, weight, labels)
    assert torch.count_nonzero(gradient[labels == IGNORED]) == 0
    assert (gradient[labels != IGNORED].abs().sum(-1) > 0).all()


@pytest.mark.parametrize("chunk_tokens", [None, 2])
@pytest.mark.parametrize("num_targets", [None, torch.tensor(0.0), torch.tensor(3.5)])
def test_a_batch_with_nothing_to_learn_gives_zero_and_no_gradient(
    chunk_tokens: int | None, num_targets: Tensor | None
) -> None:
    hidden, weight, labels = inputs()
    none = torch.full_like(labels, IGNORED)
    found = with_gradients(NextToken(chunk_tokens), hidden, weight, none, num_targets)
    assert [torch.count_nonzero(each) for each in found] == [0, 0, 0]


def test_half_precision_logits_are_summed_in_float32() -> None:
    torch.manual_seed(0)
    logits = torch.randn(4, 64, 32)
    labels = torch.randint(0, 32, (4, 64))
    eye = torch.eye(32)
    low = NextToken()(logits.bfloat16(), eye.bfloat16(), labels)
    assert low.dtype == torch.float32
    assert float(low) == pytest.approx(float(loss_of_logits(logits, labels)), rel=5e-3)


def test_small_logits_are_made_as_a_whole_and_their_loss_is_torchs_own_to_the_last_bit() -> None:
    hidden, weight, labels = inputs(4, 32, 16, 512)
    logits = functional.linear(hidden, weight)
    total = functional.cross_entropy(
        logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    expected = total / (labels != IGNORED).sum().clamp(min=1)
    found = with_gradients(NextToken(), hidden, weight, labels)
    assert torch.equal(found[0], expected)
    for ours, theirs in zip(
        found[1:], torch.autograd.grad(expected, (hidden, weight)), strict=True
    ):
        assert torch.equal(ours, theirs)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 3), st.integers(1, 12), st.integers(2, 60), st.integers(1, 40))
def test_in_chunks_loss_and_gradients_are_the_plain_ones(
    rows: int, length: int, vocab: int, chunk_tokens: int
) -> None:
    hidden, weight, labels = inputs(rows, length, 8, vocab, seed=chunk_tokens)
    plain = with_gradients(NextToken(), hidden, weight, labels)
    found = with_gradients(NextToken(chunk_tokens), hidden, weight, labels)
    for ours, theirs in zip(found, plain, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_in_float64_chunks_are_exact() -> None:
    hidden, weight, labels = inputs()
    wide = [each.detach().double().requires_grad_() for each in (hidden, weight)]
    logits = functional.linear(*wide).flatten(0, 1)
    expected = functional.cross_entropy(logits, labels.flatten(), ignore_index=IGNORED)
    gradients = torch.autograd.grad(expected, wide)
    found = with_gradients(NextToken(4), *wide, labels)
    for ours, theirs in zip(found, (expected, *gradients), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-13, rtol=1e-12)


def test_under_autocast_chunks_are_multiplied_in_autocasts_type_as_linear_is() -> None:
    hidden, weight, labels = inputs(4, 64, 32, 300)
    found = {}
    for name, chunk_tokens in (("plain", None), ("chunked", 50)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = NextToken(chunk_tokens)(hidden, weight, labels)
        found[name] = (loss, *torch.autograd.grad(loss, (hidden, weight)))
    exact = NextToken()(hidden, weight, labels)
    assert torch.equal(found["plain"][0], found["chunked"][0])
    assert not torch.equal(found["chunked"][0], exact)
    for ours, theirs in zip(found["chunked"][1:], found["plain"][1:], strict=True):
        assert ours.dtype == theirs.dtype == torch.float32
        torch.testing.assert_close(ours, theirs, atol=2e-3 * float(theirs.abs().max()), rtol=0.02)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_narrow_weights_get_gradients_of_their_type_near_those_of_wide_ones(
    dtype: torch.dtype,
) -> None:
    hidden, weight, labels = inputs(4, 64, 32, 300)
    wide = with_gradients(NextToken(), hidden, weight, labels)
    narrow = [each.detach().to(dtype).requires_grad_() for each in (hidden, weight)]
    found = with_gradients(NextToken(50), *narrow, labels)
    assert [each.dtype for each in found] == [torch.float32, dtype, dtype]
    for ours, theirs in zip(found, wide, strict=True):
        difference = (ours.float() - theirs).norm() / theirs.norm()
        assert difference < 0.02


def test_a_second_backward_pass_is_refused_and_not_wrong() -> None:
    hidden, weight, labels = inputs()
    loss = NextToken(4)(hidden, weight, labels)
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_without_gradients_chunks_make_none() -> None:
    hidden, weight, labels = inputs(1, 64, 8, 4000)
    with LiveBytes() as live, torch.no_grad():
        loss = NextToken(8)(hidden, weight, labels)
    # Two or three chunks of logits at a time, and no gradient of the weight.
    assert live.peak_bytes < 4 * (4 * 8 * 4000) + 4 * 4000
    torch.testing.assert_close(loss, NextToken()(hidden, weight, labels).detach())


def test_the_losses_of_micro_batches_have_the_mean_over_all_their_tokens_as_their_mean() -> None:
    hidden, weight, labels = inputs(4, 9)
    whole = NextToken()(hidden, weight, labels)
    num_targets = (labels != IGNORED).sum() / 4
    parts = [
        NextToken()(hidden[i : i + 1], weight, labels[i : i + 1], num_targets) for i in range(4)
    ]
    mean = torch.stack(parts).mean().detach()
    assert float(mean) == pytest.approx(float(whole.detach()), rel=1e-6)


@pytest.mark.parametrize("mixed", [False, True])
def test_at_32k_tokens_of_vocabulary_the_loss_takes_a_fifth_of_the_memory(mixed: bool) -> None:
    def plain(hidden: Tensor, weight: Tensor, labels: Tensor) -> Tensor:
        logits = functional.linear(hidden, weight)
        return functional.cross_entropy(logits.flatten(0, 1).float(), labels.flatten())

    def peak_bytes(objective: Callable[[Tensor, Tensor, Tensor], Tensor]) -> int:
        # Tensors of sizes without content: every operation runs, nothing is computed.
        with FakeTensorMode():
            hidden = torch.empty(8, 1024, 64, requires_grad=True)
            weight = torch.empty(32768, 64, requires_grad=True)
            labels = torch.zeros(8, 1024, dtype=torch.long)
            with LiveBytes() as live:
                with torch.autocast("cpu", dtype=torch.bfloat16, enabled=mixed):
                    loss = objective(hidden, weight, labels)
                loss.backward()
            return live.peak_bytes

    assert peak_bytes(plain) > 8 * 8192 * 32768
    assert peak_bytes(NextToken()) <= 0.2 * peak_bytes(plain)


@pytest.mark.parametrize("chunk_tokens", [32, None])
def test_a_compiled_loss_is_the_same_with_the_same_gradients(chunk_tokens: int | None) -> None:
    hidden, weight, labels = inputs(2, 40, 8, 300)
    objective = NextToken(chunk_tokens)
    plain = with_gradients(objective, hidden, weight, labels)
    objective.compile()
    for ours, theirs in zip(with_gradients(objective, hidden, weight, labels), plain, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)
    assert objective.is_compiled


@pytest.mark.parametrize("chunk_tokens", [32, None])
def test_where_the_compiler_fails_the_loss_goes_on_without_it_and_one_sentence_says_why(
    caplog: pytest.LogCaptureFixture, broken_compiler: None, chunk_tokens: int | None
) -> None:
    hidden, weight, labels = inputs(2, 40, 8, 300)
    objective = NextToken(chunk_tokens)
    plain = with_gradients(objective, hidden, weight, labels)
    objective.compile()
    for _ in range(2):
        found = with_gradients(objective, hidden, weight, labels)
        assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, plain, strict=True))
    (said,) = [record.getMessage() for record in caplog.records if "lit_coder" in record.name]
    assert said.startswith("the loss goes on without torch.compile: ") and "C++ compiler" in said
    assert not objective.is_compiled


def test_a_chunk_of_nothing_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match=r"model\.init_args\.loss_chunk_tokens must be above 0"):
        NextToken(0)
