"""How much memory a training process takes, in GiB: the unit in which cards are sold.

    used_gibibytes(module.device)

Reading it does not wait for the device.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch

from lit_coder.networks.xla_device import peak_bytes


def used_gibibytes(device: torch.device) -> float:
    """The most a CUDA or XLA device's tensors have taken so far; else the process's resident set.

    XLA's CPU client and several XLA devices as one do not say it.

    On CUDA it is `torch.cuda.max_memory_allocated`, which the generation of a round is part of.
    The driver's own context and the allocator's reserve are not; nvidia-smi shows them too.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    if device.type == "xla" and (peak := peak_bytes(device)) is not None:
        return peak / 2**30
    resident_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return resident_pages * os.sysconf("SC_PAGE_SIZE") / 2**30
