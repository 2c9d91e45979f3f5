"""What a user sees while a round trains: one line that is written over, and the step metrics.

Loss and speed are of the steps since the last row, in the round that is running; they are read
from the device every `log_every_n_steps` steps only, which is also where a loss that is not finite
is noticed. A terminal gets a live line, anything else nothing: the rounds'
table is `evaluation/`'s.
"""

from __future__ import annotations

import time
from typing import Any

import lightning.pytorch as pl
from rich.console import Console

from lit_coder.modules.code_module import CodeModule
from lit_coder.trainer.checkpoint import RunCheckpoint, require_finite


class StepProgress(pl.Callback):
    """Logs `train/loss`, `train/learning_rate`, `train/steps_per_second` and shows them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seen_step = 0
        self._seen_seconds = time.monotonic()
        self._seen_loss = (0.0, 0)
        """Sum and number of the round's losses that stand in an earlier row."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start over: in a round that is gone on with, its epoch does not start again."""
        self._start_over(trainer, pl_module)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start over after generating and verifying."""
        self._start_over(trainer, pl_module)

    def _start_over(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        assert isinstance(module, CodeModule)
        self._seen_step, self._seen_seconds = trainer.global_step, time.monotonic()
        self._seen_loss = module.train_loss.total()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Log every `log_every_n_steps` optimizer steps."""
        step = trainer.global_step
        every = max(1, trainer.log_every_n_steps)  # type: ignore[attr-defined]
        if step == self._seen_step or step % every:
            return
        assert isinstance(pl_module, CodeModule)
        require_finite(pl_module, step, _last_checkpoint(trainer))
        now = time.monotonic()
        speed = (step - self._seen_step) / max(1e-9, now - self._seen_seconds)
        self._seen_step, self._seen_seconds = step, now
        (seen_sum, seen_count), self._seen_loss = self._seen_loss, pl_module.train_loss.total()
        loss = (self._seen_loss[0] - seen_sum) / max(1, self._seen_loss[1] - seen_count)
        rate = trainer.optimizers[0].param_groups[0]["lr"]
        metrics = {"train/loss": loss, "train/learning_rate": rate, "train/steps_per_second": speed}
        for logger in trainer.loggers:
            logger.log_metrics(metrics, step)
        if self._console.is_terminal:
            self._console.print(
                f"  step {step}/{trainer.max_steps}  loss {loss:.3f}  {speed:.1f} steps/s   ",
                end="\r",
                highlight=False,
            )


def _last_checkpoint(trainer: pl.Trainer) -> str:
    callback = trainer.checkpoint_callback
    return callback.last_model_path if isinstance(callback, RunCheckpoint) else ""
