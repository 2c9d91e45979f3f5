"""Notices a Lightning that no longer takes a new DataModule at the end of an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

from lit_coder.recursion.hand_over import hand_over


class Numbers:
    """Two batches that say which round they are of."""

    def __init__(self, round: int) -> None:
        self.round = round

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[torch.Tensor]:
        yield torch.tensor([[float(self.round), 0.0]])
        yield torch.tensor([[float(self.round), 1.0]])


class RoundData(pl.LightningDataModule):
    def __init__(self, round: int) -> None:
        super().__init__()
        self.round = round
        self.calls: list[str] = []

    def prepare_data(self) -> None:
        self.calls.append("prepare_data")

    def setup(self, stage: str) -> None:
        self.calls.append(f"setup {stage}")

    def teardown(self, stage: str) -> None:
        self.calls.append(f"teardown {stage}")

    def train_dataloader(self) -> Any:
        return Numbers(self.round)

    def state_dict(self) -> dict[str, Any]:
        return {"round": self.round}


class Line(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)
        self.seen: list[tuple[float, float]] = []
        self.instances: list[RoundData] = []

    def training_step(self, batch: torch.Tensor, batch_index: int) -> torch.Tensor:
        self.seen.append((float(batch[0, 0]), float(batch[0, 1])))
        data = self.trainer.datamodule
        if not self.instances or self.instances[-1] is not data:
            self.instances.append(data)
        return self.layer(batch).sum()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.01)


class NextRound(pl.Callback):
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        hand_over(trainer, RoundData(trainer.datamodule.round + 1))


@pytest.fixture
def trainer(tmp_path: Path) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu",
        max_steps=6,
        max_epochs=-1,
        default_root_dir=tmp_path,
        logger=False,
        callbacks=[NextRound()],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        reload_dataloaders_every_n_epochs=1,
    )


def test_each_round_trains_on_the_instance_that_was_handed_over(trainer: pl.Trainer) -> None:
    module, first = Line(), RoundData(0)
    trainer.fit(module, datamodule=first)
    assert module.seen == [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    assert [data.round for data in module.instances] == [0, 1, 2]
    assert len({id(data) for data in module.instances}) == 3
    assert module.instances[0] is first
    assert trainer.datamodule.round == 3


def test_the_new_instance_is_set_up_and_the_old_one_torn_down(trainer: pl.Trainer) -> None:
    module = Line()
    trainer.fit(module, datamodule=RoundData(0))
    assert module.instances[1].calls == ["prepare_data", "setup fit", "teardown fit"]
    assert trainer.datamodule.calls[:2] == ["prepare_data", "setup fit"]


def test_a_checkpoint_after_the_hand_over_holds_the_new_instances_state(
    trainer: pl.Trainer, tmp_path: Path
) -> None:
    trainer.fit(Line(), datamodule=RoundData(0))
    trainer.save_checkpoint(tmp_path / "x.ckpt", weights_only=False)
    saved = torch.load(tmp_path / "x.ckpt", weights_only=True)
    assert saved[RoundData.__qualname__] == {"round": 3}


def test_an_instance_of_another_class_is_refused(trainer: pl.Trainer) -> None:
    class Other(RoundData):
        pass

    class Wrong(pl.Callback):
        def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            with pytest.raises(AssertionError):
                hand_over(trainer, Other(1))

    trainer.callbacks = [Wrong()]
    trainer.fit(Line(), datamodule=RoundData(0))
