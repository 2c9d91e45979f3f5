"""Latents of two values: made with a straight-through gradient, stored as bits, measured.

    z_BLD = binarize(z_BLD, threshold=0.5)         # +1 and -1, gradient as if nothing was done
    share = share_of_ones(z_BLD)                   # the binary decision ratio
    bits = pack_bits(z_BLD)                        # uint8, an eighth as many; so saved
    z_BLD = unpack_bits(bits, num_features, torch.bfloat16)

A latent whose sigmoid is above the threshold becomes +1, else -1, and not 1 and 0: features leave
the network with a root mean square of 1, and so do those. A bit takes a sixteenth of a bfloat16
and a thirty-second of a float32; in a TRM that is said of the latent z alone, the answer y keeps
its type. What that saves: `python -m benchmarks.binary_latents`.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

_BITS = 8


def binarize(x: Tensor, threshold: float) -> Tensor:
    """+1 where the sigmoid of `x` is above the threshold, else -1, in the type of `x`.

    The gradient passes straight through (Bengio, Leonard and Courville, arXiv:1308.3432): it is
    that of the identity, which keeps its size through a recursion; the sigmoid's would lose at
    least three quarters each time.

    Args:
        x: of any shape.
        threshold: between 0 and 1.
    """
    # The sigmoid grows with x: comparing with the threshold's logit is the same and cheaper.
    is_one = x.detach() > math.log(threshold / (1 - threshold))
    signs = is_one.to(x.dtype) * 2 - 1
    # The difference is exactly 0; "x + (signs - x)" would be rounded.
    return signs + (x - x.detach())


def share_of_ones(x: Tensor) -> Tensor:
    """The share of positive numbers among all: a scalar in float32."""
    return (x > 0).to(torch.float32).mean()


def pack_bits(x: Tensor) -> Tensor:
    """Binary latents as bits, eight consecutive features a byte, the first one the lowest.

    Args:
        x: of any shape; positive = 1.

    Returns:
        uint8, the last size an eighth, rounded up.
    """
    ones = F.pad((x > 0).to(torch.uint8), (0, -x.shape[-1] % _BITS))
    groups = ones.view(*ones.shape[:-1], -1, _BITS)
    return (groups << _places(x.device)).sum(-1, dtype=torch.uint8)


def unpack_bits(bits: Tensor, num_features: int, dtype: torch.dtype) -> Tensor:
    """The latents of `pack_bits`, +1 and -1, in a type; so many in the last dimension."""
    ones = (bits.unsqueeze(-1) >> _places(bits.device)) & 1
    return ones.flatten(-2)[..., :num_features].to(dtype) * 2 - 1


def _places(device: torch.device) -> Tensor:
    return torch.arange(_BITS, dtype=torch.uint8, device=device)
