"""Saves and restores every global random state, so that a resumed run draws the same numbers.

Lightning saves none. Python's and torch's states ride in the checkpoint as plain containers, those
of all processes side by side; they are put back in `on_train_start`, because setting up and loading
draw in between. Lightning seeds all processes alike, so that they begin with the same weights;
where training starts, each takes a state that follows from the first one's and its own number, as
slots of a TRM do not explore alike on two devices. So do those processes of a resumed run that
there were none of before. Sampling programs and mixing batches use streams of their own and do not
need this.
"""

from __future__ import annotations

import hashlib
import random
from typing import Any

import lightning.pytorch as pl
import numpy
import torch
from torch import distributed

from lit_coder.networks.xla_device import random_state, set_random_state


class RandomState(pl.Callback):
    """Keeps the global random states in the checkpoint."""

    def __init__(self) -> None:
        self._saved: dict[str, Any] | None = None
        self._uses_xla = False

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Seed XLA's own generator, which torch's seed does not reach."""
        self._uses_xla = trainer.strategy.root_device.type == "xla"
        if self._uses_xla:
            set_random_state(torch.initial_seed() % 2**31)

    def state_dict(self) -> dict[str, Any]:
        """The states as they are now; with several processes all of them must call this."""
        own = _own_state()
        if self._uses_xla:
            own["xla"] = random_state()
        if not (distributed.is_initialized() and distributed.get_world_size() > 1):
            return own
        states: list[dict[str, Any]] = [own] * distributed.get_world_size()
        distributed.all_gather_object(states, own)
        return {**states[0], "others": states[1:]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the states until training starts."""
        self._saved = state_dict

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put this process's states back; in a new run, go on with states of its own."""
        rank = distributed.get_rank() if distributed.is_initialized() else 0
        if self._saved is None:
            if rank > 0:
                _derive(_own_state(), rank)
            return
        states = [self._saved, *self._saved.get("others", ())]
        if rank < len(states):
            _restore(states[rank])
            if self._uses_xla and "xla" in states[rank]:
                set_random_state(states[rank]["xla"])
        else:
            _derive(self._saved, rank)
        self._saved = None


def _own_state() -> dict[str, Any]:
    version, words, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = numpy.random.get_state()
    return {
        "python": [version, list(words), gauss],
        "numpy": [kind, numpy.asarray(keys).tolist(), position, has_gauss, cached],
        "torch": torch.get_rng_state(),
        # This process's device alone: the others belong to other processes.
        "cuda": [torch.cuda.get_rng_state()] if torch.cuda.is_available() else [],
    }


def _restore(state: dict[str, Any]) -> None:
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    kind, keys, position, has_gauss, cached = state["numpy"]
    numpy.random.set_state(
        (kind, numpy.array(keys, dtype=numpy.uint32), position, has_gauss, cached)
    )
    torch.set_rng_state(state["torch"].cpu())
    if torch.cuda.is_available() and state["cuda"]:
        torch.cuda.set_rng_state(state["cuda"][0].cpu())


def _derive(state: dict[str, Any], rank: int) -> None:
    """Seed all generators from the first process's state and this one's number."""
    content = state["torch"].cpu().numpy().tobytes() + rank.to_bytes(4, "little")
    seed = int.from_bytes(hashlib.blake2b(content, digest_size=4).digest(), "little")
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
