"""A TRM small enough to be run hundreds of times, with a halting head that says something."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lit_coder.networks.trm import TRM, TRMConfig

BATCH_SIZE = 4


def tiny_config(**changes: Any) -> TRMConfig:
    sizes: dict[str, Any] = {
        "vocab_size": 7,
        "sequence_length": 6,
        "hidden_size": 16,
        "num_attention_heads": 2,
        "num_registers": 2,
        "num_outer_cycles": 3,
        "num_inner_cycles": 2,
    }
    return TRMConfig(**{**sizes, **changes})


def tiny_trm(**changes: Any) -> TRM:
    torch.manual_seed(0)
    network = TRM(tiny_config(**changes))
    torch.nn.init.normal_(network.halt_head.weight, std=0.5)
    torch.nn.init.zeros_(network.halt_head.bias)
    if network.embed_puzzles is not None:
        torch.nn.init.normal_(network.embed_puzzles.weight)
    return network


def some_ids(seed: int = 1, num_rows: int = BATCH_SIZE) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(7, (num_rows, 6), generator=generator)


def some_batch(seed: int = 1) -> dict[str, Tensor]:
    """Rows with the batch's fields, all of them different."""
    labels_BT = some_ids(seed + 1000)
    return {
        "ids_BT": some_ids(seed),
        "labels_BT": torch.where(labels_BT == 0, -100, labels_BT),
        "puzzle_ids_B": torch.arange(BATCH_SIZE) % 3,
    }
