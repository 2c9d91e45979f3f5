"""A whole small run: real Trainer, sandbox, GPT, pool and checkpoints, in about a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch

from lit_coder.modules.gpt_module import GPTModule
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.recursion.round_record import RoundRecord, read_records
from lit_coder.recursion.run_opening import ROUNDS_FOLDER
from lit_coder.recursion.solvers import ReferenceSolver
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.trainer.random_state import RandomState
from lit_coder.trainer.run_folder import RunFolder
from lit_coder.training_data.data_module import POOL_FOLDER, CodeDataModule
from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.sample import Sample

SANDBOX = SandboxOptions(workers=1)
_DRAWN: dict[int, CodeDataModule] = {}


def make_data(steps_per_round: int = 2, **changes: Any) -> CodeDataModule:
    """A DataModule; problems and tokenizer of the unchanged one are drawn once."""
    options: dict[str, Any] = {
        "difficulties": [1, 2],
        "num_labelled": 12,
        "held_out_difficulties": [1],
        "num_held_out": 2,
        "num_validation": 1,
        "tokenizer_vocab_size": 300,
        "batch_size": 4,
        "max_sequence_length": 64,
        "steps_per_round": steps_per_round,
    }
    data = CodeDataModule(**(options | changes))
    if not changes:
        drawn = _DRAWN.setdefault(0, data)
        data.__dict__["problems"] = drawn.problems
        data.__dict__["tokenizer"] = drawn.tokenizer
    return data


def make_module(data: CodeDataModule, **changes: Any) -> GPTModule:
    torch.manual_seed(0)
    options: dict[str, Any] = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "learning_rate": 0.01,
        "warmup_steps": 2,
        "vocab_size": data.vocab_size,
        "max_position_embeddings": data.max_sequence_length,
    }
    return GPTModule(**(options | changes))


def make_recursion(**changes: Any) -> RecursiveGenerationCallback:
    """Rounds of two steps; the known solutions are handed in, so that something passes."""
    options: dict[str, Any] = {
        "start_after_steps": 0,
        "every_n_steps": 2,
        "num_problems": 4,
        "num_samples": 2,
        "max_new_tokens": 8,
        "held_out_samples": 0,
        "solver": ReferenceSolver(),
        "sandbox": SANDBOX,
    }
    return RecursiveGenerationCallback(**(options | changes))


def make_trainer(
    folder: Path,
    recursion: RecursiveGenerationCallback,
    *callbacks: pl.Callback,
    max_steps: int = 4,
    checkpoint: RunCheckpoint | None = None,
    **options: Any,
) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu",
        max_epochs=-1,
        max_steps=max_steps,
        default_root_dir=folder,
        logger=False,
        callbacks=[
            RunFolder(None, moves_last=False),
            RandomState(),
            recursion,
            *callbacks,
            checkpoint or RunCheckpoint(every_n_train_steps=0, every_n_minutes=0, keep_last_n=99),
        ],
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        **options,
    )


def fit(
    folder: Path,
    *callbacks: pl.Callback,
    recursion: RecursiveGenerationCallback | None = None,
    data: CodeDataModule | None = None,
    module: GPTModule | None = None,
    ckpt_path: Path | None = None,
    **options: Any,
) -> pl.Trainer:
    recursion = recursion or make_recursion()
    data = data or make_data(recursion.every_n_steps)
    trainer = make_trainer(folder, recursion, *callbacks, **options)
    trainer.fit(module or make_module(data), datamodule=data, ckpt_path=ckpt_path)
    return trainer


def records_in(folder: Path) -> list[RoundRecord]:
    return read_records(folder / ROUNDS_FOLDER)


def samples_in(folder: Path, version: int) -> list[Sample]:
    return SamplePool(folder / POOL_FOLDER, "").read(version)
