"""The folders that benchmarks' files lie in on this machine, and their usual names.

    for place in data_places(folder=None):
        file_by_name("humaneval", place)             # None where it is not there

The places are, in this order: the given folder, the folder of the environment variable
LIT_CODER_DATA_DIR, `./data`. A file of a usual name lies in a place or one folder down; a name that
stands earlier in `sources.py` is preferred, then the newer version. Where a benchmark is that has
another name, as a download has, is said by `corpora/benchmark_files.py`. Nothing is downloaded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from lit_coder.problems.benchmarks.sources import SOURCES

DATA_FOLDER_VARIABLE = "LIT_CODER_DATA_DIR"
DEFAULT_FOLDER = "data"


def data_places(folder: str | Path | None = None) -> tuple[Path, ...]:
    """Where files are looked for, the first place first, whether it is there or not."""
    named = (folder, os.environ.get(DATA_FOLDER_VARIABLE), DEFAULT_FOLDER)
    return tuple(Path(name).expanduser() for name in named if name)


def file_by_name(name: str, place: Path) -> Path | None:
    """The file of a benchmark that has one of its usual names, None where the place has none.

    Raises:
        ValueError: no benchmark is called `name`.
    """
    if name not in SOURCES:
        known = ", ".join(SOURCES)
        raise ValueError(f"no benchmark is called {name!r}; choose from {known}")
    for candidate in _folders(place):
        for pattern in SOURCES[name].file_names:
            if found := _matching_files(candidate, pattern):
                return found[0]
    return None


def _folders(place: Path) -> Iterator[Path]:
    """The folder itself, then the folders in it."""
    if place.is_dir():
        yield place
        yield from sorted(path for path in place.iterdir() if path.is_dir())


def _matching_files(folder: Path, pattern: str) -> list[Path]:
    """The folder's files of this pattern, the newest version first."""
    needed_folder, _, file_pattern = pattern.rpartition("/")
    if needed_folder and needed_folder != folder.resolve().name:
        return []
    try:
        names = os.listdir(folder)
    except PermissionError:
        return []
    found = [folder / name for name in names if fnmatchcase(name, file_pattern)]
    return sorted((path for path in found if path.is_file()), key=_version_key, reverse=True)


def _version_key(path: Path) -> list[tuple[int, int, str]]:
    """Sorts by the numbers in a name: v0.1.10 is newer than v0.1.9."""
    parts = re.split(r"(\d+|\.)", path.name)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts if part]
