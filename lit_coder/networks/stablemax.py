"""The published TRM's way from logits to probabilities, beside softmax.

    scores_BLV = stablemax_scores(logits_BLV)                # positive; probabilities up to a sum
    log_probabilities_BLV = log_stablemax(logits_BLV)

Linear where softmax is exponential, so that differences between large logits are not lost to
rounding (Prieto et al., arXiv:2501.04697). What is learned with one has to be read with the same:
the likeliest token is the same, how likely it is differs. Losses are the objective's business.
"""

from __future__ import annotations

import torch
from torch import Tensor


def stablemax_scores(logits_BLV: Tensor) -> Tensor:
    """s(x) = x + 1 above 0 and 1 / (1 - x) below, as probabilities are in proportion."""
    # Clamped, so that the branch that is not taken has no pole whose gradient is not a number.
    below_BLV = 1 / (1 - logits_BLV.clamp(max=0))
    return torch.where(logits_BLV < 0, below_BLV, logits_BLV + 1)


def log_stablemax(logits_BLV: Tensor) -> Tensor:
    """Logarithms of the probabilities, of the last dimension."""
    scores_BLV = stablemax_scores(logits_BLV)
    return scores_BLV.log() - scores_BLV.sum(-1, keepdim=True).log()
