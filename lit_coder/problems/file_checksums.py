"""Checksums of a user's problem files: a run knows by them whether its problems are the same.

    problem_file_checksums(["mine.jsonl", "folder"])    # {"/there/mine.jsonl": "9f86d0...", ...}

A folder stands for the files that `read_problems` reads in it. What does not exist is left out:
to refuse it is the caller's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from lit_coder.problems.problem_file import problem_paths

_BLOCK_BYTES = 1 << 20


def problem_file_checksums(paths: Iterable[str | Path]) -> dict[str, str]:
    """SHA-256 of every file, by its absolute path; of a folder, of each problem file."""
    checksums = {}
    for path in (Path(name).absolute() for name in paths):
        for file in problem_paths(path):
            if file.is_file():
                checksums[str(file)] = _sha256(file)
    return checksums


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
