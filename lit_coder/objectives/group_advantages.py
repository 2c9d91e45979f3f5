"""How much better a completion did than the others of its prompt.

    advantages_N = group_advantages(rewards_N, groups_N, "grpo")

A group's completions are each other's baseline, so that no network has to estimate one: "mean"
subtracts the group's mean reward; "rloo" the mean of the others (Ahmadian et al.,
arXiv:2402.14740), k / (k - 1) of that; "grpo" also divides by the group's standard deviation (Shao
et al., arXiv:2402.03300). A group without spread has nothing to tell: its advantages are exactly 0.

Shapes: N completions, G groups.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

AdvantageKind = Literal["grpo", "rloo", "mean"]

_LEAST_DEVIATION = 1e-6


def group_advantages(rewards_N: Tensor, groups_N: Tensor, kind: AdvantageKind = "grpo") -> Tensor:
    """The advantage of each completion, float32.

    Args:
        rewards_N: of each completion.
        groups_N: whole numbers; equal ones belong to one group, wherever they stand.
        kind: what is subtracted from a reward, and whether the rest is scaled.

    Raises:
        ValueError: the kind is none of these.
    """
    if kind not in get_args(AdvantageKind):
        raise ValueError(f"advantages must be grpo, rloo or mean, not {kind}")
    groups = _Groups(rewards_N, groups_N)
    counts_N = groups.counts_G[groups.group_N]
    differences_N = groups.rewards_N - (groups.sums_G / groups.counts_G)[groups.group_N]
    if kind == "rloo":
        differences_N = differences_N * counts_N / (counts_N - 1).clamp(min=1)
    elif kind == "grpo":
        squares_G = torch.zeros_like(groups.sums_G)
        squares_G = squares_G.index_add(0, groups.group_N, differences_N.square())
        # Of a sample, as the implementations in use have it: the divisor is k - 1.
        deviations_G = (squares_G / (groups.counts_G - 1).clamp(min=1)).sqrt()
        differences_N = differences_N / (deviations_G[groups.group_N] + _LEAST_DEVIATION)
    return torch.where(groups.has_spread_G[groups.group_N], differences_N, 0.0)


def has_spread(rewards_N: Tensor, groups_N: Tensor) -> Tensor:
    """Whether each group has two different rewards, in the ascending order of `groups_N`."""
    return _Groups(rewards_N, groups_N).has_spread_G


class _Groups:
    """Sums of each group."""

    def __init__(self, rewards_N: Tensor, groups_N: Tensor) -> None:
        assert rewards_N.shape == groups_N.shape, (rewards_N.shape, groups_N.shape)
        assert rewards_N.dim() == 1, rewards_N.shape
        self.rewards_N = rewards_N.float()
        names_G, self.group_N = torch.unique(groups_N, return_inverse=True)
        zeros_G = torch.zeros(len(names_G), device=rewards_N.device)
        self.counts_G = zeros_G.index_add(0, self.group_N, torch.ones_like(self.rewards_N))
        self.sums_G = zeros_G.index_add(0, self.group_N, self.rewards_N)
        # Exactly: sums of equal rewards may differ from their multiple.
        ends_G = [
            zeros_G.scatter_reduce(0, self.group_N, self.rewards_N, which, include_self=False)
            for which in ("amin", "amax")
        ]
        self.has_spread_G = ends_G[0] != ends_G[1]
