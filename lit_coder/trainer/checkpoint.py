"""Writes checkpoints that a killed run goes on from, exactly.

    runs/x/checkpoints/  step-00000500.ckpt  round-0003.ckpt  best.ckpt -> ...  last.ckpt -> ...

Saves at step 0, every N steps or minutes, at the end of each round and on Ctrl+C or SIGTERM. It
never saves at a round's last batch: Lightning would go on with the next epoch and skip the
round's end; the save of that moment is the round's own, after the hand-over. Weights that are
not finite are never saved. What is in a checkpoint is Lightning's and the other parts' business.
"""

from __future__ import annotations

import logging
import os
import re
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Checkpoint

from lit_coder.modules.code_module import CodeModule
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.trainer.stop_signals import RunInterrupted, StopSignals

logger = logging.getLogger("lit_coder.trainer")

CHECKPOINTS_FOLDER = "checkpoints"
OWN_NAME = re.compile(r"(step-\d{8,}|round-\d{4,})\.ckpt")
"""Only files of these names are ever removed; what a user puts beside them stays."""


class RunCheckpoint(Checkpoint):
    """Checkpoints of a run, `last` and `best` as links.

    Args:
        every_n_train_steps: optimizer steps between saves; 0 = only at the end of rounds.
        every_n_minutes: minutes between saves, whichever comes first; 0 = never.
        keep_last_n: newest checkpoints to keep; the best one is kept beside them.
    """

    def __init__(
        self, every_n_train_steps: int = 500, every_n_minutes: float = 30.0, keep_last_n: int = 3
    ) -> None:
        for name, value, smallest in (
            ("every_n_train_steps", every_n_train_steps, 0),
            ("every_n_minutes", every_n_minutes, 0),
            ("keep_last_n", keep_last_n, 1),
        ):
            if value < smallest:
                raise ValueError(f"checkpoint.{name} must be {smallest} or more, not {value}")
        self.every_n_train_steps = every_n_train_steps
        self.every_n_minutes = every_n_minutes
        self.keep_last_n = keep_last_n
        self.best_score: float | None = None
        self.best_file = ""
        self._folder = Path()
        self._last_step = -1
        self._last_save_seconds = time.monotonic()
        self._signals: StopSignals | None = None

    @property
    def best_model_path(self) -> str:
        """Path of the best checkpoint by held-out pass@1; "" while there is none."""
        return str(self._folder / self.best_file) if self.best_file else ""

    @property
    def last_model_path(self) -> str:
        """Path of the newest checkpoint; "" while there is none."""
        link = self._folder / "last.ckpt"
        return str(link.resolve()) if link.exists() else ""

    def state_dict(self) -> dict[str, Any]:
        """The best score so far and its file's name."""
        return {"best_score": self.best_score, "best_file": self.best_file}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with that best."""
        self.best_score = state_dict["best_score"]
        self.best_file = state_dict["best_file"]

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Know the run's folder."""
        self._folder = Path(trainer.default_root_dir) / CHECKPOINTS_FOLDER

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Listen to signals; a new run saves its first weights so that `last` always exists."""
        recursion = _recursion(trainer)
        self._signals = StopSignals(busy=lambda: recursion.phase, announce=logger.warning)
        self._signals.__enter__()
        if self.best_file and not (self._folder / self.best_file).exists():
            logger.warning(
                "the best checkpoint %s is gone; the next best starts anew", self.best_file
            )
            self.best_file, self.best_score = "", None
        self._last_step = trainer.global_step
        if trainer.global_step == 0:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._save(trainer, pl_module, "step-00000000.ckpt")

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Save where a save is due; stop where the user asked for it."""
        if trainer.global_step == self._last_step:
            return  # inside an accumulation: gradients would be lost
        self._last_step = trainer.global_step
        assert self._signals is not None
        requested = self._signals.requested
        if trainer.is_last_batch:
            assert isinstance(pl_module, CodeModule)
            # Before the round samples from these weights.
            require_finite(pl_module, trainer.global_step, self.last_model_path)
            if requested:
                raise RunInterrupted(
                    "stopped at a round's last step, which is not saved: the steps since the "
                    "last checkpoint and the round's end are run again",
                    requested,
                )
            return
        if requested or self._is_due(trainer.global_step):
            self._save(trainer, pl_module, f"step-{trainer.global_step:08d}.ckpt")
        if requested:
            raise RunInterrupted(f"stopped and saved at step {trainer.global_step}", requested)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save a whole round, after the round callback handed over; remember the best."""
        record = _recursion(trainer).ended_round
        if record is None:
            return
        name = f"round-{record.round:04d}.ckpt"
        score = record.held_out.pass_at[1] if record.held_out else None
        is_best = score is not None and (self.best_score is None or score > self.best_score)
        # After a roll-back the file holds other weights than those that were scored.
        if is_best and not record.rolled_back:
            self.best_score, self.best_file = score, name
        self._save(trainer, pl_module, name)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Give the signals back."""
        self._release()

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Give the signals back."""
        self._release()

    def _release(self) -> None:
        if self._signals is not None:
            self._signals.__exit__(None, None, None)
            self._signals = None

    def _is_due(self, step: int) -> bool:
        if self.every_n_train_steps and step % self.every_n_train_steps == 0:
            return True
        waited_seconds = time.monotonic() - self._last_save_seconds
        return self.every_n_minutes > 0 and waited_seconds >= self.every_n_minutes * 60

    def _save(self, trainer: pl.Trainer, module: pl.LightningModule, name: str) -> None:
        assert isinstance(module, CodeModule)
        require_finite(module, trainer.global_step, self.last_model_path)
        trainer.save_checkpoint(self._folder / name, weights_only=False)
        if name == self.best_file:
            _link(self._folder / "best.ckpt", name)
        _link(self._folder / "last.ckpt", name)
        self._last_save_seconds = time.monotonic()
        self._remove_old()

    def _remove_old(self) -> None:
        """Keep the newest files and the best one; only after the links have moved."""
        files = sorted(
            (p for p in self._folder.glob("*-*.ckpt") if OWN_NAME.fullmatch(p.name)),
            key=lambda path: path.stat().st_mtime_ns,
        )
        linked = {self.best_file, Path(self.last_model_path).name}
        for path in files[: -self.keep_last_n]:
            if path.name not in linked:
                path.unlink()


def require_finite(module: CodeModule, step: int, last_good: str) -> None:
    """Refuse to go on with a loss or weights that are not finite.

    Raises:
        ValueError: one sentence with the last good checkpoint.
    """
    loss = module.train_loss.mean()
    finite = loss is None or torch.isfinite(torch.tensor(loss)).item()
    if finite and all(bool(torch.isfinite(p).all()) for p in module.parameters()):
        return
    last = f"; the last good checkpoint is {last_good}" if last_good else ""
    raise ValueError(
        f"the training loss is not a finite number at step {step}; start a new run with a lower "
        f"model.init_args.learning_rate{last}"
    )


def _recursion(trainer: pl.Trainer) -> RecursiveGenerationCallback:
    found = [c for c in trainer.callbacks if isinstance(c, RecursiveGenerationCallback)]  # type: ignore[attr-defined]
    assert found, "RunCheckpoint needs a RecursiveGenerationCallback: rounds are its"
    return found[0]


def _link(link: Path, target_name: str) -> None:
    """Point `link` at a file beside it, in one step."""
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target_name)
    temporary.replace(link)
