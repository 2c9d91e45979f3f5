"""The memory that training and generation of a configuration take, before anything is trained.

    memory = training_memory(module_options, TrainingShape(batch_size=8, sequence=1024, ...))
    memory.peak_bytes

One optimizer step of the real module runs on torch's fake tensors: every tensor it makes is
counted while it lives, none of them exists. It counts the uncompiled network; a compiled one
keeps less. What an allocator adds (rounding, fragments, the device's context) is not in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from lit_coder.modules.gpt_module import MIXED_PRECISIONS, GPTModule
from lit_coder.networks import attention
from lit_coder.networks.gpt import GPTConfig
from lit_coder.networks.memory import LiveBytes, key_value_cache_bytes, optimizer_bytes

TRUE_PRECISIONS = {
    "bf16-true": torch.bfloat16,
    "16-true": torch.float16,
    "32-true": torch.float32,
    "32": torch.float32,
}


@dataclass(frozen=True, slots=True)
class TrainingShape:
    """What beside the model decides about memory; names are those of the options.

    `is_on_cpu` says where attention is computed: a CPU keeps a number for each pair of tokens where
    rows are short or hold several documents (`is_packed`), other devices do not. `has_buckets`
    says that gradients live in the buckets that `ddp` exchanges: they are never freed.
    """

    batch_size: int
    max_sequence_length: int
    accumulate_grad_batches: int
    precision: str
    is_packed: bool
    is_on_cpu: bool = True
    has_buckets: bool = False

    @property
    def keeps_gradients(self) -> bool:
        """Whether a forward pass finds gradients of the one before."""
        return self.accumulate_grad_batches > 1 or self.has_buckets


@dataclass(frozen=True, slots=True)
class TrainingMemory:
    """Bytes of one device during training.

    Attributes:
        weight_bytes: the parameters.
        gradient_bytes: their gradients.
        optimizer_bytes: the optimizer's state.
        activation_bytes: what the forward pass keeps for the backward pass, without the loss.
        logit_bytes: the most that the loss takes on top of that.
        peak_bytes: the most that lives at the same time. It is less than the sum where gradients
            appear while activations go.
    """

    weight_bytes: int
    gradient_bytes: int
    optimizer_bytes: int
    activation_bytes: int
    logit_bytes: int
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class GenerationMemory:
    """Bytes of one device while a round writes programs; the optimizer stays where it is."""

    weight_bytes: int
    cache_bytes: int
    resident_bytes: int
    """Weights of training, optimizer state and gradients in buckets, which stay."""

    @property
    def peak_bytes(self) -> int:
        """All of it."""
        return self.weight_bytes + self.cache_bytes + self.resident_bytes


def weight_type(precision: str) -> torch.dtype:
    """The type that parameters are stored in.

    Raises:
        ValueError: memory is not known for this precision.
    """
    if precision in MIXED_PRECISIONS:
        return torch.float32
    if precision not in TRUE_PRECISIONS:
        known = ", ".join([*MIXED_PRECISIONS, *TRUE_PRECISIONS])
        raise ValueError(f"trainer.precision {precision} is not one of {known}")
    return TRUE_PRECISIONS[precision]


def network_config(options: Mapping[str, Any]) -> GPTConfig:
    """The sizes of the network that these options make; its weights are not made."""
    with torch.device("meta"):
        return GPTModule(**options).network.config


def _own_sizes(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the sizes of a pretrained model in its place: its files are read here."""
    if not options.get("pretrained"):
        return dict(options)
    with torch.device("meta"):
        return dict(GPTModule(**options).hparams)


@contextmanager
def _fake_tensors(dtype: torch.dtype) -> Iterator[None]:
    """Tensors have shapes and no content; parameters are made of the given type."""
    former = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with FakeTensorMode(allow_non_fake_inputs=True):
            yield
    finally:
        torch.set_default_dtype(former)


def training_memory(options: Mapping[str, Any], shape: TrainingShape) -> TrainingMemory:
    """Count one optimizer step of a `GPTModule` with these options.

    Raises:
        ValueError: the options do not make a module.
    """
    own = _own_sizes(options)
    with _fake_tensors(weight_type(shape.precision)), _attention_of(shape):
        module = GPTModule(**own).train()
        with LiveBytes() as live:
            for _ in range(2 if shape.keeps_gradients else 1):
                live.start_over()
                before = live.live_bytes
                activations, logits = _micro_batch(module, shape, live)
        peak, activations = live.peak_bytes, activations - before
    config = module.network.config
    width = weight_type(shape.precision).itemsize
    weights = config.num_parameters * width
    state = optimizer_bytes(options.get("optimizer", "adamw"), config, width)
    return TrainingMemory(weights, weights, state, activations, logits, weights + state + peak)


def _micro_batch(module: GPTModule, shape: TrainingShape, live: LiveBytes) -> tuple[int, int]:
    """Forward and backward of one micro-batch; bytes held before the loss, and the loss's peak."""
    rows, length = shape.batch_size, shape.max_sequence_length
    ids_BT = torch.zeros(rows, length, dtype=torch.long)
    has_mask = shape.is_packed and shape.is_on_cpu
    documents_BT = torch.zeros(rows, length, dtype=torch.long) if has_mask else None
    with _autocast(shape.precision):
        hidden_BTC = module.network.hidden(ids_BT, None, documents_BT)
    held = live.live_bytes
    with _autocast(shape.precision):
        loss = module.objective(hidden_BTC, module.network.output_weight, ids_BT)
    loss.backward()  # type: ignore[no-untyped-call]
    return held, live.peak_bytes - held


@contextmanager
def _attention_of(shape: TrainingShape) -> Iterator[None]:
    """Fake tensors stand on the CPU: elsewhere attention is never made of matrix products."""
    former = attention.LONGEST_EXPLICIT
    attention.LONGEST_EXPLICIT = former if shape.is_on_cpu else 0
    try:
        yield
    finally:
        attention.LONGEST_EXPLICIT = former


@contextmanager
def _autocast(precision: str) -> Iterator[None]:
    # As Lightning enters it.
    with torch.autocast(
        "cpu",
        dtype=MIXED_PRECISIONS.get(precision, torch.bfloat16),
        enabled=precision in MIXED_PRECISIONS,
        cache_enabled=False,
    ):
        yield


def generation_memory(
    config: GPTConfig, shape: TrainingShape, kind: str, num_rows: int, num_positions: int
) -> GenerationMemory:
    """Bytes while `num_rows` completions of at most `num_positions` tokens are written."""
    width = weight_type(shape.precision).itemsize
    gradients = config.num_parameters * width if shape.has_buckets else 0
    resident = config.num_parameters * width + optimizer_bytes(kind, config, width) + gradients
    is_mixed = shape.precision in MIXED_PRECISIONS
    # Under mixed precision sampling reads a copy of the weights in the narrow type.
    number = 2 if is_mixed else width
    copied = config.num_parameters * 2 if is_mixed else 0
    cache = key_value_cache_bytes(config, num_rows, num_positions, number)
    return GenerationMemory(copied, cache, resident)
