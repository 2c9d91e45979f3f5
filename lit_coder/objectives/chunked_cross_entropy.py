"""The output layer and its cross-entropy in one operation that never holds all logits.

    total = chunked_cross_entropy(hidden_NC, weight_VC, labels_N, chunk_tokens=1024)
    total.backward()

Logits exist for one chunk of tokens at a time. A chunk's gradients are made together with its
loss, while its logits are there (as in Liger-Kernel, Hsu et al. 2024), so that nothing is computed
twice: the forward pass holds the gradients of the features and of the weight instead of logits,
and the backward pass only scales them. The gradient of the weight is summed up in float32.

Shapes: N tokens, C hidden, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

ChunkLoss = Callable[[Tensor, Tensor, int], tuple[Tensor, Tensor]]
"""Of logits (n, V), labels (n,) and the ignored label: the loss, and its gradient in the logits."""


def chunked_cross_entropy(
    hidden_NC: Tensor,
    weight_VC: Tensor,
    labels_N: Tensor,
    chunk_tokens: int,
    ignored: int = -100,
    chunk_loss: ChunkLoss | None = None,
) -> Tensor:
    """The sum of negative log-likelihoods of the labels, in nats: a float32 scalar.

    Products are computed in autocast's type where that is on, as `torch.nn.functional.linear`
    computes them; everything else in float32 (float64 features: in float64). It can be
    differentiated once, and its backward pass runs once.

    Args:
        hidden_NC: what the logits are made of.
        weight_VC: of the output layer, without a bias.
        labels_N: of each token; those equal to `ignored` have neither loss nor gradient.
        chunk_tokens: tokens whose logits exist at the same time.
        ignored: the label that carries no loss.
        chunk_loss: `loss_and_gradient`, perhaps compiled; for whole chunks only, so that it meets
            one shape.
    """
    assert chunk_tokens > 0, chunk_tokens
    device = hidden_NC.device.type
    dtype = torch.promote_types(hidden_NC.dtype, weight_VC.dtype)
    if torch.is_autocast_enabled(device) and dtype != torch.float64:
        dtype = torch.get_autocast_dtype(device)
    has_gradients = torch.is_grad_enabled()
    total: Tensor = _ChunkedCrossEntropy.apply(  # type: ignore[no-untyped-call]
        hidden_NC,
        weight_VC,
        labels_N,
        chunk_tokens,
        ignored,
        dtype,
        (
            has_gradients and hidden_NC.requires_grad,
            has_gradients and weight_VC.requires_grad,
        ),
        chunk_loss or loss_and_gradient,
    )
    return total


def loss_and_gradient(logits_NV: Tensor, labels_N: Tensor, ignored: int) -> tuple[Tensor, Tensor]:
    """The summed cross-entropy of a few tokens, and its gradient in the logits' own type."""
    wide = torch.promote_types(logits_NV.dtype, torch.float32)
    is_learned_N1 = (labels_N != ignored).unsqueeze(1)
    labels_N1 = labels_N.unsqueeze(1).where(is_learned_N1, 0)
    largest_N1 = logits_NV.amax(1, keepdim=True)
    # The logits belong to this chunk alone: each step but the first works in place.
    shifted_NV = logits_NV.to(wide).sub_(largest_N1)
    label_logit_N1 = shifted_NV.gather(1, labels_N1)
    exponential_NV = shifted_NV.exp_()
    total_N1 = exponential_NV.sum(1, keepdim=True)
    loss_N1 = (total_N1.log() - label_logit_N1) * is_learned_N1
    gradient_NV = exponential_NV.mul_(is_learned_N1 / total_N1).to(logits_NV.dtype)
    # In the wide type: near 1 a narrow one cannot tell a probability from certainty.
    at_label_N1 = (label_logit_N1.exp() / total_N1 - 1) * is_learned_N1
    gradient_NV = gradient_NV.scatter_(1, labels_N1, at_label_N1.to(logits_NV.dtype))
    return loss_N1.sum(), gradient_NV


class _ChunkedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        hidden_NC: Tensor,
        weight_VC: Tensor,
        labels_N: Tensor,
        chunk_tokens: int,
        ignored: int,
        dtype: torch.dtype,
        wants: tuple[bool, bool],
        chunk_loss: ChunkLoss,
    ) -> Tensor:
        wide = torch.promote_types(dtype, torch.float32)
        total = torch.zeros((), dtype=wide, device=hidden_NC.device)
        hidden_gradient_NC = torch.empty_like(hidden_NC) if wants[0] else None
        weight_gradient_VC = torch.zeros_like(weight_VC, dtype=wide) if wants[1] else None
        with torch.autocast(hidden_NC.device.type, enabled=False):
            cast_weight_VC = weight_VC.to(dtype)
            for start in range(0, len(hidden_NC), chunk_tokens):
                chunk = slice(start, start + chunk_tokens)
                hidden_nC = hidden_NC[chunk].to(dtype)
                is_whole = len(hidden_nC) == chunk_tokens
                losses = chunk_loss if is_whole else loss_and_gradient
                loss, gradient_nV = losses(hidden_nC @ cast_weight_VC.mT, labels_N[chunk], ignored)
                total += loss
                if hidden_gradient_NC is not None:
                    hidden_gradient_NC[chunk] = gradient_nV @ cast_weight_VC
                if weight_gradient_VC is not None:
                    _add_product(weight_gradient_VC, gradient_nV.mT, hidden_nC)
        context.wants = wants
        kept = (hidden_gradient_NC, weight_gradient_VC)
        context.save_for_backward(*(each for each in kept if each is not None))
        context.weight_dtype = weight_VC.dtype
        return total

    @staticmethod
    @once_differentiable
    def backward(context: Any, factor: Tensor) -> tuple[Tensor | None, ...]:
        # In place: autograd refuses a second pass over what was changed, instead of being wrong.
        kept = [gradient.mul_(factor) for gradient in context.saved_tensors]
        hidden_gradient_NC = kept.pop(0) if context.wants[0] else None
        weight_gradient_VC = kept.pop(0).to(context.weight_dtype) if context.wants[1] else None
        return hidden_gradient_NC, weight_gradient_VC, None, None, None, None, None, None


def _add_product(sum_VC: Tensor, left_Vn: Tensor, right_nC: Tensor) -> None:
    """Add a matrix product to a sum that may be of a wider type."""
    if sum_VC.dtype == left_Vn.dtype:
        sum_VC.addmm_(left_Vn, right_nC)
    else:
        sum_VC.add_(left_Vn @ right_nC)
