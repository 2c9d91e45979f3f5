"""One row of numbers every `log_every_n_steps` optimizer steps, to all loggers and the terminal.

    train/loss  train/perplexity  train/learning_rate  train/gradient_norm  train/epoch
    train/tokens_per_second  train/steps_per_second  train/mfu  train/memory_gigabytes

Loss and speed are of the steps since the last row, in the round that is running. The device is
read where a row is due and never between: there a loss that is not finite is noticed too. Several
processes add up at a row. A terminal gets a live line; with `log_level: debug` each row is a line
of `training.log`. The rounds' table is `evaluation/`'s.

A user's own number is one line, `self.log("my/number", value)` in a module or
`pl_module.log(...)` in a callback: the same loggers write it, in a row of the same step.
"""

from __future__ import annotations

import logging
import math
from functools import partial
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.trainer.states import TrainerFn
from rich.console import Console

from lit_coder.modules.code_module import CodeModule
from lit_coder.networks.flops import bfloat16_peak, training_flops_per_token
from lit_coder.networks.gpt import GPT
from lit_coder.trainer.checkpoint import RunCheckpoint, require_finite
from lit_coder.trainer.speed import SpeedMeter, Work
from lit_coder.trainer.used_memory import used_gibibytes

logger = logging.getLogger("lit_coder.trainer")


class StepProgress(pl.Callback):
    """Logs and shows how training goes; see the module's docstring."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._meter = SpeedMeter()
        self._seen_step = 0
        self._seen_loss = (0.0, 0)
        """Sum and number of the round's losses that stand in an earlier row."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start over: in a round that is gone on with, its epoch does not start again."""
        self._meter = _speed_meter(trainer, pl_module)
        self._start_over(trainer, pl_module)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start over after generating and verifying."""
        self._start_over(trainer, pl_module)

    def _start_over(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        assert isinstance(module, CodeModule)
        self._seen_step = trainer.global_step
        self._seen_loss = module.train_loss.total()
        self._meter.start_over(trainer.global_step)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Count, and log every `log_every_n_steps` optimizer steps."""
        ids_BT = batch["ids_BT"]
        self._meter.add(ids_BT.numel(), ids_BT.shape[-1])
        step = trainer.global_step
        every = max(1, trainer.log_every_n_steps)  # type: ignore[attr-defined]
        if step == self._seen_step or step % every:
            return
        assert isinstance(pl_module, CodeModule)
        self._seen_step = step
        # All processes come here at the same step; one that stopped first would let others wait.
        metrics = self._row(trainer, pl_module, step)
        require_finite(pl_module, step, lambda: _last_checkpoint(trainer))
        for run_logger in trainer.loggers:
            run_logger.log_metrics(metrics, step)
        # Lightning takes this as the row's step for what users log, in place of the step before.
        pl_module.log("step", float(step))
        logger.debug("step %d: %s", step, ", ".join(f"{k[6:]} {v:.5g}" for k, v in metrics.items()))
        if self._console.is_terminal and trainer.is_global_zero:
            self._console.print(_line(trainer, step, metrics), end="\r", highlight=False)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Have validation's row say the step that was done, too."""
        if trainer.state.fn == TrainerFn.FITTING:
            pl_module.log("step", float(trainer.global_step))

    def _row(self, trainer: pl.Trainer, module: CodeModule, step: int) -> dict[str, float]:
        """The metrics since the last row. Waits for the device."""
        (seen_sum, seen_count), self._seen_loss = self._seen_loss, module.train_loss.total()
        loss_sum, num_losses = self._seen_loss[0] - seen_sum, self._seen_loss[1] - seen_count
        work = self._meter.take(step)
        if trainer.world_size > 1:
            own = torch.tensor(
                [loss_sum, num_losses, work.num_tokens, work.flops], dtype=torch.float64
            )
            loss_sum, num_losses, tokens, flops = _summed(trainer, module, own)
            work = Work(work.seconds, work.num_steps, tokens, flops)
        loss = loss_sum / max(1, num_losses)
        found = {
            "train/loss": loss,
            "train/perplexity": math.exp(loss) if loss < 700 else math.inf,
            "train/learning_rate": float(trainer.optimizers[0].param_groups[0]["lr"]),
            **self._meter.rates(work),
            "train/memory_gigabytes": used_gibibytes(module.device),
            "train/epoch": float(trainer.current_epoch),
        }
        if (norm := module.gradient_norm) is not None:
            found["train/gradient_norm"] = float(norm)
        return found | module.take_measures()


def _speed_meter(trainer: pl.Trainer, module: pl.LightningModule) -> SpeedMeter:
    """A meter that knows the network's work and the devices' peak, where they are known."""
    per_token = None
    if isinstance(module.network, GPT):
        per_token = partial(training_flops_per_token, module.network.config)
    peak = None
    if module.device.type == "cuda":
        peak = bfloat16_peak(torch.cuda.get_device_name(module.device))
    return SpeedMeter(per_token, peak and peak * trainer.world_size)


def _summed(trainer: pl.Trainer, module: CodeModule, own: torch.Tensor) -> Any:
    """Numbers of this process, summed over all of them."""
    total: torch.Tensor = trainer.strategy.reduce(own.to(module.device), reduce_op="sum")
    return total.tolist()


def _line(trainer: pl.Trainer, step: int, metrics: dict[str, float]) -> str:
    """The row as the live line of a terminal."""
    mfu = f"  MFU {metrics['train/mfu']:.0%}" if "train/mfu" in metrics else ""
    return (
        f"  step {step}/{trainer.max_steps}  loss {metrics['train/loss']:.3f}  "
        f"{metrics['train/steps_per_second']:.1f} steps/s  "
        f"{metrics['train/tokens_per_second']:,.0f} tokens/s{mfu}   "
    )


def _last_checkpoint(trainer: pl.Trainer) -> str:
    callback = trainer.checkpoint_callback
    return callback.last_model_path if isinstance(callback, RunCheckpoint) else ""
