"""The log-probability of each label and the entropy around it, without all logits at once.

    found = token_log_probabilities(hidden_BTC, weight_VC, labels_BT, temperature=1.0)
    found.log_probabilities_BT.sum(1)          # of each row's completion
    found.log_probabilities_BT.sum().backward()

For what needs a log-probability itself: a reference model's, those of the weights that sampled, a
preference between sequences. Everything is float32. Logits exist for one chunk of tokens at a time
and are made again in the backward pass; a loss that is a sum over tokens is cheaper by
`chunked_token_loss`, which makes them once.

Shapes: B rows, T positions, N = B T tokens, C hidden, V vocabulary.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lit_coder.objectives.banned_ids import BannedIds
from lit_coder.objectives.chunked_token_loss import (
    add_product,
    label_statistics,
    logits_gradient,
    product_dtype,
)

# Large enough to keep a GPU busy; on a CPU small enough to stay near it.
_CHUNK_BYTES = {"cpu": 8 * 2**20, "other": 128 * 2**20}
_SMALLEST_CHUNK = {"cpu": 128, "other": 512}


class TokenLogProbabilities(NamedTuple):
    """Of each token; both are 0 where there is no label, and both have a gradient."""

    log_probabilities_BT: Tensor
    """Natural logs of the labels' probabilities."""

    entropies_BT: Tensor
    """Entropies of the distributions that the labels are from, in nats."""


def token_log_probabilities(
    hidden_BTC: Tensor,
    weight_VC: Tensor,
    labels_BT: Tensor,
    temperature: float = 1.0,
    chunk_tokens: int | None = None,
    banned_ids_K: Tensor | None = None,
) -> TokenLogProbabilities:
    """Log-probabilities and entropies under softmax(logits / temperature).

    Products are computed in autocast's type where that is on. It can be differentiated once.

    Args:
        hidden_BTC: the network's last features.
        weight_VC: of the output layer, without a bias.
        labels_BT: the token that the features of each position predict; `IGNORED` = none.
        temperature: that the tokens were sampled at.
        chunk_tokens: tokens whose logits exist at the same time; None = 128 MiB of them,
            on a CPU 8 MiB.
        banned_ids_K: what no token could have been drawn as; None = nothing.

    Raises:
        ValueError: `temperature` is not above 0.
    """
    check_temperature(temperature)
    shape = labels_BT.shape
    if chunk_tokens is None:
        chunk_tokens = default_chunk_tokens(weight_VC)
    found: tuple[Tensor, Tensor] = _TokenLogProbabilities.apply(  # type: ignore[no-untyped-call]
        hidden_BTC.flatten(0, 1),
        weight_VC,
        labels_BT.flatten(),
        temperature,
        chunk_tokens,
        None if banned_ids_K is None else BannedIds(banned_ids_K),
        product_dtype(hidden_BTC, weight_VC),
    )
    return TokenLogProbabilities(found[0].view(shape), found[1].view(shape))


def default_chunk_tokens(weight_VC: Tensor) -> int:
    """Tokens whose logits take 128 MiB in float32, at least 512; on a CPU 8 MiB, at least 128."""
    kind = "cpu" if weight_VC.device.type == "cpu" else "other"
    fitting = _CHUNK_BYTES[kind] // (4 * len(weight_VC)) // 128 * 128
    return max(_SMALLEST_CHUNK[kind], fitting)


def check_temperature(temperature: float) -> None:
    """Raise where no token could be drawn at random."""
    if not temperature > 0:
        raise ValueError(
            f"temperature must be above 0, not {temperature}: greedy samples have no probability"
        )


class _TokenLogProbabilities(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        hidden_NC: Tensor,
        weight_VC: Tensor,
        labels_N: Tensor,
        temperature: float,
        chunk_tokens: int,
        banned: BannedIds | None,
        dtype: torch.dtype,
    ) -> tuple[Tensor, Tensor]:
        wide = torch.promote_types(dtype, torch.float32)
        log_probabilities_N = torch.empty(len(hidden_NC), dtype=wide, device=hidden_NC.device)
        entropies_N = torch.empty_like(log_probabilities_N)
        inverse_N = _inverse_temperatures(log_probabilities_N, temperature)
        with torch.autocast(hidden_NC.device.type, enabled=False):
            cast_weight_VC = weight_VC.to(dtype)
            for start in range(0, len(hidden_NC), chunk_tokens):
                chunk = slice(start, start + chunk_tokens)
                logits_nV = hidden_NC[chunk].to(dtype) @ cast_weight_VC.mT
                inverse_n = None if inverse_N is None else inverse_N[chunk]
                read = label_statistics(logits_nV, labels_N[chunk], inverse_n, banned)
                log_probabilities_N[chunk] = read.log_probabilities_n
                entropies_N[chunk] = read.entropies_n
                del read, logits_nV  # Before the next chunk's logits are made.
        context.save_for_backward(hidden_NC, weight_VC, labels_N, inverse_N)
        context.chunk_tokens, context.banned, context.dtype = chunk_tokens, banned, dtype
        return log_probabilities_N, entropies_N

    @staticmethod
    @once_differentiable
    def backward(
        context: Any, of_log_probabilities_N: Tensor, of_entropies_N: Tensor
    ) -> tuple[Tensor | None, ...]:
        hidden_NC, weight_VC, labels_N, inverse_N = context.saved_tensors
        dtype, chunk_tokens = context.dtype, context.chunk_tokens
        wants_hidden, wants_weight = context.needs_input_grad[:2]
        wide = torch.promote_types(dtype, torch.float32)
        hidden_gradient_NC = torch.empty_like(hidden_NC) if wants_hidden else None
        weight_gradient_VC = torch.zeros_like(weight_VC, dtype=wide) if wants_weight else None
        with torch.autocast(hidden_NC.device.type, enabled=False):
            cast_weight_VC = weight_VC.to(dtype)
            for start in range(0, len(hidden_NC), chunk_tokens):
                chunk = slice(start, start + chunk_tokens)
                hidden_nC, labels_n = hidden_NC[chunk].to(dtype), labels_N[chunk]
                inverse_n = None if inverse_N is None else inverse_N[chunk]
                logits_nV = hidden_nC @ cast_weight_VC.mT
                read = label_statistics(logits_nV, labels_n, inverse_n, context.banned)
                del logits_nV
                gradient_nV = logits_gradient(
                    read,
                    labels_n,
                    inverse_n,
                    of_log_probabilities_N[chunk],
                    of_entropies_N[chunk],
                ).to(dtype)
                del read
                if hidden_gradient_NC is not None:
                    hidden_gradient_NC[chunk] = gradient_nV @ cast_weight_VC
                if weight_gradient_VC is not None:
                    add_product(weight_gradient_VC, gradient_nV.mT, hidden_nC)
                del gradient_nV
        of_weight_VC = None if weight_gradient_VC is None else weight_gradient_VC.to(weight_VC)
        return hidden_gradient_NC, of_weight_VC, *(None,) * 5


def _inverse_temperatures(like_N: Tensor, temperature: float) -> Tensor | None:
    return None if temperature == 1 else torch.full_like(like_N, 1 / temperature)
