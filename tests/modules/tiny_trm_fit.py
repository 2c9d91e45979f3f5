"""A tiny TRMModule with batches for it, and the options of a whole small run of one.

module = tiny_trm_module(average_decay=0.5)
trainer = fit_canvases(module, tmp_path, max_steps=3, callbacks=[Losses()])
ended = run_here(["fit", *TINY_TRM], tmp_path)                   # a run of two rounds
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from lit_coder.generation.canvas import Canvas, CanvasShape
from lit_coder.modules.trm_module import TRMModule
from lit_coder.training_data.canvas_examples import CanvasGroup
from lit_coder.training_data.examples import collate
from tests.modules.tiny_fit import TOKENIZER, fit

PROMPT_LENGTH, CANVAS_LENGTH = 2, 6
CANVAS = Canvas(
    CanvasShape(PROMPT_LENGTH, CANVAS_LENGTH),
    TOKENIZER.pad_id,
    TOKENIZER.end_id,
    TOKENIZER.fim_middle_id,
)
TINY_TRM = (
    "--trainer.accelerator=cpu",
    "--trainer.max_steps=12",
    "--trainer.logger=false",
    "--model=TRMModule",
    "--model.hidden_size=32",
    "--model.num_attention_heads=2",
    "--model.num_registers=1",
    "--model.num_outer_cycles=2",
    "--model.num_inner_cycles=1",
    "--model.supervision_steps=4",
    "--model.learning_rate=0.01",
    "--model.warmup_steps=2",
    "--model.average_decay=0.9",
    # So much that what is drawn at random decides on the weights.
    "--model.exploration_probability=0.5",
    "--data.families=[sudoku]",
    "--data.difficulties=[1]",
    "--data.num_labelled=40",
    "--data.held_out_difficulties=[1]",
    "--data.num_held_out=3",
    "--data.num_validation=2",
    "--data.batch_size=8",
    "--data.max_sequence_length=16",
    "--data.canvas_length=16",
    "--data.tokenizer_vocab_size=261",
    "--recursion.start_after_steps=6",
    "--recursion.every_n_steps=6",
    "--recursion.num_problems=3",
    "--recursion.num_samples=2",
    "--recursion.held_out_samples=2",
    "--recursion.max_new_tokens=16",
    # A model this small passes nothing: let everything in, so that the pool is trained on.
    "--recursion.gate=lit_coder.recursion.gates.NoTests",
    "--checkpoint.every_n_train_steps=3",
    "--checkpoint.keep_last_n=9",
    "--sandbox.workers=1",
    "--benchmark.names=[held_out]",
    "--benchmark.max_new_tokens=16",
)
"""A run of two rounds that ends in a second or two."""


def tiny_trm_module(**changes: Any) -> TRMModule:
    torch.manual_seed(0)
    options: dict[str, Any] = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_registers": 1,
        "num_outer_cycles": 2,
        "num_inner_cycles": 1,
        "supervision_steps": 4,
        "learning_rate": 0.01,
        "warmup_steps": 2,
        "vocab_size": TOKENIZER.vocab_size,
        "max_position_embeddings": CANVAS.shape.num_positions,
        "canvas_length": CANVAS_LENGTH,
    }
    module = TRMModule(**(options | changes))
    module.tokenizer = TOKENIZER
    return module


def canvas_batches(number: int = 4, rows: int = 4) -> DataLoader[Any]:
    """Drafts of two to five letters that are to be sorted."""
    draws = random.Random(0)
    loaded = []
    for _ in range(number):
        drafts = [draws.choices(range(10, 14), k=draws.randint(2, 5)) for _ in range(rows)]
        group = CanvasGroup(CANVAS, [([], draft, sorted(draft)) for draft in drafts])
        loaded.append(collate([group[row] for row in range(rows)], TOKENIZER.pad_id))
    return DataLoader(loaded, batch_size=None)  # type: ignore[arg-type]


def fit_canvases(
    module: TRMModule, folder: Path, max_steps: int = 3, *, data: Any = None, **options: Any
) -> pl.Trainer:
    """A real fit without validation."""
    data = data or canvas_batches()
    return fit(module, folder, max_steps, data=data, limit_val_batches=0, **options)


class Losses(pl.Callback):
    """The loss of every micro-batch."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def on_train_batch_end(
        self, trainer: Any, module: Any, outputs: dict[str, Tensor], *_: Any
    ) -> None:
        self.values.append(float(outputs["loss"]) * trainer.accumulate_grad_batches)
