"""What is made of the ratio of a token's probability now and when it was sampled.

    log_ratios_n = log_ratios(log_probabilities_n, sampling_n)
    losses_n = clipped_losses(log_ratios_n, advantages_n, bounds=(0.2, 0.28))

With the ratio r and the advantage A the loss is -min(r A, clip(r, 1 - low, 1 + high) A) (Schulman
et al., arXiv:1707.06347; two bounds: Yu et al., arXiv:2503.14476). Plain functions of tensors of
any shape; objectives say which tokens they are about.

Shapes: n tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

_MOST_LOG_RATIO = 20.0


def log_ratios(log_probabilities_n: Tensor, sampling_n: Tensor | None) -> Tensor:
    """Logs of the ratios, held within +-20.

    Args:
        log_probabilities_n: now.
        sampling_n: when sampled; None = by the weights as they are, and the ratio is 1.
    """
    if sampling_n is None:
        sampling_n = log_probabilities_n.detach()
    return (log_probabilities_n - sampling_n).clamp(-_MOST_LOG_RATIO, _MOST_LOG_RATIO)


def clipped_losses(
    log_ratios_n: Tensor, advantages_n: Tensor, bounds: tuple[float, float]
) -> Tensor:
    """The loss of each token.

    Args:
        log_ratios_n: from `log_ratios`.
        advantages_n: how much better than expected the tokens did.
        bounds: how far below and above 1 a ratio is still learned from.
    """
    ratios_n = log_ratios_n.exp()
    clipped_n = ratios_n.clamp(1 - bounds[0], 1 + bounds[1])
    return -torch.minimum(ratios_n * advantages_n, clipped_n * advantages_n)


def is_clipped(log_ratios_n: Tensor, advantages_n: Tensor, bounds: tuple[float, float]) -> Tensor:
    """Whether a token has gone beyond its bound and teaches nothing more."""
    ratios_n = log_ratios_n.exp()
    is_above_n = (advantages_n > 0) & (ratios_n > 1 + bounds[1])
    return is_above_n | ((advantages_n < 0) & (ratios_n < 1 - bounds[0]))


def k3(log_ratios_n: Tensor) -> Tensor:
    """exp(x) - 1 - x: with x = log(q / p) of samples from p, an estimate of KL(p, q).

    Schulman, "Approximating KL divergence" (2020): without bias, and never below 0.
    """
    log_ratios_n = log_ratios_n.clamp(-_MOST_LOG_RATIO, _MOST_LOG_RATIO)
    return log_ratios_n.exp() - 1 - log_ratios_n
