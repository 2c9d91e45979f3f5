"""SHA256SUMS beside downloaded files: what `sha256sum -c` checks, and what need not come again.

    sums = read_sums(folder)                       # {"data/train.parquet": "ab12..."}
    found = checksums(folder / "data/train.parquet")
    write_sums(folder, sums | {"data/train.parquet": found.sha256})

It hashes files of this machine; what their checksums ought to be is known to the downloads.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

SUMS_FILE = "SHA256SUMS"
_BLOCK_BYTES = 1 << 20
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


class Checksums(NamedTuple):
    """A file's own SHA-256, and the SHA-1 that Git knows it by."""

    sha256: str
    git_sha1: str


def checksums(path: Path) -> Checksums:
    """Both checksums of a file, read once."""
    sha256 = hashlib.sha256()
    # Git's name of a blob: not a protection, and compared only where nothing better is given.
    git_sha1 = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            sha256.update(block)
            git_sha1.update(block)
    return Checksums(sha256.hexdigest(), git_sha1.hexdigest())


def read_sums(folder: Path) -> dict[str, str]:
    """SHA-256 by relative path, as the folder's manifest says; empty where there is none."""
    path = folder / SUMS_FILE
    if not path.is_file():
        return {}
    matches = map(_LINE.fullmatch, path.read_text(encoding="utf-8").splitlines())
    return {match[2]: match[1] for match in matches if match}


def write_sums(folder: Path, sums: Mapping[str, str]) -> None:
    """Write the manifest, whole or not at all."""
    lines = [f"{sha256}  {name}\n" for name, sha256 in sorted(sums.items())]
    partial = folder / f".{SUMS_FILE}.partial"
    partial.write_text("".join(lines), encoding="utf-8")
    os.replace(partial, folder / SUMS_FILE)
