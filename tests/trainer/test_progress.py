from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
from rich.console import Console

from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.trainer.metrics_file import MetricsFile
from lit_coder.trainer.progress import StepProgress
from tests.recursion.tiny_run import make_data, make_module, make_recursion, make_trainer
from tests.trainer.test_metrics_file import rows_of


class Losses(pl.Callback):
    """The loss of every step."""

    def __init__(self) -> None:
        self.losses: dict[int, float] = {}

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, *_: Any
    ) -> None:
        self.losses[trainer.global_step] = float(outputs["loss"])


def fit(folder: Path, max_steps: int, ckpt_path: Path | None = None) -> dict[int, float]:
    recursion = make_recursion(num_problems=0, every_n_steps=6)
    console = Console(file=io.StringIO())
    losses = Losses()
    checkpoint = RunCheckpoint(every_n_train_steps=3, every_n_minutes=0, keep_last_n=99)
    trainer = make_trainer(
        folder,
        recursion,
        StepProgress(console),
        losses,
        max_steps=max_steps,
        checkpoint=checkpoint,
        log_every_n_steps=2,
    )
    folder.mkdir(exist_ok=True)
    trainer.loggers = [MetricsFile(folder)]
    data = make_data(recursion.every_n_steps)
    trainer.fit(make_module(data), datamodule=data, ckpt_path=ckpt_path)
    return losses.losses


def logged(folder: Path) -> dict[int, float]:
    rows = rows_of(folder / "metrics.csv")
    return {int(row["step"]): float(row["train/loss"]) for row in rows if row.get("train/loss")}


def test_the_loss_is_the_mean_since_the_last_row(tmp_path: Path) -> None:
    losses = fit(tmp_path, 12)
    expected = {step: (losses[step - 1] + losses[step]) / 2 for step in range(2, 13, 2)}
    assert logged(tmp_path) == pytest.approx(expected)


def test_after_a_resume_the_loss_starts_over(tmp_path: Path) -> None:
    fit(tmp_path, 6)
    losses = fit(tmp_path, 6, tmp_path / "checkpoints" / "step-00000003.ckpt")
    assert set(losses) == {4, 5, 6}
    found = logged(tmp_path)
    assert found[4] == pytest.approx(losses[4])
    assert found[6] == pytest.approx((losses[5] + losses[6]) / 2)
