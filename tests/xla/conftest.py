"""XLA's client for a CPU, chosen before anything imports torch_xla, and one run on it for all."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.xla.recorder import StepRow, xla_counts
from tests.xla.tiny_runs import fit

if importlib.util.find_spec("torch_xla") is not None:
    os.environ["PJRT_DEVICE"] = "CPU"
    # Tiny graphs run once or twice: compiling them well takes longer than all of their runs.
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

EXPLORING = ("--trainer.accelerator=xla_cpu", "--model.init_args.exploration_probability=0.5")


@pytest.fixture(scope="session", autouse=True)
def device_first() -> None:
    """Ask for the device: PyTorch has no gradients on one that comes after its first backward."""
    if importlib.util.find_spec("torch_xla") is not None:
        import torch_xla

        torch_xla.device()


class FinishedRun(NamedTuple):
    """A run on one device, in this process."""

    folder: Path
    rows: list[StepRow]
    num_compiled: int
    fallbacks: list[str]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    folder = tmp_path_factory.mktemp("xla") / "one"
    rows = fit(folder, *EXPLORING)
    num_compiled, _, fallbacks = xla_counts()
    return FinishedRun(folder, rows, num_compiled, fallbacks)
