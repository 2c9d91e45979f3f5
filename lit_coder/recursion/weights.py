"""What a round does to the weights beside training them: sample from them, or take old ones back.

    with sampling_mode(module, trainer.strategy.model): ...      # eval, then the mode as it was
    went_back = roll_back(trainer, processes)     # weights and optimizer of the best checkpoint

When to do either is the callback's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch
from torch import nn

from lit_coder.modules.code_module import CodeModule
from lit_coder.recursion.processes import Processes
from lit_coder.training_data.data_module import CodeDataModule


@contextmanager
def sampling_mode(module: CodeModule, wrapped: nn.Module | None = None) -> Iterator[None]:
    """Evaluation mode without gradients; the training mode is as before afterwards.

    Args:
        module: what is sampled from.
        wrapped: the module as the Trainer's strategy wraps it. Where that shards the weights over
            the processes, each process holds all of them for as long as this lasts.
    """
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad(), _whole_weights(module, wrapped):
            yield
    finally:
        module.train(was_training)


@contextmanager
def _whole_weights(module: CodeModule, wrapped: nn.Module | None) -> Iterator[None]:
    from torch.distributed.fsdp import FullyShardedDataParallel

    if not isinstance(wrapped, FullyShardedDataParallel):
        yield
        return
    sharded = [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if isinstance(child, FullyShardedDataParallel)
    ]
    # Processes decode different numbers of tokens: gathering in each forward would never match.
    with FullyShardedDataParallel.summon_full_params(wrapped, writeback=False):
        try:
            for parent, name, child in sharded:
                setattr(parent, name, child.module)
            yield
        finally:
            for parent, name, child in sharded:
                setattr(parent, name, child)


class WentBack(NamedTuple):
    """What a checkpoint said beside the weights that were taken from it."""

    pool_version: int
    name: str
    callbacks: Mapping[str, Any]
    """The states of the callbacks by their keys."""


def roll_back(trainer: pl.Trainer, processes: Processes) -> WentBack:
    """Load weights and optimizer state of the best checkpoint; in every process of the run.

    The step counter and the learning-rate schedule
    go on: the run's length stays what was asked for.

    Raises:
        ValueError: no best checkpoint exists yet.
    """
    found = str(getattr(trainer.checkpoint_callback, "best_model_path", ""))
    best = processes.from_first(found)
    if not best:
        raise ValueError(
            "recursion.on_decline is roll_back, but there is no best checkpoint to go back to; "
            "set data.num_held_out above 0"
        )
    rates = [[group["lr"] for group in each.param_groups] for each in trainer.optimizers]
    # The strategy knows how its weights are wrapped; one that shards them loads them here already.
    checkpoint = trainer.strategy.load_checkpoint(best, weights_only=True)
    trainer.strategy.load_model_state_dict(checkpoint, strict=True)
    trainer.strategy.load_optimizer_state_dict(checkpoint)
    for optimizer, kept in zip(trainer.optimizers, rates, strict=True):
        for group, rate in zip(optimizer.param_groups, kept, strict=True):
            group["lr"] = rate
    data_state = checkpoint[CodeDataModule.__qualname__]
    name = Path(best).resolve().name
    return WentBack(int(data_state["pool_version"]), name, checkpoint.get("callbacks", {}))
