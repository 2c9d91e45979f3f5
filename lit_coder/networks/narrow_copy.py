"""A copy of a GPT to sample from, in a narrower type than the weights that are trained.

    sampled = narrow_copy(network, torch.bfloat16)      # half the bytes, on the same device

Under mixed precision the weights are float32 and the training forward casts them; sampling reads
every weight for every token, where half the bytes is twice the speed. The copy is taken parameter
by parameter, so that nothing but the copy itself is added to what the device holds. It does not
follow later training.
"""

from __future__ import annotations

import copy

import torch
from torch import nn

from lit_coder.networks.gpt import GPT


def narrow_copy(network: GPT, dtype: torch.dtype) -> GPT:
    """The same network with its parameters in `dtype`; rotary tables stay as they are."""
    with torch.device("meta"):
        copied = GPT(network.config)
    # Tables follow from the configuration and are no parameters: they are shared.
    copied.rotary = copy.copy(network.rotary)
    for name, parameter in network.named_parameters():
        path, _, last = name.rpartition(".")
        narrow = nn.Parameter(parameter.detach().to(dtype, copy=True), requires_grad=False)
        setattr(copied.get_submodule(path), last, narrow)
    return copied.train(network.training)
