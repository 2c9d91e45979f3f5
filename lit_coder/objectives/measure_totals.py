"""Measures of losses as sums and counts, which add up exactly over micro-batches.

    totals = MeasureTotals()
    totals.add(result.measures)             # at every micro-batch; nothing waits for the device
    totals.take()                           # {"clip_share": 0.02, ...}, and start over

A measure is a tensor of two numbers: a sum, and what it is divided by. Across devices sums are
added before they are divided; that is the caller's, who knows of devices.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

Measures = dict[str, Tensor]
"""By name, [sum, count] on the loss's device."""


def measure(values_N: Tensor, counts_N: Tensor) -> Tensor:
    """[sum, count] of the values where `counts_N` is true; without gradient."""
    counts_N = counts_N.detach()
    values_N = values_N.detach().float().masked_fill(~counts_N, 0.0)
    return torch.stack((values_N.sum(), counts_N.sum().float()))


class MeasureTotals:
    """Sums over micro-batches, on their device until somebody reads them."""

    def __init__(self) -> None:
        self.totals: dict[str, Tensor] = {}

    def add(self, measures: Mapping[str, Tensor]) -> None:
        """Add those of one micro-batch."""
        for name, found in measures.items():
            # TPUs have no float64.
            found = found.to(torch.float32 if found.device.type == "xla" else torch.float64)
            known = self.totals.get(name)
            self.totals[name] = found if known is None else known.to(found.device) + found

    def means(self) -> dict[str, float]:
        """Each sum over its count; those that nothing was counted for are left out."""
        pairs = {name: total.tolist() for name, total in self.totals.items()}
        return {name: pair[0] / pair[1] for name, pair in pairs.items() if pair[1]}

    def take(self) -> dict[str, float]:
        """The means, and start over. Waits for the device."""
        means = self.means()
        self.totals = {}
        return means

    def state_dict(self) -> dict[str, list[float]]:
        """Sums and counts as plain numbers."""
        return {name: total.tolist() for name, total in self.totals.items()}

    def load_state_dict(self, state: Mapping[str, list[float]]) -> None:
        """Go on from a saved state."""
        self.totals = {
            name: torch.tensor(pair, dtype=torch.float64) for name, pair in state.items()
        }
