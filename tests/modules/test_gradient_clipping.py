from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.plugins.precision import MixedPrecision

from tests.modules.sharded_fit import OPTIONS, Record
from tests.modules.tiny_fit import QUIET, GradientNorm, fit, tiny_module

pytestmark = QUIET

PRECISIONS = ["32-true", "bf16-mixed", "bf16-true"]
OPTIMIZERS = ["adamw", "muon"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_gradients_are_scaled_down_to_the_largest_norm_allowed(
    tmp_path: Path, precision: Any, optimizer: str
) -> None:
    watch = GradientNorm()
    module = tiny_module(max_gradient_norm=0.01, optimizer=optimizer)
    fit(module, tmp_path, callbacks=[watch], precision=precision)
    assert watch.norms == pytest.approx([0.01] * 3, rel=1e-2)
    assert all(norm > 0.05 for norm in watch.before)


def test_small_gradients_are_left_as_they_are(tmp_path: Path) -> None:
    watch = GradientNorm()
    fit(tiny_module(max_gradient_norm=1e6), tmp_path, callbacks=[watch], max_steps=1)
    assert 0.01 < watch.norms[0] < 1e5
    assert watch.before == pytest.approx(watch.norms)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("scale", [2.0**4, 2.0**12])
def test_under_float16_the_largest_norm_is_that_of_unscaled_gradients(
    tmp_path: Path, optimizer: str, scale: float
) -> None:
    # Lightning gives this precision a CUDA scaler; one of the CPU's scales just as well.
    watch = GradientNorm()
    scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    precision = MixedPrecision("16-mixed", "cpu", scaler=scaler)
    module = tiny_module(max_gradient_norm=0.01, optimizer=optimizer)
    fit(module, tmp_path, callbacks=[watch], plugins=[precision])
    assert scaler.get_scale() == scale
    assert watch.norms == pytest.approx([0.01] * 3, rel=1e-2)
    exact = GradientNorm()
    fit(tiny_module(optimizer=optimizer), tmp_path, callbacks=[exact], max_steps=1)
    assert watch.before[0] == pytest.approx(exact.before[0], rel=1e-2)


@pytest.mark.slow
def test_sharded_gradients_have_the_norm_and_the_steps_of_whole_ones(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.modules.sharded_fit", str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout.splitlines()[-1])
    whole = Record()
    fit(tiny_module(**OPTIONS), tmp_path, callbacks=[whole])
    assert found["norms"] == pytest.approx(whole.norms, rel=1e-3)
    assert found["losses"] == pytest.approx(whole.losses, rel=1e-3)
    # Shards are flat: by their shapes all would be vectors.
    assert found["dimensions"] == [1]
    assert (found["decays"], found["sizes"]) == ([0.25, 0.0], [15, 5])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="float16's loss scaling needs CUDA")
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("precision", [*PRECISIONS, "16-mixed"])
def test_on_a_gpu_every_precision_clips_and_lowers_the_loss(
    tmp_path: Path, precision: Any, optimizer: str
) -> None:
    watch = GradientNorm()
    module = tiny_module(max_gradient_norm=0.01, optimizer=optimizer, compile="off")
    run = {"precision": precision, "accelerator": "gpu", "devices": 1}
    fit(module, tmp_path, max_steps=1, **run)
    first = module.train_loss.mean()
    module.train_loss.reset()
    fit(module, tmp_path, max_steps=30, callbacks=[watch], **run)
    assert max(watch.norms) < 0.0102
    assert first is not None and module.train_loss.mean() < first - 0.5
