"""The files of a run's checkpoints: which is the best, which stay, which pool versions they need.

    best = BestRounds(keep_n=2)
    best.add("round-0003.ckpt", 0.41)
    settle(folder, "round-0003.ckpt", best.names, keep_last_n=3)     # links, then old files go
    pinned_pool_versions(folder)                                     # {4, 7}

Only files of our own names are ever removed; what a user puts beside them stays. Nothing here
writes a checkpoint or decides when one is due.
"""

from __future__ import annotations

import logging
import os
import pickle
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from lit_coder.trainer.checkpoint_writer import PARTIAL_SUFFIX
from lit_coder.training_data.data_module import CodeDataModule

logger = logging.getLogger("lit_coder.trainer")

OWN_NAME = re.compile(r"(step-\d{8,}|round-\d{4,})\.ckpt")
LAST_LINK, BEST_LINK = "last.ckpt", "best.ckpt"


class BestRounds:
    """The checkpoints with the highest scores, best first; the earlier one of equals."""

    def __init__(self, keep_n: int) -> None:
        self._keep_n = keep_n
        self._entries: list[tuple[str, float]] = []

    @property
    def names(self) -> list[str]:
        """File names, best first."""
        return [name for name, _ in self._entries]

    @property
    def score(self) -> float | None:
        """The best score, None while there is none."""
        return self._entries[0][1] if self._entries else None

    def add(self, name: str, score: float) -> None:
        """Put a checkpoint in its place, or nowhere."""
        others = [entry for entry in self._entries if entry[0] != name]
        # The sort is stable: what came before stays before its equals.
        self._entries = sorted([*others, (name, score)], key=lambda entry: -entry[1])
        del self._entries[self._keep_n :]

    def remove(self, name: str) -> None:
        """Forget a checkpoint."""
        self._entries = [entry for entry in self._entries if entry[0] != name]

    def forget_missing(self, folder: Path) -> None:
        """Forget checkpoints whose files are gone, and say so."""
        for name in self.names:
            if not (folder / name).exists():
                self.remove(name)
                then = self.names[0] if self.names else "none: it starts anew"
                logger.warning("the best checkpoint %s is gone; the best is now %s", name, then)

    def state_dict(self) -> dict[str, Any]:
        """Names and scores as plain containers."""
        return {"best": [list(entry) for entry in self._entries]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with those; a state of one best alone is read as well."""
        if "best" in state:
            found = [(str(name), float(score)) for name, score in state["best"]]
        else:
            found = [(state["best_file"], state["best_score"])] if state["best_file"] else []
        self._entries = found[: self._keep_n]


def settle(folder: Path, newest: str, best: Sequence[str], keep_last_n: int) -> None:
    """Move the links to files that are whole, then remove old files."""
    if best and (folder / best[0]).exists():
        link(folder / BEST_LINK, best[0])
    link(folder / LAST_LINK, newest)
    files = sorted(
        (p for p in folder.glob("*-*.ckpt") if OWN_NAME.fullmatch(p.name)),
        key=lambda path: path.stat().st_mtime_ns,
    )
    for path in files[:-keep_last_n]:
        if path.name not in (newest, *best):
            path.unlink()


def link(path: Path, target_name: str) -> None:
    """Point `path` at a file beside it, in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target_name)
    temporary.replace(path)


def remove_partial(folder: Path) -> None:
    """Remove what a killed writer left behind."""
    for path in folder.glob(f".*{PARTIAL_SUFFIX}"):
        path.unlink()


def pinned_pool_versions(folder: Path) -> set[int] | None:
    """The pool versions that the folder's checkpoints go on from; None where one cannot be read.

    Files are mapped, not loaded. A file that is no checkpoint pins nothing.
    """
    versions: set[int] = set()
    for path in folder.glob("*.ckpt"):
        if path.is_symlink() or not zipfile.is_zipfile(path):
            continue
        try:
            # Tensors stay on the disk.
            checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except (OSError, RuntimeError, pickle.UnpicklingError) as error:
            logger.debug("%s cannot be read: %s", path, error)
            return None
        state = checkpoint.get(CodeDataModule.__qualname__, {})
        if "pool_version" in state:
            versions.add(int(state["pool_version"]))
    return versions
