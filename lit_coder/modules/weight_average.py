"""A running average of a network's weights, for use; training goes on with the weights themselves.

    module.averaged = frozen_copy(module.network)
    trainer = Trainer(callbacks=[WeightAverage()])         # after every optimizer step

The average is part of the module, so a checkpoint holds both, a resume goes on with both, and
nothing is swapped for measuring or sampling. It is updated in a callback and not in the module's
own hook, because that runs after the callbacks: a checkpoint would hold an average that is one
step behind. The decay starts low and rises, so that the first weights are forgotten soon
(Tarvainen and Valpola, 2017, and the published TRM's 0.999 without it).
"""

from __future__ import annotations

import copy
from typing import Any, Protocol, TypeVar, cast

import lightning.pytorch as pl
import torch
from torch import nn

from lit_coder.networks.xla_device import run_pending

Network = TypeVar("Network", bound=nn.Module)


class Averaging(Protocol):
    """A module whose network has an average."""

    network: nn.Module
    averaged: nn.Module
    average_decay: float


def frozen_copy(network: Network) -> Network:
    """A copy that is not trained."""
    return copy.deepcopy(network).requires_grad_(False)


def decay_at(step: int, decay: float) -> float:
    """The decay of the update after an optimizer step, counted from 1."""
    return min(decay, (1 + step) / (10 + step))


class WeightAverage(pl.Callback):
    """Moves the average towards the weights after every optimizer step."""

    def __init__(self) -> None:
        self._seen_step = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """In a run that is gone on with, the average has these steps."""
        self._seen_step = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Update, where the batch was the last one of an optimizer step."""
        if trainer.global_step == self._seen_step:
            return
        self._seen_step = trainer.global_step
        module = cast(Averaging, pl_module)
        # A graph of its own on XLA devices: what was logged before is in none of its, and what
        # reads the weights next, a save or a step, makes no other one.
        run_pending(pl_module.device)
        weight = 1.0 - decay_at(self._seen_step, module.average_decay)
        with torch.no_grad():
            torch._foreach_lerp_(
                list(module.averaged.parameters()), list(module.network.parameters()), weight
            )
        run_pending(pl_module.device)
