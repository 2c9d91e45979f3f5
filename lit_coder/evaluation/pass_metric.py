"""Unbiased pass@k as a torchmetrics metric, averaged over problems, with an interval.

    metric = PassAtK(k=8)
    metric.update(num_samples=8, num_passed=3)      # one problem
    metric.compute()                                # a scalar tensor

Per-problem values are gathered over ranks before they are averaged, so a rank with fewer problems
does not weigh more.
"""

from __future__ import annotations

import torch
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from lit_coder.verification.pass_at_k import Estimate, mean_with_interval, pass_at_k


class PassAtK(Metric):
    """Mean over problems of 1 - C(n-c, k) / C(n, k) (Chen et al., 2021, section 2.1)."""

    full_state_update = False
    values: list[torch.Tensor]

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k
        self.add_state("values", default=[], dist_reduce_fx="cat")

    def update(self, num_samples: int, num_passed: int) -> None:
        """Add one problem."""
        value = pass_at_k(num_samples, num_passed, self.k)
        self.values.append(torch.tensor([value], dtype=torch.float64, device=self.device))

    def compute(self) -> torch.Tensor:
        """The mean."""
        return dim_zero_cat(self.values).mean()

    def estimate(self) -> Estimate:
        """The mean and its 95 % interval over this rank's problems."""
        return mean_with_interval(dim_zero_cat(self.values).tolist())
