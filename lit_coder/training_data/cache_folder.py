"""Things that are made once, kept on disk, and used by every later run: tokens and tokenizers.

    root = cache_root(None)                       # corpora/cache_root.py
    corpus = cached(root / "tokens", key, make, TokenCorpus)

What is made appears whole or not at all: it is written beside its place, in `KEY.work`, and
renamed. A process that is killed leaves a half that the next one removes. Of several processes one
makes it and the others wait, by a lock that network file systems may not know. What no run has
opened for 30 days is removed when something new is made; a run that trains for longer from one
cache and opens it anew would have to make it again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from lit_coder.training_data.folder_lock import FolderLock

logger = logging.getLogger("lit_coder.training_data")

UNUSED_DAYS = 30
# Written last, and touched whenever the folder is used.
_LAST_USE = "last_use"
_WORK = ".work"
_POLL_SECONDS = 0.1

Opened = TypeVar("Opened")


def key_of(settings: dict[str, Any]) -> str:
    """A name for a folder, different for different settings."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:32]


def cached(
    kind_folder: Path, key: str, make: Callable[[Path], None], open_it: Callable[[Path], Opened]
) -> Opened:
    """What stands under `key`, made now where it does not yet, or is damaged.

    Args:
        kind_folder: folder of all things of this kind.
        key: names everything that the content depends on.
        make: writes it into an empty folder.
        open_it: reads it from there; raises ValueError where it is damaged.

    Raises:
        ValueError: the folder cannot be written, or the disk is full.
    """
    folder = kind_folder / key
    if is_there(folder):
        try:
            return _use(folder, open_it)
        except ValueError as error:
            logger.warning("the cache %s is damaged and made anew: %s", folder, error)
    try:
        return _make(folder, make, open_it)
    except OSError as error:
        raise ValueError(
            f"the cache {kind_folder} cannot be written ({error.strerror or error}); free some "
            "space, or name another folder in data.cache_dir"
        ) from error


def is_there(folder: Path) -> bool:
    """Whether this was made to its end."""
    return (folder / _LAST_USE).is_file()


def _use(folder: Path, open_it: Callable[[Path], Opened]) -> Opened:
    opened = open_it(folder)
    # A cache that others prepared may be read-only.
    with contextlib.suppress(OSError):
        os.utime(folder / _LAST_USE)
    return opened


def _make(folder: Path, make: Callable[[Path], None], open_it: Callable[[Path], Opened]) -> Opened:
    work = folder.with_name(folder.name + _WORK)
    lock = FolderLock(work, "is writing to", "wait for it")
    _wait_for(lock, folder)
    partial = work / "partial"
    try:
        if is_there(folder):
            # Another process made it meanwhile.
            with contextlib.suppress(ValueError):
                return _use(folder, open_it)
        _remove_unused(folder.parent)
        for remains in (partial, folder):
            if remains.exists():
                shutil.rmtree(remains)
        partial.mkdir()
        make(partial)
        (partial / _LAST_USE).touch()
        partial.rename(folder)
    finally:
        # After a full disk above all.
        shutil.rmtree(partial, ignore_errors=True)
        lock.release()
    return _use(folder, open_it)


def _wait_for(lock: FolderLock, folder: Path) -> None:
    has_told = False
    while True:
        try:
            lock.acquire()
        except ValueError as error:
            if not has_told:
                logger.info("waiting: %s", error)
                has_told = True
            time.sleep(_POLL_SECONDS)
        else:
            return


def _remove_unused(kind_folder: Path) -> None:
    """Remove what was not used for `UNUSED_DAYS`, and what killed processes left."""
    oldest = time.time() - UNUSED_DAYS * 24 * 3600
    for folder in sorted(kind_folder.iterdir()):
        mark = folder / (".lock" if folder.name.endswith(_WORK) else _LAST_USE)
        if mark.is_file() and mark.stat().st_mtime < oldest:
            logger.info("the cache %s was not used for %d days: removed", folder, UNUSED_DAYS)
            shutil.rmtree(folder, ignore_errors=True)
