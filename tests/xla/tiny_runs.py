"""Command lines that train a tiny TRM on 4x4 Sudoku: three rounds of four steps."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch

from lit_coder.__main__ import main
from tests.xla.recorder import StepRow, read_rows

NEEDS_XLA = pytest.mark.skipif(
    importlib.util.find_spec("torch_xla") is None,
    reason="torch_xla is not installed; see docs/tpu.md",
)
ROOT = Path(__file__).parents[2]
STEPS_PER_ROUND, NUM_STEPS, LOG_EVERY, SAVE_EVERY = 4, 12, 2, 5
TINY = (
    f"--config={ROOT / 'configs' / 'trm_debug.yaml'}",
    f"--trainer.max_steps={NUM_STEPS}",
    f"--trainer.log_every_n_steps={LOG_EVERY}",
    "--trainer.logger=false",
    "--model.init_args.hidden_size=32",
    "--model.init_args.num_hidden_layers=1",
    "--model.init_args.num_attention_heads=2",
    "--model.init_args.num_outer_cycles=2",
    "--model.init_args.num_inner_cycles=1",
    "--model.init_args.supervision_steps=3",
    "--model.init_args.warmup_steps=2",
    # Devices round bfloat16 each in their own way.
    "--model.init_args.compute_dtype=float32",
    "--data.num_labelled=60",
    "--data.num_held_out=5",
    "--data.num_validation=10",
    "--data.batch_size=8",
    f"--recursion.every_n_steps={STEPS_PER_ROUND}",
    "--recursion.start_after_steps=4",
    "--recursion.num_problems=3",
    "--recursion.num_samples=2",
    "--recursion.generation_batch_size=8",
    f"--checkpoint.every_n_train_steps={SAVE_EVERY}",
    "--checkpoint.keep_last_n=9",
    "--sandbox.workers=1",
)
"""Five held-out problems, six samples, and two of ten rows of validation do not fill a batch."""


def arguments(run: Path, *options: str) -> list[str]:
    """The command line of a run in that folder."""
    return [
        "fit",
        *TINY,
        f"--trainer.default_root_dir={run}",
        "--trainer.callbacks+=tests.xla.recorder.Recorder",
        f"--trainer.callbacks.output={rows_file(run)}",
        *options,
    ]


def rows_file(run: Path) -> Path:
    return run.with_suffix(".json")


def fit(run: Path, *options: str) -> list[StepRow]:
    """Run one; what was written down of its steps."""
    assert main(arguments(run, *options)) == 0
    return read_rows(rows_file(run))


def checkpoint(run: Path, name: str) -> dict[str, Any]:
    path = run / "checkpoints" / f"{name}.ckpt"
    return dict(torch.load(path, map_location="cpu", weights_only=True))
