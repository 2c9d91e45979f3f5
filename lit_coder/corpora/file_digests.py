"""The SHA-256 of files, kept for large ones until they change.

    file_digest(Path("file-000000000001.json.gz"))      # 32 bytes; the second time at once

All bytes of a file are read, a gigabyte a second. What was found for a large one is kept below the
user's cache under its path, with its size, its number on the disk and both times of its last
change: the system sets one of these, so that a file whose content changed is read again, also
where a program gave it back its old time. A file that changed a moment ago is not kept, as it may
change again within the same tick of the clock.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path

from lit_coder.corpora.cache_root import cache_root

LEAST_KEPT_BYTES = 2**22
"""A smaller file is read faster than looked up."""

FOLDER_NAME = "digests"
_CHUNK_BYTES = 2**20
# Longer than the tick of any file system's clock.
_SETTLED_SECONDS = 3.0


def file_digest(path: Path) -> bytes:
    """The SHA-256 of a file's bytes.

    Raises:
        OSError: it cannot be read.
    """
    found = path.stat()
    if found.st_size < LEAST_KEPT_BYTES:
        return _read(path)
    place = _place(path)
    known = _kept(place, found)
    if known is not None:
        return known
    digest = _read(path)
    if _state(path.stat()) == _state(found) and time.time() - found.st_ctime > _SETTLED_SECONDS:
        _keep(place, found, digest)
    return digest


def _read(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.digest()


def _place(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]
    return cache_root(None) / FOLDER_NAME / f"{name}.json"


def _state(found: os.stat_result) -> list[int]:
    """What is another after any change of the content."""
    return [found.st_size, found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns]


def _kept(place: Path, found: os.stat_result) -> bytes | None:
    try:
        entry = json.loads(place.read_text(encoding="utf-8"))
        return bytes.fromhex(entry["sha256"]) if entry["state"] == _state(found) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(place: Path, found: os.stat_result, digest: bytes) -> None:
    # A cache that cannot be written costs time and nothing else.
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_name(f"{place.name}.{os.getpid()}.partial")
        entry = {"state": _state(found), "sha256": digest.hex()}
        partial.write_text(json.dumps(entry), encoding="utf-8")
        partial.replace(place)
