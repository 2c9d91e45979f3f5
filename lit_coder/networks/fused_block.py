"""Runs a network's blocks through torch.compile, which fuses what lies between their products.

    block = fused(run)           # run(block, x_BTC, ...) calls the block; so does block(...)
    T = fused_length(T, limit)   # few lengths, so that it compiles few times

All blocks of a network share one compiled function, which lives in the process and not in the
network: copies, pickles and names of weights know nothing of it. Shapes are fixed in it, a new
one compiles anew (seconds to a minute). Nothing is decided here about where it pays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
import torch._functorch.config
from torch import Tensor

_NUM_LENGTHS = 4


@lru_cache(maxsize=4)
def fused(run: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The function, compiled for each shape that it meets."""
    compile_backward_early()
    compiled: Callable[..., Tensor] = torch.compile(run, dynamic=False)
    return compiled


def compile_backward_early() -> None:
    """From now on a backward pass is compiled with its forward pass, not when it is first run.

    So a compiler that fails on either fails in the forward pass, where it can be done without.
    PyTorch 2.9 cannot be told so.
    """
    name = "force_non_lazy_backward_lowering"
    if hasattr(torch._functorch.config, name):
        setattr(torch._functorch.config, name, True)


def fused_length(num_tokens: int, limit: int) -> int:
    """The length that rows of so many tokens are filled up to: a multiple of `limit` / 4.

    Rows that are padded to the longest of a batch would otherwise compile at nearly every step,
    until torch gives up compiling.
    """
    step = -(-limit // _NUM_LENGTHS)
    return min(limit, -(-num_tokens // step) * step)
