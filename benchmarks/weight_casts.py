"""Counts how often a network's weights are converted to another type.

    with WeightCasts(network) as casts: ...        # run something
    assert casts.num_casts == 11

Used where weights are kept in float32 and applied in bfloat16: a conversion for each application
would cost a small recursive network more than its products.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class WeightCasts(TorchDispatchMode):
    """Counts conversions of a network's weights; code that is compiled is not seen.

    Args:
        network: whose weights they are.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._weights = {weight.data_ptr() for weight in network.parameters()}
        self.num_casts = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run an operator and look at it."""
        if func is torch.ops.aten._to_copy.default:
            inputs = [leaf for leaf in tree_leaves(args) if isinstance(leaf, Tensor)]
            self.num_casts += sum(x.data_ptr() in self._weights for x in inputs)
        return func(*args, **(kwargs or {}))
