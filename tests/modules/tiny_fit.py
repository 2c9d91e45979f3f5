"""A tiny module, batches for it, and a real fit of it.

module = tiny_module(optimizer="muon")
trainer = fit(module, tmp_path, max_steps=3, precision="bf16-mixed")
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch.utils.data import DataLoader

from lit_coder.modules.gpt_module import GPTModule
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.examples import collate, encode_example

TOKENIZER = CodeTokenizer.train(["def f(x):\n    return x + 1\n"] * 3, 280)

QUIET = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated.*"),
    pytest.mark.filterwarnings("ignore:.*`weights_only` was not set.*"),
    # torch's own modules warn of each other while they are compiled with.
    pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning"),
]
"""Marks for modules that use `fit`."""


def tiny_module(**changes: Any) -> GPTModule:
    torch.manual_seed(0)
    options: dict[str, Any] = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "learning_rate": 0.01,
        "warmup_steps": 2,
        "vocab_size": TOKENIZER.vocab_size,
        "max_position_embeddings": 32,
    }
    module = GPTModule(**(options | changes))
    module.tokenizer = TOKENIZER
    return module


def batches(number: int = 4) -> DataLoader[Any]:
    texts = [f"    return x + {i}\n" for i in range(2 * number)]
    examples = [encode_example(TOKENIZER, "def f(x):\n", text, 32) for text in texts]
    pairs = [examples[i : i + 2] for i in range(0, len(examples), 2)]
    rows = [collate([e for e in pair if e is not None], TOKENIZER.pad_id) for pair in pairs]
    return DataLoader(rows, batch_size=None)  # type: ignore[arg-type]


def fit(
    module: GPTModule,
    folder: Path,
    max_steps: int = 3,
    ckpt_path: Path | None = None,
    data: Any = None,
    **options: Any,
) -> pl.Trainer:
    trainer = pl.Trainer(
        accelerator=options.pop("accelerator", "cpu"),
        max_steps=max_steps,
        default_root_dir=folder,
        logger=False,
        num_sanity_val_steps=0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )
    trainer.fit(module, data or batches(), batches(1), ckpt_path=ckpt_path, weights_only=True)
    return trainer


class GradientNorm(pl.Callback):
    """Norm of the gradients as the optimizer gets them, and the module's own before clipping."""

    def __init__(self) -> None:
        self.norms: list[float] = []
        self.before: list[float] = []

    def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        self.norms.append(float(torch.nn.utils.get_total_norm(gradients)))
        self.before.append(float(module.gradient_norm))
