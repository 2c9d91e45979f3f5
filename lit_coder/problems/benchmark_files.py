"""Finds the files of benchmarks on this machine. It downloads nothing.

    path = find_benchmark_file("humaneval", folder=None)     # None where it is absent

Looked into, in this order: the given folder, the folder of the environment variable
LIT_CODER_DATA_DIR, `./data`; in each also a subfolder of the benchmark's name.
"""

from __future__ import annotations

import os
from pathlib import Path

DATA_FOLDER_VARIABLE = "LIT_CODER_DATA_DIR"

_FILE_NAMES = {
    "humaneval": ("HumanEval.jsonl.gz", "HumanEval.jsonl"),
    "mbpp": ("mbpp.jsonl", "mbpp.jsonl.gz"),
}

BENCHMARK_NAMES: tuple[str, ...] = tuple(_FILE_NAMES)


def find_benchmark_file(name: str, folder: str | Path | None = None) -> Path | None:
    """Path of the benchmark's file, or None where no folder holds it.

    Raises:
        ValueError: no benchmark is called `name`.
    """
    if name not in _FILE_NAMES:
        known = ", ".join(_FILE_NAMES)
        raise ValueError(f"no benchmark is called {name!r}; choose from {known}")
    given = (folder, os.environ.get(DATA_FOLDER_VARIABLE), "data")
    for place in (Path(place).expanduser() for place in given if place):
        for candidate in (place, place / name):
            for file_name in _FILE_NAMES[name]:
                if (candidate / file_name).is_file():
                    return candidate / file_name
    return None
