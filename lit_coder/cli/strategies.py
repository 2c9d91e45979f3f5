"""How several devices share a run: Lightning's strategies, told what they cannot know.

    trainer_options["strategy"] = named_strategy("fsdp")
    keep_gradients_in_buckets(trainer.strategy)

`fsdp`: each block is a unit of its own, whose weights are gathered while it computes and let go
afterwards. Lightning alone would make one unit of the whole model, which shards the optimizer only.
`ddp`: gradients live in the buckets that are exchanged, and not there and beside them. Other
settings of a strategy are given by its class path, as for every Lightning strategy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch.strategies import DDPStrategy, FSDPStrategy, Strategy

from lit_coder.networks.gpt import Block
from lit_coder.trainer.xla_cpu import XLA_ACCELERATORS


def named_strategy(name: Any) -> Any:
    """The strategy of an option `trainer.strategy`: `fsdp` is made here, others are Lightning's.

    Raises:
        ValueError: there is no CUDA device for `fsdp`.
    """
    if name != "fsdp":
        return name
    if not torch.cuda.is_available():
        raise ValueError(
            "trainer.strategy fsdp shards over CUDA devices, and there is none; use ddp for "
            "several processes on a CPU"
        )
    return FSDPStrategy(auto_wrap_policy={Block}, state_dict_type="full")


def keep_gradients_in_buckets(strategy: Strategy) -> None:
    """Save `ddp` a second copy of the gradients, unless its own settings say otherwise.

    After Trainer has chosen: `auto` is `ddp` where there are several devices, and the strategies
    by name have no such setting. What PyTorch is told is Lightning's `_ddp_kwargs`.
    """
    if isinstance(strategy, DDPStrategy):
        strategy._ddp_kwargs.setdefault("gradient_as_bucket_view", True)


def has_gradient_buckets(trainer: Mapping[str, Any]) -> bool:
    """Whether the options of Trainer mean `ddp`, for one who does not make a Trainer."""
    strategy = trainer["strategy"]
    if trainer["accelerator"] in XLA_ACCELERATORS:
        return False
    if strategy != "auto":
        name = strategy["class_path"] if isinstance(strategy, Mapping) else str(strategy)
        return "ddp" in name.lower()
    return bool(trainer["num_nodes"] > 1 or _num_devices(trainer) > 1)


def _num_devices(trainer: Mapping[str, Any]) -> int:
    devices = trainer["devices"]
    if devices in ("auto", -1, "-1"):
        return 1 if trainer["accelerator"] == "cpu" else torch.cuda.device_count()
    if isinstance(devices, str):
        chosen = [each for each in devices.split(",") if each.strip()]
        return len(chosen) if "," in devices else int(devices)
    return len(devices) if isinstance(devices, list) else int(devices)
