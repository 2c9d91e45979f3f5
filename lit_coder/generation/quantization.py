"""Weights in 8 or 4 bits, for generation: torchao's weight-only quantization.

    summary = quantize(module.network, "int4")          # in place; there is no way back
    print(summary)        # "int4: 56 matrices, all weights 62.9 MB -> 14.2 MB"

int8: one scale a row; activations keep their type. int4: two weights a byte, a scale and a zero
for each 32; the rest of the network becomes bfloat16, which the fast kernels are made for (on a
CPU those for fp32 are 40 times slower). Quantized are the matrices of the blocks. The embedding
and the output layer, where that is another matrix, stay as they are: rows are looked up in the
one, and errors of the other go straight into the choice of a token. What the kernels cannot take
(int4: input features not a multiple of 32, on a CPU output features not of 16) stays in full
precision and is counted.

On a GPU int4 takes the tile-packed layout of torchao's tinygemm kernels (compute capability 8.0
or newer). That path has not been run by this project's tests, which know only CPUs. Training
quantized weights is impossible; checkpoints of them are not written.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from lit_coder.networks.trm import TRM

QuantizationMode: TypeAlias = Literal["int8", "int4"]

_GROUP_SIZE = 32  # the smallest that all kernels know, so the most exact
_OUTPUT_MULTIPLE = 16  # of int4 on a CPU
_OUTPUT_LAYER = "lm_head"


@dataclass(frozen=True, slots=True)
class QuantizationSummary:
    """What was done.

    Attributes:
        mode: int8 or int4.
        num_matrices: matrices that were quantized.
        left: names of those that do not fit the kernels and stay in full precision.
        bytes_before: memory of all weights before.
        bytes_after: memory of all weights now.
    """

    mode: QuantizationMode
    num_matrices: int
    left: tuple[str, ...]
    bytes_before: int
    bytes_after: int

    def __str__(self) -> str:
        left = f"; {len(self.left)} too odd in size: {', '.join(self.left)}" if self.left else ""
        return (
            f"{self.mode}: {self.num_matrices} matrices, all weights {self.bytes_before / 1e6:.1f} "
            f"MB -> {self.bytes_after / 1e6:.1f} MB{left}"
        )


def quantize(network: nn.Module, mode: QuantizationMode) -> QuantizationSummary:
    """Quantizes the linear layers' weights where they are.

    Raises:
        ValueError: torchao is missing or too old, the device has no kernels, no layer fits, or
            the network is quantized already.
    """
    if mode not in ("int8", "int4"):
        raise ValueError(f"quantize must be int8 or int4, not {mode!r}")
    if isinstance(network, TRM):
        raise ValueError("quantize: a TRM applies copies of its weights, which cannot be quantized")
    layers = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear) and name != _OUTPUT_LAYER
    }
    if any(type(layer.weight) is not nn.Parameter for layer in layers.values()):
        raise ValueError("quantize: these weights are quantized already; load the model again")
    device = next(network.parameters()).device
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"quantize: there are no kernels for {device.type}; take a CPU or a GPU")
    left = tuple(name for name, layer in layers.items() if not _fits(layer, mode, device))
    if len(left) == len(layers):
        raise ValueError(
            f"quantize: {mode} takes matrices whose input features are a multiple of {_GROUP_SIZE} "
            f"and output features of {_OUTPUT_MULTIPLE}, and this network has none"
        )
    with _without_chatter():
        quantize_, config = _torchao(mode, device)
        before = weight_bytes(network)
        if mode == "int4":
            network.to(torch.bfloat16)
        names = layers.keys() - set(left)
        quantize_(network, config, filter_fn=lambda _, name: name in names)
    return QuantizationSummary(mode, len(names), left, before, weight_bytes(network))


def weight_bytes(network: nn.Module) -> int:
    """Memory that the parameters take, those of quantized ones as they are stored."""
    return sum(_stored_bytes(parameter) for parameter in network.parameters())


def _stored_bytes(tensor: Tensor) -> int:
    if type(tensor) in (Tensor, nn.Parameter):
        return tensor.untyped_storage().nbytes()
    names, _ = tensor.__tensor_flatten__()  # type: ignore[attr-defined]
    return sum(_stored_bytes(getattr(tensor, name)) for name in names)


def _fits(layer: nn.Linear, mode: QuantizationMode, device: torch.device) -> bool:
    if mode == "int8":
        return True
    fits_output = device.type != "cpu" or layer.out_features % _OUTPUT_MULTIPLE == 0
    return layer.in_features % _GROUP_SIZE == 0 and fits_output


def _torchao(mode: QuantizationMode, device: torch.device) -> tuple[Callable[..., None], Any]:
    """The function of torchao and its configuration for this mode on this device."""
    try:
        from torchao.quantization import Int4WeightOnlyConfig, Int8WeightOnlyConfig, quantize_
    except ImportError as error:
        raise ValueError(
            f"quantize needs torchao ({error}): pip install 'lit-coder[quantize]'"
        ) from error
    if mode == "int8":
        return quantize_, Int8WeightOnlyConfig(set_inductor_config=False)
    if device.type == "cuda":
        if torch.cuda.get_device_capability(device) < (8, 0):
            raise ValueError("quantize: int4 needs a GPU of compute capability 8.0 or newer")
        return quantize_, Int4WeightOnlyConfig(
            group_size=_GROUP_SIZE,
            int4_packing_format="tile_packed_to_4d",
            set_inductor_config=False,
        )
    try:
        from torchao.prototype.quantization.int4 import PrototypeInt4WeightOnlyConfig
    except ImportError as error:
        raise ValueError(
            "quantize: int4 on a CPU needs torchao 0.18 or newer: pip install -U torchao"
        ) from error
    return quantize_, PrototypeInt4WeightOnlyConfig(
        group_size=_GROUP_SIZE, set_inductor_config=False
    )


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Importing torchao speaks of kernels for other devices, which no user here can use."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
