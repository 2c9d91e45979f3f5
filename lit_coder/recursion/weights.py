"""What a round does to the weights beside training them: sample from them, or take old ones back.

    with sampling_mode(module): ...                  # eval, then the mode as it was
    version, origin = roll_back(trainer, module)     # weights, optimizer of the best checkpoint

When to do either is the callback's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lightning.pytorch as pl
import torch

from lit_coder.modules.code_module import CodeModule
from lit_coder.training_data.data_module import CodeDataModule


@contextmanager
def sampling_mode(module: CodeModule) -> Iterator[None]:
    """Evaluation mode without gradients; the training mode is as before afterwards."""
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        module.train(was_training)


def roll_back(trainer: pl.Trainer, module: CodeModule) -> tuple[int, str]:
    """Load weights and optimizer state of the best checkpoint.

    Returns its pool version and its file name. The step counter and the learning-rate schedule
    go on: the run's length stays what was asked for.

    Raises:
        ValueError: no best checkpoint exists yet.
    """
    best = getattr(trainer.checkpoint_callback, "best_model_path", "")
    if not best:
        raise ValueError(
            "recursion.on_decline is roll_back, but there is no best checkpoint to go back to; "
            "set data.num_held_out above 0"
        )
    checkpoint = torch.load(best, map_location=module.device, weights_only=True)
    module.load_state_dict(checkpoint["state_dict"])
    for optimizer, state in zip(trainer.optimizers, checkpoint["optimizer_states"], strict=True):
        rates = [group["lr"] for group in optimizer.param_groups]
        optimizer.load_state_dict(state)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
    data_state = checkpoint[CodeDataModule.__qualname__]
    return int(data_state["pool_version"]), Path(best).resolve().name
