"""Saves and restores every global random state, so that a resumed run draws the same numbers.

Lightning saves none. Python's and torch's states ride in the checkpoint as plain containers;
they are put back in `on_train_start`, because setting up and loading draw in between. Sampling
programs and mixing batches use streams of their own and do not need this.
"""

from __future__ import annotations

import random
from typing import Any

import lightning.pytorch as pl
import numpy
import torch


class RandomState(pl.Callback):
    """Keeps the global random states in the checkpoint."""

    def __init__(self) -> None:
        self._saved: dict[str, Any] | None = None

    def state_dict(self) -> dict[str, Any]:
        """The states as they are now."""
        version, words, gauss = random.getstate()
        kind, keys, position, has_gauss, cached = numpy.random.get_state()
        return {
            "python": [version, list(words), gauss],
            "numpy": [kind, numpy.asarray(keys).tolist(), position, has_gauss, cached],
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the states until training starts."""
        self._saved = state_dict

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put the states back."""
        if self._saved is None:
            return
        version, words, gauss = self._saved["python"]
        random.setstate((version, tuple(words), gauss))
        kind, keys, position, has_gauss, cached = self._saved["numpy"]
        numpy.random.set_state(
            (kind, numpy.array(keys, dtype=numpy.uint32), position, has_gauss, cached)
        )
        torch.set_rng_state(self._saved["torch"].cpu())
        if torch.cuda.is_available() and self._saved["cuda"]:
            torch.cuda.set_rng_state_all([state.cpu() for state in self._saved["cuda"]])
        self._saved = None
