"""Clocks one round from inside the Trainer, for `main.py check`.

    fit ... --trainer.callbacks+=lit_coder.trainer.round_probe.RoundProbe
            --trainer.callbacks.output=/tmp/x/probe.json

Adds to the round's own record what that does not hold: the seconds of each optimizer step, of
validation and of the round's end, what verifying known solutions costs, the GPU's peak memory.
It changes nothing and scales nothing up: that is `evaluation/run_estimate.py`.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

from lit_coder.modules.code_module import CodeModule
from lit_coder.networks.xla_device import wait
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.verification.verifier import Attempt, Verifier


class RoundProbe(pl.Callback):
    """Writes what it clocked to a JSON file when the fit ends.

    Args:
        output: the file.
        num_solutions: known solutions that are verified, to know what programs that run cost.
    """

    def __init__(self, output: str, num_solutions: int = 64) -> None:
        self._output = Path(output)
        self._num_solutions = num_solutions
        self._step_ends: list[tuple[int, float]] = []
        self._validation_seconds: list[float] = []
        self._validation_started = 0.0
        self._train_started_at = 0.0
        self._round_end_seconds = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the clocks."""
        self._train_started_at = time.time()
        if pl_module.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(pl_module.device)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Note the end of an optimizer step."""
        if not self._step_ends or trainer.global_step != self._step_ends[-1][0]:
            self._step_ends.append((trainer.global_step, _now(pl_module)))

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start validation's clock."""
        self._validation_started = _now(pl_module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop it."""
        self._validation_seconds.append(_now(pl_module) - self._validation_started)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop the clock of the round's end, after its checkpoint and its report."""
        self._round_end_seconds = _now(pl_module) - self._step_ends[-1][1]

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Verify known solutions and write everything."""
        assert isinstance(pl_module, CodeModule)
        data = trainer.datamodule  # type: ignore[attr-defined]
        assert isinstance(data, CodeDataModule)
        pairs = zip(self._step_ends, self._step_ends[1:], strict=False)
        found = {
            "train_started_at": self._train_started_at,
            "step_seconds": {end[0]: end[1] - start[1] for start, end in pairs},
            "validation_seconds": sum(self._validation_seconds),
            "round_end_seconds": self._round_end_seconds,
            "num_held_out": len(data.problems.held_out),
            **self._solutions(trainer, data),
            **_gpu(pl_module.device),
        }
        self._output.write_text(json.dumps(found), encoding="utf-8")

    def _solutions(self, trainer: pl.Trainer, data: CodeDataModule) -> dict[str, float]:
        """Length of the labelled solutions, and the seconds of verifying some of them.

        An untrained model's programs rarely compile and end at once; those of a trained one run.
        """
        known = [(p, p.reference) for p in data.problems.labelled if p.reference is not None]
        if not known:
            return {"solution_tokens": 0.0, "verified_solutions": 0, "solution_seconds": 0.0}
        lengths = [len(data.tokenizer.encode(text)) + 1 for _, text in known]
        attempts = [Attempt(problem, text) for problem, text in known[: self._num_solutions]]
        options = _recursion(trainer).sandbox
        with open_runner(options) as runner:
            started = time.perf_counter()
            Verifier(runner, options.limits()).verify(attempts)
            seconds = time.perf_counter() - started
        return {
            "solution_tokens": sum(lengths) / len(lengths),
            "verified_solutions": len(attempts),
            "solution_seconds": seconds,
        }


def _recursion(trainer: pl.Trainer) -> RecursiveGenerationCallback:
    found = [c for c in trainer.callbacks if isinstance(c, RecursiveGenerationCallback)]  # type: ignore[attr-defined]
    assert found, "fit always has a RecursiveGenerationCallback"
    return found[0]


def _now(module: pl.LightningModule) -> float:
    """The time once the device has done what it was given."""
    if module.device.type == "cuda":
        torch.cuda.synchronize(module.device)
    wait(module.device)
    return time.perf_counter()


def _gpu(device: torch.device) -> dict[str, int]:
    """Peak and total bytes of the GPU; nothing where there is none."""
    if device.type != "cuda":
        return {}
    return {
        "gpu_peak_bytes": torch.cuda.max_memory_allocated(device),
        "gpu_total_bytes": torch.cuda.mem_get_info(device)[1],
    }
