"""Several XLA devices share each batch, and train as one device does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.xla.conftest import EXPLORING, FinishedRun
from tests.xla.recorder import StepRow, read_rows
from tests.xla.tiny_runs import NEEDS_XLA, ROOT, arguments, checkpoint, rows_file

pytestmark = NEEDS_XLA


def fit_apart(run: Path, *options: str) -> list[StepRow]:
    """Run one in a process of its own: how many devices there are is said once."""
    finished = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *arguments(run, *options)],
        cwd=run.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return read_rows(rows_file(run))


@pytest.mark.slow
def test_two_devices_train_as_one_does(run: FinishedRun, tmp_path: Path) -> None:
    two = tmp_path / "two"
    rows = fit_apart(two, *EXPLORING, "--trainer.devices=2")
    assert [row.loss for row in rows] == pytest.approx([row.loss for row in run.rows], abs=1e-5)
    assert {tuple(row.fallbacks) for row in rows} == {()}
    for row in rows:
        assert row.step <= 2 or row.num_compiled == row.num_compiled_before, row.step
    weights, of_one = (checkpoint(each, "round-0002")["state_dict"] for each in (two, run.folder))
    for name, tensor in of_one.items():
        torch.testing.assert_close(weights[name], tensor, atol=1e-4, rtol=0)
