"""Gives the Trainer a new DataModule at the end of a round.

The one place that touches Lightning's internals: there is no public way to replace the
DataModule during fit (Lightning issue 21448). With `reload_dataloaders_every_n_epochs=1` the next
epoch takes its loaders from the new instance. `tests/recursion/test_hand_over.py` notices an
upgrade that breaks it.
"""

from __future__ import annotations

import lightning.pytorch as pl


def hand_over(trainer: pl.Trainer, data_module: pl.LightningDataModule) -> None:
    """Make `data_module` the Trainer's; call it in `on_train_epoch_end`."""
    old: pl.LightningDataModule = trainer.datamodule  # type: ignore[attr-defined]
    assert type(data_module) is type(old), "the checkpoint's key is the DataModule's class name"
    data_module.prepare_data()
    data_module.setup("fit")
    trainer._data_connector.attach_datamodule(trainer.lightning_module, data_module)
    old.teardown("fit")
