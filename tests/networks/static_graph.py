"""What XLA cannot put into one compiled graph, noticed on a CPU.

    with StaticGraph():
        loss = training_step(...)
        loss.backward()

An operation that looks at a value, whose result's shape depends on values, or that computes in
float64 raises. Python branches on values look at one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_LOOKS_OR_CHANGES_SHAPE = {
    "_local_scalar_dense",
    "item",
    "equal",
    "nonzero",
    "nonzero_static",
    "masked_select",
    "_unique",
    "_unique2",
    "unique_dim",
    "unique_consecutive",
    "unique_dim_consecutive",
    "repeat_interleave",
    "bincount",
}
_INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_"}


class NotStatic(AssertionError):
    """An operation that XLA would have to leave the graph for."""


class StaticGraph(TorchDispatchMode):
    """Raises `NotStatic` at such an operation, in forward and backward.

    Attributes:
        names: of all operations that ran.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        name = func.__name__.split(".")[0]
        self.names.add(name)
        if name in _LOOKS_OR_CHANGES_SHAPE:
            raise NotStatic(name)
        if name in _INDEXING:
            masks = [i for i in tree_leaves(args[1]) if isinstance(i, Tensor)]
            if any(mask.dtype in (torch.bool, torch.uint8) for mask in masks):
                raise NotStatic(f"{name} with a mask")
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor) and leaf.dtype == torch.float64:
                raise NotStatic(f"{name} gives float64")
        return result
