from __future__ import annotations

import io
import logging
import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from benchmarks.host_reads import HostReads
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.trainer.metrics_file import MetricsFile
from lit_coder.trainer.progress import StepProgress
from tests.recursion.tiny_run import make_data, make_module, make_recursion, make_trainer
from tests.trainer.test_metrics_file import rows_of


class Losses(pl.Callback):
    """The loss, the gradients' norm, the learning rate and the tokens of every step."""

    def __init__(self) -> None:
        self.losses: dict[int, float] = {}
        self.norms: dict[int, float] = {}
        self.rates: dict[int, float] = {}
        self.num_tokens: dict[int, int] = {}

    def on_before_optimizer_step(self, trainer: pl.Trainer, pl_module: Any, optimizer: Any) -> None:
        # Lightning clips after this.
        gradients = [p.grad.flatten() for p in pl_module.parameters() if p.grad is not None]
        self.norms[trainer.global_step + 1] = float(torch.cat(gradients).norm())

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, *_: Any
    ) -> None:
        step = trainer.global_step
        self.losses[step] = float(outputs["loss"])
        self.rates[step] = trainer.optimizers[0].param_groups[0]["lr"]
        self.num_tokens[step] = self.num_tokens.get(step, 0) + batch["ids_BT"].numel()


class OwnNumber(pl.Callback):
    """What a user might add: one line."""

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        pl_module.log("mine/double_step", 2.0 * trainer.global_step)


def fit(
    folder: Path,
    max_steps: int,
    *callbacks: pl.Callback,
    ckpt_path: Path | None = None,
    console: Console | None = None,
    steps_per_round: int = 6,
    save_every_n_steps: int = 3,
    log_every_n_steps: int = 2,
) -> None:
    recursion = make_recursion(num_problems=0, every_n_steps=steps_per_round)
    checkpoint = RunCheckpoint(save_every_n_steps, every_n_minutes=0, keep_last_n=99)
    trainer = make_trainer(
        folder,
        recursion,
        StepProgress(console or Console(file=io.StringIO())),
        *callbacks,
        max_steps=max_steps,
        checkpoint=checkpoint,
        log_every_n_steps=log_every_n_steps,
    )
    folder.mkdir(exist_ok=True)
    board = TensorBoardLogger(str(folder), name="", version="tensorboard")
    trainer.loggers = [MetricsFile(folder), board]
    data = make_data(recursion.every_n_steps)
    trainer.fit(make_module(data), datamodule=data, ckpt_path=ckpt_path)
    board.experiment.close()


@dataclass(frozen=True)
class Run:
    """A fit of twelve steps with a row every second one, and what was seen beside it."""

    folder: Path
    seen: Losses
    screen: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder, seen, screen = tmp_path_factory.mktemp("run"), Losses(), io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    logger = logging.getLogger("lit_coder")
    level, propagates = logger.level, logger.propagate
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    fit(folder, 12, seen, OwnNumber(), console=console)
    logger.setLevel(level)
    logger.propagate = propagates
    return Run(folder, seen, screen.getvalue())


STEPS = range(2, 13, 2)


def logged(folder: Path, name: str = "train/loss") -> dict[int, float]:
    rows = rows_of(folder / "metrics.csv")
    return {int(row["step"]): float(row[name]) for row in rows if row.get(name)}


def on_board(folder: Path, name: str) -> dict[int, float]:
    """What TensorBoard shows."""
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return {event.step: event.value for event in events.Scalars(name)}


def test_the_loss_is_the_mean_since_the_last_row(run: Run) -> None:
    losses = run.seen.losses
    expected = {step: (losses[step - 1] + losses[step]) / 2 for step in STEPS}
    assert logged(run.folder) == pytest.approx(expected)


def test_after_a_resume_the_loss_starts_over(run: Run, tmp_path: Path) -> None:
    folder, seen = tmp_path / "x", Losses()
    shutil.copytree(run.folder, folder, symlinks=True)
    fit(folder, 6, seen, ckpt_path=folder / "checkpoints" / "step-00000003.ckpt")
    assert set(seen.losses) == {4, 5, 6}
    found = logged(folder)
    assert set(found) == {2, 4, 6}
    assert found[4] == pytest.approx(seen.losses[4])
    assert found[6] == pytest.approx((seen.losses[5] + seen.losses[6]) / 2)


def test_a_row_has_every_number_of_its_step(run: Run) -> None:
    seen = run.seen
    for step, loss in logged(run.folder).items():
        assert logged(run.folder, "train/perplexity")[step] == pytest.approx(math.exp(loss))
    assert logged(run.folder, "train/learning_rate") == {s: seen.rates[s] for s in STEPS}
    norms = {step: seen.norms[step] for step in STEPS}
    assert logged(run.folder, "train/gradient_norm") == pytest.approx(norms)
    assert logged(run.folder, "train/epoch") == {step: float(step > 6) for step in STEPS}
    memory = logged(run.folder, "train/memory_gigabytes")
    assert set(memory) == set(STEPS) and all(0 < used < 64 for used in memory.values())
    assert "train/mfu" not in rows_of(run.folder / "metrics.csv")[0]


def test_tokens_per_second_counts_every_token_of_the_batches(run: Run) -> None:
    tokens = logged(run.folder, "train/tokens_per_second")
    steps = logged(run.folder, "train/steps_per_second")
    for step in STEPS:
        # Both are divided by the same seconds.
        per_step = (run.seen.num_tokens[step - 1] + run.seen.num_tokens[step]) / 2
        assert tokens[step] / steps[step] == pytest.approx(per_step)


def test_every_logger_gets_the_same_row(run: Run) -> None:
    for name in ("train/loss", "train/gradient_norm", "train/tokens_per_second"):
        assert on_board(run.folder, name) == pytest.approx(logged(run.folder, name), rel=1e-5)


def test_a_users_own_number_is_logged_at_the_rows_steps(run: Run) -> None:
    expected = {step: 2.0 * step for step in STEPS}
    assert logged(run.folder, "mine/double_step") == expected
    assert on_board(run.folder, "mine/double_step") == expected


def test_a_rounds_validation_is_logged_at_its_last_step(run: Run) -> None:
    assert set(logged(run.folder, "validation/loss")) == {6, 12}
    assert set(on_board(run.folder, "validation/loss")) == {6, 12}


def test_without_own_numbers_no_row_is_empty(tmp_path: Path) -> None:
    fit(tmp_path, 6)
    for row in rows_of(tmp_path / "metrics.csv"):
        assert any(value for name, value in row.items() if name != "step")


def test_between_rows_the_host_reads_nothing_from_the_device(tmp_path: Path) -> None:
    reads = HostReads()
    with reads:
        fit(tmp_path, 12, reads, steps_per_round=12, save_every_n_steps=4, log_every_n_steps=4)
    rows, last_but_one = {3, 7, 11}, 10
    # What a stop in a round's last step goes back to is copied the step before.
    assert set(reads.by_batch) - {-1, last_but_one} == rows


def test_a_terminal_gets_one_live_line(run: Run) -> None:
    assert run.screen.count("\r") == len(STEPS) and "\n" not in run.screen
    assert "step 12/12" in run.screen and "tokens/s" in run.screen


def test_at_debug_each_row_is_a_line_of_the_log(run: Run) -> None:
    lines = (run.folder / "training.log").read_text().splitlines()
    rows = [line for line in lines if " DEBUG lit_coder.trainer: step " in line]
    for step, line in zip(STEPS, rows, strict=True):
        assert f": step {step}: loss {logged(run.folder)[step]:.5g}, " in line
