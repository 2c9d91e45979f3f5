"""`--trainer.strategy fsdp`: Lightning's, told what to shard.

Each block is a unit of its own: its weights are gathered while it computes and let go afterwards.
Lightning alone would make one unit of the whole model, which shards the optimizer only. Other
settings of the strategy are given by its class path, as for every Lightning strategy.
"""

from __future__ import annotations

import torch
from lightning.pytorch.strategies import FSDPStrategy

from lit_coder.networks.gpt import Block


def sharding_strategy() -> FSDPStrategy:
    """The strategy for `fsdp` by name.

    Raises:
        ValueError: there is no CUDA device.
    """
    if not torch.cuda.is_available():
        raise ValueError(
            "trainer.strategy fsdp shards over CUDA devices, and there is none; use ddp for "
            "several processes on a CPU"
        )
    return FSDPStrategy(auto_wrap_policy={Block}, state_dict_type="full")
