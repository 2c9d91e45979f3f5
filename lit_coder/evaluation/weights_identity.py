"""Which weights were scored: their checksum, the checkpoint's file, step, run and mark.

    identity = weights_identity(module.network, tokenizer, checkpoint)
    identity["weights"]                 # "sha256:..." of every parameter and buffer

The checksum is of the weights as they are in memory, so a copy of a file is the same weights and
a file that was written over is not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from lit_coder.modules.weights_checksum import weights_checksum
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.dataset_choice import TRAINED_ON_KEY


def weights_identity(
    network: nn.Module, tokenizer: CodeTokenizer, checkpoint: str | Path | None
) -> dict[str, Any]:
    """What tells one set of weights from another, as JSON.

    Args:
        network: the weights.
        tokenizer: theirs.
        checkpoint: the file they are from, None where they are from none.
    """
    identity: dict[str, Any] = {"checkpoint": None, "global_step": None, "run_id": None}
    if checkpoint is not None:
        identity |= _read_checkpoint(Path(checkpoint))
    return identity | {
        "weights": weights_checksum(network),
        "tokenizer": f"sha256:{tokenizer.fingerprint[:12]}",
    }


def _read_checkpoint(path: Path) -> dict[str, Any]:
    """What the trainer does not take from a checkpoint that is only tested.

    The benchmarks that the weights were trained on are among it: the mark goes with the weights,
    whatever the command line says.
    """
    # The links best.ckpt and last.ckpt move on; the file they point at says more.
    path = path.resolve()
    saved = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    states = saved.get("callbacks", {}).values()
    run_ids = [s["run_id"] for s in states if isinstance(s, dict) and "run_id" in s]
    identity = {
        "checkpoint": path.name,
        "global_step": saved.get("global_step"),
        "run_id": run_ids[0] if run_ids else None,
    }
    trained_on = saved.get(CodeDataModule.__qualname__, {}).get(TRAINED_ON_KEY)
    # Where there is none it is not said: such results go on as they did.
    return identity | ({TRAINED_ON_KEY: list(trained_on)} if trained_on else {})
