"""What downloads leave behind and nobody needs: parts of files, and caches of what is complete.

    for path, num_bytes in removable(dataset_folder(spec, root)):
        remove(path)

Only what the downloads themselves write is ever named: `.partial` of a dataset's own folder and
the marks of `huggingface_hub`. Data, and folders that are not a dataset's, are left alone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lit_coder.corpora.datasets.download_hub import PARTIAL_FOLDER

_LEFT_BEHIND = (PARTIAL_FOLDER, ".cache/huggingface")


class Removable(NamedTuple):
    """Something to remove, and how much it holds."""

    path: Path
    num_bytes: int


def removable(folder: Path) -> Iterator[Removable]:
    """What a dataset's folder holds beside its data."""
    for name in _LEFT_BEHIND:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            files = (file for file in path.rglob("*") if file.is_file() and not file.is_symlink())
            yield Removable(path, sum(file.stat().st_size for file in files))


def remove_empty_partials(folder: Path) -> None:
    """Remove the folders in which parts of files were, where none is left."""
    for path, _, _ in os.walk(folder / PARTIAL_FOLDER, topdown=False):
        if not os.listdir(path):
            os.rmdir(path)


def remove(path: Path) -> None:
    """Remove it, and folders above it that are empty then, up to the dataset's."""
    shutil.rmtree(path)
    if path.parent.name == ".cache" and not any(path.parent.iterdir()):
        path.parent.rmdir()
