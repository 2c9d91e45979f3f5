"""What Lightning and our callbacks cost a step, in CPU time, and whether they make the host wait.

    python -m benchmarks.trainer_overhead                  # about a minute
    python -m benchmarks.trainer_overhead --device cuda

A network so small that a step is all overhead is trained by the Trainer with every callback and
logger that `fit` has, by the Trainer with none of them, and by a raw loop that takes turns with
both, 50 steps at a time, on one batch. CPU time is that of all the process's threads; the median
of the turns' differences is the overhead. A row of numbers is logged once a turn.

Then the same fit is watched: nothing may read from the device between the rows. On a GPU torch
itself refuses whatever waits there (`torch.cuda.set_sync_debug_mode`); on the CPU the operations
that would wait are counted. Exits with 1 where the overhead with all callbacks is over 0.6 ms a
step, or where anything reads between rows. A last line is JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import lightning.pytorch as pl
import torch
from rich.console import Console
from torch import nn

from benchmarks.host_reads import HostReads
from lit_coder.cli.lit_coder_cli import TRAINER_DEFAULTS
from lit_coder.cli.screen import quiet_loggers, quiet_warnings
from lit_coder.evaluation.benchmark_callback import BenchmarkCallback
from lit_coder.evaluation.round_reporter import RoundReporter
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.trainer.progress import StepProgress
from lit_coder.trainer.random_state import RandomState
from lit_coder.trainer.run_folder import RunFolder
from lit_coder.trainer.run_loggers import run_loggers
from lit_coder.training_data.data_module import CodeDataModule

STEPS_PER_TURN, WARM_UP_TURNS = 50, 2
MOST_MILLISECONDS = 0.6


def make_module(data: CodeDataModule) -> GPTModule:
    """A network of two narrow blocks."""
    torch.manual_seed(0)
    return GPTModule(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        warmup_steps=10,
        vocab_size=data.vocab_size,
        max_position_embeddings=data.max_sequence_length,
        compile="off",
    )


class RawLoop:
    """What a step cannot do without, on a network of its own."""

    def __init__(self, module: GPTModule, batch: dict[str, Any]) -> None:
        self._module, self._batch = module.train(), batch
        self._optimizer = torch.optim.AdamW(module.parameters(), lr=1e-4, fused=True)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, lambda step: 1.0)

    def run(self, num_steps: int) -> None:
        """Train so many steps."""
        device = self._module.device
        for _ in range(num_steps):
            batch = {k: v.to(device, non_blocking=True) for k, v in self._batch.items()}
            self._module.loss(batch).backward()  # type: ignore[arg-type]
            nn.utils.clip_grad_norm_(self._module.parameters(), 1.0)
            self._optimizer.step()
            self._schedule.step()
            self._optimizer.zero_grad(set_to_none=True)


class TurnsLoader:
    """A loader of one batch again and again that runs the raw loop after each turn of the Trainer.

    Attributes:
        turns: CPU seconds of a turn of the Trainer and of the raw loop's after it.
    """

    def __init__(self, batch: dict[str, Any], num_steps: int, raw: RawLoop | None) -> None:
        self._batch, self._num_steps, self._raw = batch, num_steps, raw
        self.turns: list[tuple[float, float]] = []

    def __len__(self) -> int:
        return self._num_steps

    def __iter__(self) -> Iterator[dict[str, Any]]:
        started = time.process_time()
        for index in range(self._num_steps):
            if self._raw is not None and index and index % STEPS_PER_TURN == 0:
                trainer_seconds = _since(started)
                started = time.process_time()
                self._raw.run(STEPS_PER_TURN)
                self.turns.append((trainer_seconds, _since(started)))
                started = time.process_time()
            yield self._batch


def _since(started: float) -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.process_time() - started


class OneBatchData(CodeDataModule):
    """The usual data, of which the first batch comes every time."""

    raw: RawLoop | None = None
    loader: TurnsLoader

    def train_dataloader(self) -> TurnsLoader:  # type: ignore[override]
        """A loader that takes turns with the raw loop."""
        self.loader = TurnsLoader(self.first_batch(), self.steps_per_round, self.raw)
        return self.loader

    def first_batch(self) -> dict[str, Any]:
        """The first batch of the round."""
        batch: dict[str, Any] = next(iter(super().train_dataloader()))
        return batch


class NoWaiting(pl.Callback):
    """Has torch refuse whatever makes the host wait for the GPU, but where that is due.

    It is due in a step that logs a row, in the first one, and in the step before a round's last,
    which is copied for a stop in the last.
    """

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        """Forbid or allow it from here to the next batch."""
        step = trainer.global_step + 1
        is_due = step == 1 or step % STEPS_PER_TURN == 0 or step == trainer.max_steps - 1
        torch.cuda.set_sync_debug_mode("default" if is_due else "error")


def fit(folder: Path, device: str, num_turns: int, watch: pl.Callback | None) -> OneBatchData:
    """One round with everything that `fit` has; where nothing watches, beside the raw loop."""
    num_steps = num_turns * STEPS_PER_TURN
    recursion = RecursiveGenerationCallback(
        every_n_steps=num_steps,
        num_problems=0,
        held_out_samples=0,
        sandbox=SandboxOptions(workers=1),
    )
    data = OneBatchData(
        num_labelled=12,
        num_held_out=2,
        num_validation=1,
        tokenizer_vocab_size=300,
        batch_size=4,
        max_sequence_length=64,
        steps_per_round=num_steps,
    )
    callbacks: list[pl.Callback] = [
        RunFolder(None, moves_last=False),
        RandomState(),
        recursion,
        StepProgress(Console(file=io.StringIO())),
        BenchmarkCallback(),
        RoundReporter(recursion, Console(file=io.StringIO()), "fit"),
        RunCheckpoint(every_n_train_steps=0),
    ]
    if watch is not None:
        callbacks.append(watch)
    options = {**TRAINER_DEFAULTS, "max_steps": num_steps}
    trainer = pl.Trainer(
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=1,
        default_root_dir=folder,
        logger=run_loggers(None, folder),
        callbacks=callbacks,
        **options,
    )
    data.trainer = trainer
    if watch is None:
        data.raw = RawLoop(make_module(data).to(device), data.first_batch())
    trainer.fit(make_module(data), datamodule=data)
    return data


def fit_bare(folder: Path, device: str, num_turns: int, data: OneBatchData) -> TurnsLoader:
    """The same steps by a Trainer without callbacks and loggers."""
    batch = data.first_batch()
    num_steps = num_turns * STEPS_PER_TURN
    loader = TurnsLoader(batch, num_steps, RawLoop(make_module(data).to(device), batch))
    trainer = pl.Trainer(
        accelerator="gpu" if device == "cuda" else "cpu",
        devices=1,
        default_root_dir=folder,
        logger=False,
        enable_checkpointing=False,
        **{**TRAINER_DEFAULTS, "max_steps": num_steps, "reload_dataloaders_every_n_epochs": 0},
    )
    trainer.fit(make_module(data), loader)
    return loader


def milliseconds_over(turns: list[tuple[float, float]]) -> tuple[float, float]:
    """The raw loop's CPU time a step, and what the Trainer takes over it; medians, in ms."""
    kept = turns[WARM_UP_TURNS:]
    factor = 1e3 / STEPS_PER_TURN
    return median(raw for _, raw in kept) * factor, median(t - raw for t, raw in kept) * factor


def reads_between_rows(folder: Path, device: str) -> int:
    """Reads from the device in steps that log no row, in two turns."""
    if device == "cuda":
        fit(folder, device, 2, NoWaiting())
        torch.cuda.set_sync_debug_mode("default")
        return 0
    reads = HostReads()
    with reads:
        fit(folder, device, 2, reads)
    rows = {-1, STEPS_PER_TURN - 1, 2 * STEPS_PER_TURN - 1}
    # The step before a round's last is copied, for a stop in the last.
    return sum(n for batch, n in reads.by_batch.items() if batch not in {*rows, max(rows) - 1})


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description="CPU time of the Trainer over a raw loop.")
    default = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", choices=("cpu", "cuda"), default=default)
    parser.add_argument("--turns", type=int, default=20, help=f"of {STEPS_PER_TURN} steps each")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    quiet_warnings()
    quiet_loggers()
    num_turns = arguments.turns + WARM_UP_TURNS
    with tempfile.TemporaryDirectory() as folder:
        data = fit(Path(folder) / "all", arguments.device, num_turns, watch=None)
        bare = fit_bare(Path(folder) / "bare", arguments.device, num_turns, data)
        num_reads = reads_between_rows(Path(folder) / "watched", arguments.device)
    raw, over = milliseconds_over(data.loader.turns)
    _, bare_over = milliseconds_over(bare.turns)
    print(f"raw loop: {raw:.3f} ms of CPU time a step")
    print(f"Trainer with all callbacks and loggers: {over:+.3f} ms a step")
    print(f"Trainer with none: {bare_over:+.3f} ms a step")
    print(f"reads from the device between rows: {num_reads}")
    record = {
        "benchmark": "trainer_overhead",
        "device": arguments.device,
        "raw_ms": raw,
        "over_ms": over,
        "bare_over_ms": bare_over,
        "reads_between_rows": num_reads,
    }
    print(json.dumps(record))
    if over > MOST_MILLISECONDS:
        print(f"FLOOR MISSED: {over:.3f} ms a step, over {MOST_MILLISECONDS}")
    if num_reads:
        print(f"FLOOR MISSED: {num_reads} reads between rows")
    return int(over > MOST_MILLISECONDS or num_reads > 0)


if __name__ == "__main__":
    sys.exit(main())
