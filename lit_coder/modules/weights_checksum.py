"""A checksum of weights as they are in memory: a copy of a file has the same one.

    weights_checksum(module.used_network)      # "sha256:9f86d081884c7d65"

Where weights come from and what they scored is said elsewhere.
"""

from __future__ import annotations

from hashlib import sha256

import torch
from torch import nn


def weights_checksum(network: nn.Module) -> str:
    """A checksum of the names, types, shapes and values of all weights."""
    checksum = sha256()
    for name, value in network.state_dict().items():
        checksum.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        # As bytes: numpy has no bfloat16.
        flat = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        checksum.update(memoryview(flat.numpy()))
    return f"sha256:{checksum.hexdigest()[:16]}"
