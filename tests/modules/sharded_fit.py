"""A tiny fit under FSDP in two processes on the CPU: python -m tests.modules.sharded_fit FOLDER.

Both processes train on the same batches, so that the results are those of one process alone. The
first of them prints, as JSON, the norms of the gradients before clipping, the losses, and names
and weight decay of the optimizer's groups.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import FSDPStrategy
from torch.distributed.fsdp import FullyShardedDataParallel

from lit_coder.networks.gpt import Block
from tests.modules.tiny_fit import fit, tiny_module

OPTIONS = {"num_hidden_layers": 2, "max_gradient_norm": 0.01, "weight_decay": 0.25}


class ShardedOnCPU(FSDPStrategy):
    """Lightning's strategy, which takes CUDA devices only, on the CPU."""

    def _setup_model(self, model: torch.nn.Module) -> torch.nn.Module:
        return FullyShardedDataParallel(module=model, device_id=torch.device("cpu"), **self.kwargs)


class Record(pl.Callback):
    """What each step did."""

    def __init__(self) -> None:
        self.norms: list[float] = []
        self.losses: list[float] = []

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
        self.norms.append(float(module.gradient_norm))
        self.losses.append(float(outputs["loss"].detach()))


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    record = Record()
    trainer = fit(
        tiny_module(**OPTIONS),
        folder,
        devices=2,
        strategy=ShardedOnCPU(auto_wrap_policy={Block}, process_group_backend="gloo"),
        use_distributed_sampler=False,
        callbacks=[record],
    )
    groups = trainer.optimizers[0].param_groups
    found = {
        "norms": record.norms,
        "losses": record.losses,
        "decays": [group["weight_decay"] for group in groups],
        "sizes": [len(group["params"]) for group in groups],
        "dimensions": sorted({p.dim() for group in groups for p in group["params"]}),
    }
    if trainer.global_rank == 0:
        print(json.dumps(found), flush=True)
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
