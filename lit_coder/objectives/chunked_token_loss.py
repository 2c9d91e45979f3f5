"""The output layer, log-probability and entropy of its tokens, and any loss of these, in one.

    result = chunked_token_loss(hidden_NC, weight_VC, labels_N, token_loss, chunk_tokens=1024)
    result.total.backward()

`chunked_cross_entropy` for losses that are not the cross-entropy: `token_loss` turns a chunk's
log-probabilities and entropies into losses, and its derivatives in them are taken at once, while
the chunk's logits are there. So nothing is computed twice and never more than one chunk of logits
exists; the backward pass only scales the gradients that the forward pass made. What depends on
more than its own token (a sum over a sequence) wants `token_log_probabilities`.

Shapes: N tokens, n tokens of a chunk, C hidden, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lit_coder.objectives.banned_ids import BannedIds
from lit_coder.training_data.examples import IGNORED

TokenLoss = Callable[[Tensor, Tensor, slice], Tensor]
"""Of log-probabilities (n,) and entropies (n,) of the tokens in a slice: their losses (n,)."""


class ChunkedTokenLoss(NamedTuple):
    """What comes out; only `total` has a gradient."""

    total: Tensor
    """Sum of the losses of all tokens with a label."""

    log_probabilities_N: Tensor
    """Natural logs of the labels' probabilities; 0 where there is no label."""

    entropies_N: Tensor
    """Of the distributions that the labels are from, in nats; 0 where there is no label."""


class LabelStatistics(NamedTuple):
    """A chunk of logits, read: `exponentials_nV / totals_n1` are the probabilities.

    `products_nV` are the exponentials times their own logs.
    """

    log_probabilities_n: Tensor
    entropies_n: Tensor
    exponentials_nV: Tensor
    products_nV: Tensor
    totals_n1: Tensor


def chunked_token_loss(
    hidden_NC: Tensor,
    weight_VC: Tensor,
    labels_N: Tensor,
    token_loss: TokenLoss,
    chunk_tokens: int,
    inverse_temperatures_N: Tensor | None = None,
    banned: BannedIds | None = None,
) -> ChunkedTokenLoss:
    """The summed loss, and what it was made of; all in float32 (float64 features: in float64).

    Products are computed in autocast's type where that is on. It can be differentiated once, and
    its backward pass runs once.

    Args:
        hidden_NC: what the logits are made of.
        weight_VC: of the output layer, without a bias.
        labels_N: the token of each position; `IGNORED` = none, which has no loss.
        token_loss: is called once for every chunk, and differentiated.
        chunk_tokens: tokens whose logits exist at the same time.
        inverse_temperatures_N: what each token's logits are multiplied with; None = 1.
        banned: what tokens could not have been drawn as; None = each may be any.
    """
    assert chunk_tokens > 0, chunk_tokens
    has_gradients = torch.is_grad_enabled()
    wants = (
        has_gradients and hidden_NC.requires_grad,
        has_gradients and weight_VC.requires_grad,
    )
    dtype = product_dtype(hidden_NC, weight_VC)
    result: tuple[Tensor, Tensor, Tensor] = _ChunkedTokenLoss.apply(  # type: ignore[no-untyped-call]
        hidden_NC,
        weight_VC,
        labels_N,
        token_loss,
        chunk_tokens,
        inverse_temperatures_N,
        banned,
        dtype,
        wants,
    )
    return ChunkedTokenLoss(*result)


def product_dtype(hidden_NC: Tensor, weight_VC: Tensor) -> torch.dtype:
    """The type that features and output layer are multiplied in."""
    device = hidden_NC.device.type
    dtype = torch.promote_types(hidden_NC.dtype, weight_VC.dtype)
    if torch.is_autocast_enabled(device) and dtype != torch.float64:
        dtype = torch.get_autocast_dtype(device)
    return dtype


def label_statistics(
    logits_nV: Tensor,
    labels_n: Tensor,
    inverse_temperatures_n: Tensor | None,
    banned: BannedIds | None = None,
) -> LabelStatistics:
    """Log-probability of each label and entropy around it; the logits may be written over."""
    is_label_n = labels_n != IGNORED
    labels_n1 = labels_n.where(is_label_n, 0).unsqueeze(1)
    shifted_nV = logits_nV.to(torch.promote_types(logits_nV.dtype, torch.float32))
    if inverse_temperatures_n is not None:
        shifted_nV = shifted_nV.mul_(inverse_temperatures_n.unsqueeze(1))
    # The logits belong to this chunk alone: work in place.
    if banned is not None:
        banned.leave_out(shifted_nV)
    shifted_nV = shifted_nV.sub_(shifted_nV.amax(1, keepdim=True))
    exponentials_nV = shifted_nV.exp()
    totals_n1 = exponentials_nV.sum(1, keepdim=True)
    logs_n1 = totals_n1.log()
    log_probabilities_n = (shifted_nV.gather(1, labels_n1) - logs_n1).squeeze(1)
    products_nV = shifted_nV.mul_(exponentials_nV)
    entropies_n = (logs_n1 - products_nV.sum(1, keepdim=True) / totals_n1).squeeze(1)
    return LabelStatistics(
        log_probabilities_n * is_label_n,
        entropies_n * is_label_n,
        exponentials_nV,
        products_nV,
        totals_n1,
    )


def logits_gradient(
    read: LabelStatistics,
    labels_n: Tensor,
    inverse_temperatures_n: Tensor | None,
    of_log_probabilities_n: Tensor,
    of_entropies_n: Tensor | None,
) -> Tensor:
    """The gradient in the logits, given those in what was read from them; uses `read` up.

    With p the probabilities, l their logs and H the entropy, the derivatives in logit j of the
    label's log-probability and of the entropy are [j is the label] - p_j and -p_j (l_j + H).
    """
    is_label_n = labels_n != IGNORED
    labels_n1 = labels_n.where(is_label_n, 0).unsqueeze(1)
    if inverse_temperatures_n is not None:
        is_label_n = is_label_n * inverse_temperatures_n
    factors_n1 = (of_log_probabilities_n * is_label_n).unsqueeze(1)
    probability_n1 = read.exponentials_nV.gather(1, labels_n1) / read.totals_n1
    at_label_n1 = factors_n1 * (1 - probability_n1)
    if of_entropies_n is None:
        gradient_nV = read.exponentials_nV.mul_(-factors_n1 / read.totals_n1)
        return gradient_nV.scatter_(1, labels_n1, at_label_n1)
    # p (l + H) is (e log e + e (H - log of the total)) / total.
    entropy_factors_n1 = (of_entropies_n * is_label_n).unsqueeze(1) / read.totals_n1
    rest_n1 = read.entropies_n.unsqueeze(1) - read.totals_n1.log()
    at_label_n1 = at_label_n1 - entropy_factors_n1 * (
        read.products_nV.gather(1, labels_n1) + read.exponentials_nV.gather(1, labels_n1) * rest_n1
    )
    gradient_nV = read.products_nV.mul_(-entropy_factors_n1)
    factors_n1 = factors_n1 / read.totals_n1 + entropy_factors_n1 * rest_n1
    gradient_nV = gradient_nV.sub_(read.exponentials_nV.mul_(factors_n1))
    return gradient_nV.scatter_(1, labels_n1, at_label_n1)


class _ChunkedTokenLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        hidden_NC: Tensor,
        weight_VC: Tensor,
        labels_N: Tensor,
        token_loss: TokenLoss,
        chunk_tokens: int,
        inverse_temperatures_N: Tensor | None,
        banned: BannedIds | None,
        dtype: torch.dtype,
        wants: tuple[bool, bool],
    ) -> tuple[Tensor, Tensor, Tensor]:
        wide = torch.promote_types(dtype, torch.float32)
        total = torch.zeros((), dtype=wide, device=hidden_NC.device)
        log_probabilities_N = torch.empty(len(hidden_NC), dtype=wide, device=hidden_NC.device)
        entropies_N = torch.empty_like(log_probabilities_N)
        hidden_gradient_NC = torch.empty_like(hidden_NC) if wants[0] else None
        weight_gradient_VC = torch.zeros_like(weight_VC, dtype=wide) if wants[1] else None
        with torch.autocast(hidden_NC.device.type, enabled=False):
            cast_weight_VC = weight_VC.to(dtype)
            for start in range(0, len(hidden_NC), chunk_tokens):
                chunk = slice(start, start + chunk_tokens)
                hidden_nC, labels_n = hidden_NC[chunk].to(dtype), labels_N[chunk]
                inverse_n = None
                if inverse_temperatures_N is not None:
                    inverse_n = inverse_temperatures_N[chunk]
                banned_n = None if banned is None else banned.of(chunk)
                logits_nV = hidden_nC @ cast_weight_VC.mT
                read = label_statistics(logits_nV, labels_n, inverse_n, banned_n)
                del logits_nV
                log_probabilities_N[chunk] = read.log_probabilities_n
                entropies_N[chunk] = read.entropies_n
                loss, gradients = _differentiated(token_loss, read, chunk)
                total += loss
                if not any(wants):
                    del read
                    continue
                gradient_nV = logits_gradient(read, labels_n, inverse_n, *gradients).to(dtype)
                del read  # Before the next chunk's logits are made.
                if hidden_gradient_NC is not None:
                    hidden_gradient_NC[chunk] = gradient_nV @ cast_weight_VC
                if weight_gradient_VC is not None:
                    add_product(weight_gradient_VC, gradient_nV.mT, hidden_nC)
                del gradient_nV
        context.wants = wants
        kept = (hidden_gradient_NC, weight_gradient_VC)
        context.save_for_backward(*(each for each in kept if each is not None))
        context.weight_dtype = weight_VC.dtype
        context.mark_non_differentiable(log_probabilities_N, entropies_N)
        return total, log_probabilities_N, entropies_N

    @staticmethod
    @once_differentiable
    def backward(context: Any, factor: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        # In place: autograd refuses a second pass over what was changed, instead of being wrong.
        kept = [gradient.mul_(factor) for gradient in context.saved_tensors]
        hidden_gradient_NC = kept.pop(0) if context.wants[0] else None
        weight_gradient_VC = kept.pop(0).to(context.weight_dtype) if context.wants[1] else None
        return hidden_gradient_NC, weight_gradient_VC, *(None,) * 7


def _differentiated(
    token_loss: TokenLoss, read: LabelStatistics, chunk: slice
) -> tuple[Tensor, tuple[Tensor, Tensor | None]]:
    """The summed loss, and its derivatives in log-probabilities and (where it has) entropies."""
    with torch.enable_grad():
        log_probabilities_n = read.log_probabilities_n.detach().requires_grad_()
        entropies_n = read.entropies_n.detach().requires_grad_()
        loss = token_loss(log_probabilities_n, entropies_n, chunk).sum()
    of_log_probabilities_n, of_entropies_n = torch.autograd.grad(
        loss, (log_probabilities_n, entropies_n), allow_unused=True
    )
    assert of_log_probabilities_n is not None, "the loss depends on the log-probabilities"
    return loss.detach(), (of_log_probabilities_n, of_entropies_n)


def add_product(sum_VC: Tensor, left_Vn: Tensor, right_nC: Tensor) -> None:
    """Add a matrix product to a sum that may be of a wider type."""
    if sum_VC.dtype == left_Vn.dtype:
        sum_VC.addmm_(left_Vn, right_nC)
    else:
        sum_VC.add_(left_Vn @ right_nC)
