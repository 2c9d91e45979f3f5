"""How much memory a training process takes, in GiB: the unit in which cards are sold.

    used_gibibytes(module.device)

Reading it does not wait for the device.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch


def used_gibibytes(device: torch.device) -> float:
    """The most a CUDA device's tensors have taken so far; elsewhere the process's resident set.

    On CUDA it is `torch.cuda.max_memory_allocated`, which the generation of a round is part of.
    The driver's own context and the allocator's reserve are not; nvidia-smi shows them too.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    resident_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return resident_pages * os.sysconf("SC_PAGE_SIZE") / 2**30
