"""Weights, batches and cases with which the published TRM's figures were computed.

Weights have the published names and values of a formula, so that any implementation can be given
the same ones; see test_trm_published.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lit_coder.networks.trm_config import TRMConfig

MAX_STEPS = 3
NUM_STEPS = 4
BATCH_SIZE = 4
_PRIME = 2**31 - 1

_SMALL = TRMConfig(
    vocab_size=11,
    sequence_length=12,
    hidden_size=64,
    num_attention_heads=4,
    num_registers=4,
    num_outer_cycles=3,
    num_inner_cycles=2,
)
CASES = {
    "attention_puzzles": replace(_SMALL, num_puzzle_ids=3),
    "attention_bare": replace(_SMALL, num_registers=0, num_outer_cycles=2, num_inner_cycles=3),
    "attention_learned": replace(
        _SMALL,
        position_encoding="learned",
        num_puzzle_ids=2,
        num_hidden_layers=3,
        num_outer_cycles=1,
        expansion=2.5,
        rms_norm_eps=1e-3,
    ),
    "mlp_puzzles": replace(_SMALL, mixer="mlp", num_puzzle_ids=3),
    "mlp_zeros": replace(_SMALL, mixer="mlp", num_outer_cycles=2),
}
HALT_BIASES = {
    "attention_puzzles": -3.2,
    "attention_bare": -4.0,
    "attention_learned": -5.4,
    "mlp_puzzles": -5.7,
    "mlp_zeros": -8.9,
}
"""Of each case, so that some slots halt and others do not."""


def formula(name: str, *sizes: int) -> Tensor:
    """Whole numbers from 0 to below 2^31 - 1: (k + 48271 i + 69621 i^2) modulo that.

    `i` counts the numbers, row by row; `k` is the sum of the name's characters' codes, each times
    its place, times 16807.
    """
    key = 16807 * sum(place * ord(letter) for place, letter in enumerate(name, 1))
    i = torch.arange(math.prod(sizes), dtype=torch.int64)
    return ((key + 48271 * i + 69621 * (i * i % _PRIME)) % _PRIME).view(sizes)


def formula_weight(name: str, *sizes: int) -> Tensor:
    """A weight by its published name: even in a range around 0.

    As large as at training's start, but in the blocks 0.7 of that and in their mixers of the mlp
    0.5: as they start, some recursions multiply differences of rounding by ten thousand in four
    steps, and figures could not be compared.
    """
    spread = math.sqrt(3) if len(sizes) == 1 else math.sqrt(3 / sizes[-1])
    if name.startswith("L_level"):
        spread *= 0.5 if "mlp_t" in name else 0.7
    return (spread * (2 * formula(name, *sizes).double() / _PRIME - 1)).float()


def published_sizes(config: TRMConfig) -> dict[str, tuple[int, ...]]:
    """Names and sizes of the published weights of a configuration."""
    size, length = config.hidden_size, config.num_positions
    inner, across = config.feed_forward_size(size), config.feed_forward_size(length)
    sizes: dict[str, tuple[int, ...]] = {
        "H_init": (size,),
        "L_init": (size,),
        "embed_tokens.embedding_weight": (config.vocab_size, size),
        "lm_head.weight": (config.vocab_size, size),
        "q_head.weight": (2, size),
        "q_head.bias": (2,),
    }
    if config.num_puzzle_ids:
        sizes["puzzle_emb.weights"] = (config.num_puzzle_ids, size)
    if config.position_encoding == "learned":
        sizes["embed_pos.embedding_weight"] = (length, size)
    for layer in range(config.num_hidden_layers):
        start = f"L_level.layers.{layer}"
        sizes[f"{start}.mlp.gate_up_proj.weight"] = (2 * inner, size)
        sizes[f"{start}.mlp.down_proj.weight"] = (size, inner)
        if config.mixer == "mlp":
            sizes[f"{start}.mlp_t.gate_up_proj.weight"] = (2 * across, length)
            sizes[f"{start}.mlp_t.down_proj.weight"] = (length, across)
        else:
            sizes[f"{start}.self_attn.qkv_proj.weight"] = (3 * size, size)
            sizes[f"{start}.self_attn.o_proj.weight"] = (size, size)
    return sizes


def published_weights(case: str) -> dict[str, Tensor]:
    """The formula's weights of a case, under their published names."""
    weights = {
        f"inner.{name}": formula_weight(name, *sizes)
        for name, sizes in published_sizes(CASES[case]).items()
    }
    weights["inner.q_head.bias"].fill_(HALT_BIASES[case])
    return weights


@dataclass(frozen=True)
class Rows:
    """A batch: tokens, labels and puzzles.

    About one label in eight is -100; at odd steps the first row has no other.
    """

    ids_BL: Tensor
    labels_BL: Tensor
    puzzle_ids_B: Tensor


def formula_rows(config: TRMConfig, step: int) -> Rows:
    """The batch that comes in at a step."""
    sizes = (BATCH_SIZE, config.sequence_length)
    numbers_BL = formula(f"labels {step}", *sizes)
    labels_BL = torch.where(numbers_BL // 64 % 8 == 0, -100, numbers_BL % config.vocab_size)
    if step % 2:
        labels_BL[0] = -100
    return Rows(
        formula(f"inputs {step}", *sizes) % config.vocab_size,
        labels_BL,
        formula(f"puzzles {step}", BATCH_SIZE) % max(1, config.num_puzzle_ids),
    )


def sample(x: Tensor, num_numbers: int = 6) -> list[float]:
    """Some numbers of a tensor, evenly spread over it."""
    flat = x.flatten().tolist()
    return [flat[number * len(flat) // num_numbers] for number in range(num_numbers)]
