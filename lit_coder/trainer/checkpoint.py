"""Writes checkpoints that a killed run goes on from, exactly.

    runs/x/checkpoints/  step-00000500.ckpt  round-0003.ckpt  best.ckpt -> ...  last.ckpt -> ...

Saves at step 0, every N steps or minutes, at the end of each round and on Ctrl+C or SIGTERM: on
optimizer steps only, copied to host memory and written in the background. Links move and old files
go when the new file is whole; a write that failed ends the run at the next step.

It never saves at a round's last batch: Lightning would go on with the next epoch and skip the
round's end; the save of that moment is the round's own, after the hand-over. The state one step
before is held in memory until then, and written where the round's end is broken off: one step is
all that is lost. Weights that are not finite are never saved. What is in a checkpoint is
Lightning's and the other parts' business.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Checkpoint

from lit_coder.modules.code_module import CodeModule
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.recursion.processes import Processes
from lit_coder.recursion.round_record import RoundRecord
from lit_coder.trainer.checkpoint_files import (
    LAST_LINK,
    BestRounds,
    pinned_pool_versions,
    remove_partial,
    settle,
)
from lit_coder.trainer.checkpoint_io import RunCheckpointIO
from lit_coder.trainer.checkpoint_writer import CheckpointWriter
from lit_coder.trainer.requeue_signal import RequeueSignal
from lit_coder.trainer.stop_signals import RunInterrupted, StopSignals
from lit_coder.training_data.data_module import POOL_FOLDER, CodeDataModule
from lit_coder.training_data.pool import SamplePool

logger = logging.getLogger("lit_coder.trainer")

CHECKPOINTS_FOLDER = "checkpoints"


class RunCheckpoint(Checkpoint):
    """Checkpoints of a run, `last` and `best` as links.

    Args:
        every_n_train_steps: optimizer steps between saves; 0 = only at the end of rounds. Rounds
            that are shorter are not all saved: the first to end after so many steps is, and what
            is the best so far.
        every_n_minutes: minutes between saves, whichever comes first; 0 = never.
        keep_last_n: newest checkpoints to keep; the best ones are kept beside them.
        keep_best_n: rounds with the highest held-out pass@1 to keep.
        in_background: write while training goes on, from a copy in host memory (12 bytes a
            parameter); false = training waits for each file.
    """

    def __init__(
        self,
        every_n_train_steps: int = 500,
        every_n_minutes: float = 30.0,
        keep_last_n: int = 3,
        keep_best_n: int = 1,
        in_background: bool = True,
    ) -> None:
        for name, value, smallest in (
            ("every_n_train_steps", every_n_train_steps, 0),
            ("every_n_minutes", every_n_minutes, 0),
            ("keep_last_n", keep_last_n, 1),
            ("keep_best_n", keep_best_n, 1),
        ):
            if value < smallest:
                raise ValueError(f"checkpoint.{name} must be {smallest} or more, not {value}")
        self.every_n_train_steps = every_n_train_steps
        self.every_n_minutes = every_n_minutes
        self.keep_last_n = keep_last_n
        self.in_background = in_background
        self._best = BestRounds(keep_best_n)
        self._folder = Path()
        self._last_step = self._saved_step = -1
        self._last_save_seconds = time.monotonic()
        self._signals: StopSignals | None = None
        self._requeue: RequeueSignal | None = None
        self._processes = Processes()
        self._writer = CheckpointWriter()
        self._io = RunCheckpointIO(self._write_elsewhere)

    @property
    def best_score(self) -> float | None:
        """The best held-out pass@1 so far; None while there is none."""
        return self._best.score

    @property
    def best_model_path(self) -> str:
        """Path of the best checkpoint by held-out pass@1, whole; "" while there is none."""
        self.wait()
        return str(self._folder / self._best.names[0]) if self._best.names else ""

    @property
    def last_model_path(self) -> str:
        """Path of the newest checkpoint, whole; "" while there is none."""
        self.wait()
        link = self._folder / LAST_LINK
        return str(link.resolve()) if link.exists() else ""

    def wait(self) -> None:
        """Wait for the write in flight.

        Raises:
            OSError: it failed; the checkpoints before are intact.
        """
        self._writer.wait()

    def state_dict(self) -> dict[str, Any]:
        """The best rounds so far."""
        return self._best.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with those."""
        self._best.load_state_dict(state_dict)

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Know the run's folder; take what Lightning saves."""
        self._folder = Path(trainer.default_root_dir) / CHECKPOINTS_FOLDER
        if stage == "fit":
            trainer.strategy.checkpoint_io = self._io

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Listen to signals; a new run saves its first weights so that `last` always exists."""
        recursion = _recursion(trainer)
        self._processes = recursion.processes
        self._signals = StopSignals(
            busy=lambda: recursion.phase,
            announce=logger.warning,
            forward=getattr(trainer.strategy.launcher, "kill", None),
        )
        self._signals.__enter__()
        self._requeue = RequeueSignal(at_once=lambda: self._save_at_once(trainer, recursion))
        self._requeue.__enter__()
        self._last_step = self._saved_step = trainer.global_step
        if trainer.is_global_zero:
            self._best.forget_missing(self._folder)
            remove_partial(self._folder)
        if trainer.global_step == 0:
            # At once: a disk that is full already is said before the first step.
            self._save(trainer, pl_module, "step-00000000.ckpt", in_background=False)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Save where a save is due; stop where the user asked for it."""
        step = trainer.global_step
        if step == self._last_step:
            return  # inside an accumulation: gradients would be lost
        self._last_step = step
        if self._writer.has_failed:
            self.wait()
        requested, requeue, due = self._agreed(self._is_due(step))
        if trainer.is_last_batch:
            # Before the round samples from these weights.
            self._require_finite(trainer, pl_module)
            if requeue:
                self._writer.write_held()
                self._answer_requeue()
            self._stop_before_the_rounds_end(requested)
            return
        name = f"step-{step:08d}.ckpt"
        if requested or requeue or due:
            self._save(trainer, pl_module, name)
        elif (step + 1) % _recursion(trainer).every_n_steps == 0:
            self._hold(trainer, pl_module, name)
        if requeue:
            self._answer_requeue()
        if requested:
            self.wait()
            raise RunInterrupted(f"stopped and saved at step {step}", requested)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop between the last batch of a round and the round's end."""
        if self._signals is not None and trainer.is_last_batch:
            self._stop_before_the_rounds_end(self._agreed()[0])

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save a whole round, after the round callback handed over; remember the best.

        Of rounds that are shorter than `every_n_train_steps`, some: the others' state is held in
        memory, and written where the next round's end is broken off.
        """
        record = _recursion(trainer).ended_round
        if record is None:
            return
        name = f"round-{record.round:04d}.ckpt"
        score = record.held_out.pass_at[1] if record.held_out else None
        # A round that is run again has other weights, and after a roll-back the file holds others
        # than those that were scored.
        self._best.remove(name)
        requested, requeue, due = self._agreed(self._is_round_due(trainer, record))
        if not (requested or requeue or due):
            self._hold(trainer, pl_module, name)
            return
        if score is not None and not record.rolled_back:
            self._best.add(name, score)
        self.wait()
        if trainer.is_global_zero:
            self._clean_pool(trainer)
        self._save(trainer, pl_module, name)
        requested, requeue, _ = self._agreed()
        if requeue:
            self._answer_requeue()
        if requested and trainer.global_step < trainer.max_steps:
            self.wait()
            raise RunInterrupted(f"stopped and saved after round {record.round}", requested)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The run has ended well only where its last checkpoint is whole."""
        self.wait()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Save the step before a round's end that was broken off; give the signals back."""
        held = self._writer.held_path
        if isinstance(exception, RunInterrupted) and exception.aborted:
            held = None
            self._writer.drop_held()
        try:
            self._writer.write_held()
            self.wait()
        except OSError as error:
            # The exception that is on its way says why the run ends.
            logger.warning("the last checkpoint was not written: %s", error)
        else:
            if held is not None:
                logger.warning("saved the last state that is whole: %s", held.name)
        self._release()

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Give signals and memory back."""
        self._release()

    def _release(self) -> None:
        if self._signals is not None:
            self._signals.__exit__(None, None, None)
            self._signals = None
        if self._requeue is not None:
            self._requeue.__exit__(None, None, None)
            self._requeue = None
        self._writer.close()

    def _agreed(self, due: bool = False) -> tuple[int, int, int]:
        """The signal that asked for a stop, whether to requeue, whether a save is due: for all."""
        assert self._signals is not None and self._requeue is not None
        requested, requeue, due_somewhere = self._processes.largest(
            self._signals.requested, int(self._requeue.is_asked), int(due)
        )
        return requested, requeue, due_somewhere

    def _answer_requeue(self) -> None:
        """What the requeued job shall go on from is whole first."""
        assert self._requeue is not None
        self.wait()
        self._requeue.answer()

    def _save_at_once(self, trainer: pl.Trainer, recursion: RecursiveGenerationCallback) -> bool:
        """Whether the round's end runs and one process alone: no step ends for a while."""
        if not recursion.phase or trainer.world_size > 1:
            return False
        self._writer.write_held()
        self.wait()
        return True

    def _stop_before_the_rounds_end(self, requested: int) -> None:
        if requested:
            raise RunInterrupted(
                "stopped at a round's last step: this step and the round's end are run again",
                requested,
            )

    def _is_due(self, step: int) -> bool:
        if self.every_n_train_steps and step % self.every_n_train_steps == 0:
            return True
        waited_seconds = time.monotonic() - self._last_save_seconds
        return self.every_n_minutes > 0 and waited_seconds >= self.every_n_minutes * 60

    def _is_round_due(self, trainer: pl.Trainer, record: RoundRecord) -> bool:
        """Whether the state at this round's end is to be written."""
        step = trainer.global_step
        if _recursion(trainer).every_n_steps >= self.every_n_train_steps:
            return True
        if step - self._saved_step >= self.every_n_train_steps or self._is_due(step):
            return True
        score = record.held_out.pass_at[1] if record.held_out else None
        beats = score is not None and score > (-1 if self.best_score is None else self.best_score)
        return beats or record.rolled_back or trainer.should_stop or step >= trainer.max_steps

    def _save(
        self,
        trainer: pl.Trainer,
        module: pl.LightningModule,
        name: str,
        in_background: bool | None = None,
    ) -> None:
        in_background = self.in_background if in_background is None else in_background
        self._give(
            trainer, module, name, self._writer.hold if in_background else self._writer.write
        )
        self._writer.write_held()
        self._saved_step = trainer.global_step
        self._last_save_seconds = time.monotonic()

    def _hold(self, trainer: pl.Trainer, module: pl.LightningModule, name: str) -> None:
        self._give(trainer, module, name, self._writer.hold)

    def _give(
        self,
        trainer: pl.Trainer,
        module: pl.LightningModule,
        name: str,
        take: Callable[[dict[str, Any], Path, Callable[[], None]], None],
    ) -> None:
        """Collect the state on all processes; the first one's writer takes it."""
        self._require_finite(trainer, module)
        best = self._best.names

        def then() -> None:
            settle(self._folder, name, best, self.keep_last_n)

        if trainer.is_global_zero:
            self._folder.mkdir(parents=True, exist_ok=True)
        with self._io.giving(lambda checkpoint, path: take(checkpoint, path, then)):
            trainer.save_checkpoint(self._folder / name, weights_only=False)

    def _require_finite(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        assert isinstance(module, CodeModule)
        try:
            require_finite(module, trainer.global_step, lambda: self.last_model_path)
        except ValueError:
            # One step before is hardly better than this one.
            self._writer.drop_held()
            raise

    def _write_elsewhere(self, checkpoint: dict[str, Any], path: Path) -> None:
        self._writer.write(checkpoint, path, then=lambda: None)

    def _clean_pool(self, trainer: pl.Trainer) -> None:
        """Remove pool versions that no checkpoint goes on from."""
        data = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(data, CodeDataModule)
        pinned = pinned_pool_versions(self._folder)
        if pinned is not None:
            pool = SamplePool(self._folder.parent / POOL_FOLDER, _recursion(trainer).run_id)
            pool.clean({*pinned, data.pool_version})


def require_finite(module: CodeModule, step: int, last_good: str | Callable[[], str]) -> None:
    """Refuse to go on with a loss or weights that are not finite, on any process.

    With several processes all of them must call this at the same step.

    Raises:
        ValueError: one sentence with the last good checkpoint.
    """
    loss = module.train_loss.mean()
    finite = loss is None or bool(torch.isfinite(torch.tensor(loss)))
    # The largest entries: no copy of the weights is made, and the device is waited for once.
    largest = [
        torch.linalg.vector_norm(p.detach(), torch.inf) for p in module.parameters() if p.numel()
    ]
    finite = finite and bool(torch.stack(largest).isfinite().all())
    if module.trainer.strategy.reduce_boolean_decision(finite, all=True):
        return
    path = last_good if isinstance(last_good, str) else last_good()
    last = f"; the last good checkpoint is {path}" if path else ""
    raise ValueError(
        f"the training loss is not a finite number at step {step}; start a new run with a lower "
        f"model.init_args.learning_rate{last}"
    )


def _recursion(trainer: pl.Trainer) -> RecursiveGenerationCallback:
    found = [c for c in trainer.callbacks if isinstance(c, RecursiveGenerationCallback)]  # type: ignore[attr-defined]
    assert found, "RunCheckpoint needs a RecursiveGenerationCallback: rounds are its"
    return found[0]
