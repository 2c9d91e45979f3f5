"""Advantages of single tokens from a value head: generalized advantage estimation.

    advantages_BT, returns_BT = generalized_advantages(
        rewards_BT, values_BT, policy_mask_BT, ends_BT, discount=1.0, trace_decay=0.95
    )

Schulman et al., arXiv:1506.02438. A row may hold several episodes one behind the other: nothing
passes from behind an end to before it. Tokens that the policy did not choose (the prompt, what an
environment answered within an episode) take no step: the next value is that of the next token it
chose. It computes no values and has no gradient.

Shapes: B rows, T positions.
"""

from __future__ import annotations

import torch
from torch import Tensor

_ROUNDING = 1e-5
"""Of sums over an episode's tokens, beside rewards of about 1."""


@torch.no_grad()
def generalized_advantages(
    rewards_BT: Tensor,
    values_BT: Tensor,
    policy_mask_BT: Tensor,
    ends_BT: Tensor,
    discount: float = 1.0,
    trace_decay: float = 0.95,
) -> tuple[Tensor, Tensor]:
    """Advantages, and the returns that values should have foretold; float32, 0 beside the mask.

    Args:
        rewards_BT: what each token earned; those beside the mask are not read.
        values_BT: what was foretold of each token's rest of the episode, before it was chosen.
        policy_mask_BT: the tokens that the policy chose.
        ends_BT: the last token of each episode.
        discount: gamma, of the next value.
        trace_decay: lambda: 0 trusts the values, 1 the rewards.

    Raises:
        ValueError: `discount` or `trace_decay` is not from 0 to 1.
    """
    for name, value in (("discount", discount), ("trace_decay", trace_decay)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be from 0 to 1, not {value}")
    rewards_BT, values_BT = rewards_BT.float(), values_BT.float()
    is_policy_BT, is_end_BT = policy_mask_BT.bool(), ends_BT.bool()
    advantages_BT = torch.zeros_like(values_BT)
    next_value_B = torch.zeros_like(values_BT[:, 0])
    next_advantage_B = torch.zeros_like(next_value_B)
    for t in reversed(range(values_BT.shape[1])):
        next_value_B = next_value_B.masked_fill(is_end_BT[:, t], 0.0)
        next_advantage_B = next_advantage_B.masked_fill(is_end_BT[:, t], 0.0)
        surprise_B = rewards_BT[:, t] + discount * next_value_B - values_BT[:, t]
        advantage_B = surprise_B + discount * trace_decay * next_advantage_B
        next_advantage_B = torch.where(is_policy_BT[:, t], advantage_B, next_advantage_B)
        next_value_B = torch.where(is_policy_BT[:, t], values_BT[:, t], next_value_B)
        advantages_BT[:, t] = torch.where(is_policy_BT[:, t], advantage_B, 0.0)
    returns_BT = torch.where(is_policy_BT, advantages_BT + values_BT, 0.0)
    return advantages_BT, returns_BT


@torch.no_grad()
def whitened(advantages_BT: Tensor, policy_mask_BT: Tensor) -> Tensor:
    """Advantages of mean 0 and deviation 1 over the mask; 0 where they are all the same.

    The same are those, too, that only rounding tells apart: it is not to be learned from.
    To be taken over all rows of a round: over a micro-batch, it would depend on its size.
    """
    is_policy_BT = policy_mask_BT.bool()
    chosen_N = advantages_BT[is_policy_BT].float()
    rounding = _ROUNDING * max(1.0, float(chosen_N.abs().amax())) if len(chosen_N) else 0.0
    if len(chosen_N) == 0 or bool(chosen_N.amax() - chosen_N.amin() <= rounding):
        return torch.zeros_like(advantages_BT, dtype=torch.float32)
    scaled_BT = (advantages_BT.float() - chosen_N.mean()) / (chosen_N.std() + 1e-8)
    return torch.where(is_policy_BT, scaled_BT, 0.0)
