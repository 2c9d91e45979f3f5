"""The loader in a real Trainer: a fit that broke off goes on with the batch after the last one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

from lit_coder.training_data.data_module import CodeDataModule
from tests.training_data.parts import checksum, tiny_data

STEPS = 5


class Recorder(pl.LightningModule):
    """Notes the batches that it is given; saves and stops where it is told to."""

    def __init__(self, stop_after: int, checkpoint: Path) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen: list[str] = []
        self._stop_after = stop_after
        self._checkpoint = checkpoint

    def training_step(self, batch: dict[str, torch.Tensor], batch_index: int) -> torch.Tensor:
        self.seen.append(checksum([batch]))
        return self.weight * 1.0

    def validation_step(self, batch: dict[str, torch.Tensor], batch_index: int) -> None:
        """Nothing is measured here."""

    def on_train_batch_end(self, *_: Any) -> None:
        if self.global_step == self._stop_after and not self._checkpoint.exists():
            self.trainer.save_checkpoint(self._checkpoint, weights_only=False)
            self.trainer.should_stop = True

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def batches_seen(
    folder: Path, stop_after: int, resume: Path | None = None, **options: Any
) -> list[str]:
    data: CodeDataModule = tiny_data(steps_per_round=STEPS, accumulate_grad_batches=2, **options)
    module = Recorder(stop_after, folder / "stopped.ckpt")
    trainer = pl.Trainer(
        accelerator="cpu",
        max_steps=STEPS,
        max_epochs=-1,
        accumulate_grad_batches=2,
        reload_dataloaders_every_n_epochs=1,
        default_root_dir=folder,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
    )
    trainer.fit(module, data, ckpt_path=resume, weights_only=False)
    return module.seen


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")
@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_fit_goes_on_with_the_batch_after_the_last_one(tmp_path: Path, num_workers: int) -> None:
    whole = batches_seen(tmp_path / "whole", stop_after=-1)
    assert len(set(whole)) == 2 * STEPS
    options = {"num_workers": num_workers}
    first = batches_seen(tmp_path / "stopped", 3, **options)
    checkpoint = tmp_path / "stopped" / "stopped.ckpt"
    rest = batches_seen(tmp_path / "stopped", 3, resume=checkpoint, **options)
    assert first == whole[:6]
    assert rest == whole[6:]
