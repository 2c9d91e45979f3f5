"""Published benchmarks from a folder of this machine, or else from the Hugging Face hub.

    benchmark = load_benchmark("humaneval")                     # found or downloaded
    benchmark = load_benchmark("mbpp", folder="/data", download=False)

A file of this machine comes first: the given folder, the folder of LIT_CODER_DATA_DIR, `./data`,
each with its subfolders, then what `main.py data download` put there. Instead of a folder the file
itself can be given, a Parquet file too. What a downloaded benchmark is known as is its repository,
and the commit where that is known.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lit_coder.corpora.hub_files import HubUnavailable, fetch_hub_file, hub_commit
from lit_coder.corpora.parquet_files import read_parquet_rows
from lit_coder.problems.benchmarks.benchmark import Benchmark
from lit_coder.problems.benchmarks.files import DATA_FOLDER_VARIABLE, find_benchmark_file
from lit_coder.problems.benchmarks.records import SourceRecord, read_records
from lit_coder.problems.benchmarks.registry import build_benchmark
from lit_coder.problems.benchmarks.sources import SOURCES


def load_benchmark(name: str, folder: str | Path | None = None, download: bool = True) -> Benchmark:
    """The benchmark of this name.

    Args:
        name: one of `BENCHMARK_NAMES`.
        folder: looked into first; or the file itself.
        download: whether the hub is asked where no folder holds the file.

    Raises:
        ValueError: the name is unknown, the file is damaged, or it is neither here nor to be had.
    """
    given = Path(folder).expanduser() if folder is not None else None
    if given is not None and not given.exists():
        raise ValueError(f"there is no folder {given}; give the one that holds the benchmark files")
    if given is not None and given.is_file() and name in SOURCES:
        return _read(name, [given])
    found = find_benchmark_file(name, given)
    if found is not None:
        return _read(name, [found])
    hub = SOURCES[name].hub
    if downloaded := _downloaded(name, given):
        return _read(name, downloaded, hub.repository)
    if not download:
        raise ValueError(f"{name} is not on this machine; {_by_hand(name)}")
    try:
        paths = [fetch_hub_file(hub.repository, file, hub.revision) for file in hub.files]
    except HubUnavailable as error:
        raise ValueError(
            f"{name} is not on this machine and could not be downloaded ({error}); {_by_hand(name)}"
        ) from error
    return _read(name, paths, f"{hub.repository} {hub_commit(paths[0])}".strip())


def _downloaded(name: str, given: Path | None) -> list[Path]:
    """The hub's files where `main.py data download` puts them, [] where some are missing."""
    for place in (given, os.environ.get(DATA_FOLDER_VARIABLE), "data"):
        if place:
            folder = Path(place).expanduser() / name
            paths = [folder / file for file in SOURCES[name].hub.files]
            if all(path.is_file() for path in paths):
                return paths
    return []


def _read(name: str, paths: Sequence[Path], release: str = "") -> Benchmark:
    records = (record for path in paths for record in _records(path, SOURCES[name].remedy))
    return build_benchmark(name, records, list(paths), release)


def _records(path: Path, remedy: str) -> Iterator[SourceRecord]:
    if path.suffix != ".parquet":
        yield from read_records(path, remedy)
        return
    for number, row in enumerate(read_parquet_rows(path), start=1):
        yield SourceRecord(row, f"{path}, row {number}", remedy)


def _by_hand(name: str) -> str:
    """How the file is placed without the hub."""
    source = SOURCES[name]
    return (
        f"{source.remedy} and put it into ./data, or into a folder that {DATA_FOLDER_VARIABLE} "
        "names"
    )
