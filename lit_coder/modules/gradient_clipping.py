"""Gradients scaled down to a largest norm, under every precision and strategy.

    norm = clip_gradients(module, optimizer, max_norm=1.0)     # a tensor: the host does not wait

Lightning's own clipping refuses fused optimizers under mixed precision. What belongs to a
strategy (sharded gradients) or to float16's loss scaling is here; when to clip is Lightning's
business.
"""

from __future__ import annotations

import lightning.pytorch as pl
import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.strategies import FSDPStrategy
from torch import Tensor, nn
from torch.distributed.fsdp import FullyShardedDataParallel


def clip_gradients(
    module: pl.LightningModule,
    optimizer: torch.optim.Optimizer | LightningOptimizer,
    max_norm: float,
) -> Tensor:
    """Scale the gradients down where their norm is above `max_norm`.

    Returns:
        The norm before, of unscaled gradients, on the device.
    """
    strategy = module.trainer.strategy
    scaler: torch.amp.GradScaler | None = None
    # Other optimizers than fused ones get gradients that Lightning has unscaled already.
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        scaler = getattr(module.trainer.precision_plugin, "scaler", None)
    if isinstance(strategy, FSDPStrategy):
        # Each process holds a part of every gradient.
        factor = 1.0 if scaler is None else scaler.get_scale()
        assert isinstance(strategy.model, FullyShardedDataParallel)
        sharded_norm: Tensor = strategy.model.clip_grad_norm_(max_norm * factor)
        return sharded_norm.detach() / factor
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    if all(gradient.dtype == torch.float32 for gradient in gradients):
        norm = nn.utils.get_total_norm(gradients)
    else:
        # A norm in bfloat16 is wrong by up to a percent.
        norms = [torch.linalg.vector_norm(g, dtype=torch.float32) for g in gradients]
        norm = torch.linalg.vector_norm(torch.stack(norms))
    if scaler is not None:
        # The scale as a tensor: asking for the number would wait for the device.
        norm = norm / scaler.scale(torch.ones((), device=norm.device))
    nn.utils.clip_grads_with_norm_(module.parameters(), max_norm, norm)
    return norm.detach()
