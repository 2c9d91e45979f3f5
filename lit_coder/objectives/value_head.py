"""What a state is worth: a linear layer on the features in front of each token.

    values_BT = ValueHead(hidden_size)(hidden_BTC)      # 0 everywhere before it is trained

`values_BT[b, t]` foretells the rewards from the token that `hidden_BTC[b, t]` predicts on. Its
loss is a part of `PolicyGradient`; advantages come from `generalized_advantages`.

Shapes: B rows, T positions, C hidden.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ValueHead(nn.Module):
    """A value for each position, float32.

    Args:
        hidden_size: width of the features.
        shares_features: its loss trains the network too; otherwise the layer alone.
    """

    def __init__(self, hidden_size: int, shares_features: bool = False) -> None:
        super().__init__()
        self.shares_features = shares_features
        self.weight = nn.Parameter(torch.zeros(1, hidden_size))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, hidden_BTC: Tensor) -> Tensor:
        """Values (B, T)."""
        if not self.shares_features:
            hidden_BTC = hidden_BTC.detach()
        # A value is a sum of rewards and wants more than autocast's digits.
        with torch.autocast(hidden_BTC.device.type, enabled=False):
            values_BT1 = nn.functional.linear(
                hidden_BTC.float(), self.weight.float(), self.bias.float()
            )
        return values_BT1.squeeze(-1)
