"""Writes down what XLA did for each step of a fit, without making it do more.

fit ... --trainer.callbacks+=tests.xla.recorder.Recorder --trainer.callbacks.output rows.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch


class StepRow(NamedTuple):
    """Counts since the process began: before a step, and when it was made and logged."""

    step: int
    loss: float
    num_compiled_before: int
    num_compiled: int
    num_fetched: int
    fallbacks: list[str]


class Recorder(pl.Callback):
    def __init__(self, output: str) -> None:
        self._output = Path(output)
        self._losses: list[torch.Tensor] = []
        self._counts: list[tuple[int, int, int, list[str]]] = []
        self._compiled_before: list[int] = []

    def on_before_backward(self, trainer: pl.Trainer, pl_module: Any, loss: torch.Tensor) -> None:
        # Behind what was pending when the step began; the step itself is only written down.
        self._compiled_before.append(xla_counts()[0])

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        # Read when all is done: looking at it here would be what is looked for.
        self._losses.append(outputs["loss"])
        self._counts.append((trainer.global_step, *xla_counts()))

    def on_fit_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        losses = [float(loss) for loss in self._losses]
        rows = [
            StepRow(step, loss, before, *counts)
            for loss, before, (step, *counts) in zip(
                losses, self._compiled_before, self._counts, strict=True
            )
        ]
        self._output.write_text(json.dumps(rows), encoding="utf-8")


def read_rows(path: Path) -> list[StepRow]:
    return [StepRow(*row) for row in json.loads(path.read_text(encoding="utf-8"))]


def xla_counts() -> tuple[int, int, list[str]]:
    """Graphs compiled, fetches from the device, operations that torch computed in XLA's place."""
    try:
        import torch_xla.debug.metrics as metrics
    except ImportError:
        return 0, 0, []
    fallbacks = [
        name
        for name in metrics.counter_names()
        if name.startswith("aten::") and name != "aten::_local_scalar_dense"
    ]
    return _num_samples("CompileTime"), _num_samples("TransferFromDeviceTime"), fallbacks


def _num_samples(metric: str) -> int:
    import torch_xla.debug.metrics as metrics

    data = metrics.metric_data(metric)
    return 0 if data is None else int(data[0])
