"""What Lightning's strategies are told, and what the options say of them before there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from lit_coder.cli.strategies import has_gradient_buckets, keep_gradients_in_buckets
from tests.modules.tiny_fit import QUIET, fit, tiny_module

pytestmark = QUIET


class Buckets(pl.Callback):
    """Tells the strategy before it wraps the module, and notes how it did."""

    has_views = False

    def setup(self, trainer: pl.Trainer, *_: Any, **stage: Any) -> None:
        keep_gradients_in_buckets(trainer.strategy)

    def on_before_optimizer_step(self, trainer: pl.Trainer, *_: Any) -> None:
        model = trainer.strategy.model
        assert isinstance(model, DistributedDataParallel)
        self.has_views = model.gradient_as_bucket_view


@pytest.fixture
def process_group() -> Iterator[None]:
    """Takes back what a run with ddp leaves in this process."""
    before = dict(os.environ)
    yield
    distributed.destroy_process_group()
    os.environ.clear()
    os.environ.update(before)


def test_gradients_under_ddp_live_in_its_buckets_and_nowhere_else(
    tmp_path: Path, process_group: None
) -> None:
    buckets = Buckets()
    fit(tiny_module(), tmp_path, strategy="ddp", devices=1, callbacks=[buckets])
    assert buckets.has_views


@pytest.mark.parametrize(
    ("changes", "has"),
    [
        ({}, False),
        ({"devices": 2}, True),
        ({"devices": "2"}, True),
        ({"devices": "0,"}, False),
        ({"devices": [0, 1]}, True),
        ({"num_nodes": 2}, True),
        ({"devices": "auto"}, False),
        ({"strategy": "ddp"}, True),
        ({"strategy": "ddp_find_unused_parameters_true"}, True),
        ({"strategy": {"class_path": "lightning.pytorch.strategies.DDPStrategy"}}, True),
        ({"strategy": "fsdp", "devices": 2}, False),
    ],
)
def test_options_say_whether_gradients_are_kept_in_buckets(
    changes: dict[str, Any], has: bool
) -> None:
    options = {"accelerator": "cpu", "devices": 1, "num_nodes": 1, "strategy": "auto", **changes}
    assert has_gradient_buckets(options) is has
