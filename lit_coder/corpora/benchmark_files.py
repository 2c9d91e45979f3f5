"""Where published benchmarks are on this machine, and how they are had: the one place that knows.

    find_benchmark_files("humaneval")                           # [] where it is not here
    benchmark = load_benchmark("humaneval")                     # found or downloaded
    benchmark = load_benchmark("mbpp", folder="/data", download=False)

Looked into are the given folder, the folder of LIT_CODER_DATA_DIR, and `./data`; in each first for
a file of a usual name, then for what `main.py data download` put there, then for tables in the
benchmark's own folder that have its columns, as a download from Kaggle has or a file that was put
there by hand. Instead of a folder the file itself can be given. What a downloaded benchmark is
known as is its repository, and the commit where that is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lit_coder.corpora.datasets.finding import choose_files, tables_below
from lit_coder.corpora.datasets.registry import DATASETS
from lit_coder.corpora.hub_files import HubUnavailable, fetch_hub_file, hub_commit
from lit_coder.corpora.parquet_files import read_parquet_rows
from lit_coder.problems.benchmarks.benchmark import Benchmark
from lit_coder.problems.benchmarks.files import DATA_FOLDER_VARIABLE, data_places, file_by_name
from lit_coder.problems.benchmarks.records import SourceRecord, read_records
from lit_coder.problems.benchmarks.registry import build_benchmark
from lit_coder.problems.benchmarks.sources import SOURCES

_READABLE = ("JSON Lines", "JSON", "CSV", "Parquet")


def find_benchmark_files(name: str, folder: str | Path | None = None) -> list[Path]:
    """The files of a benchmark, in their order; [] where no place holds it.

    Args:
        name: one of `BENCHMARK_NAMES`.
        folder: looked into first.

    Raises:
        ValueError: no benchmark is called so.
    """
    for place in data_places(folder):
        if found := file_by_name(name, place):
            return [found]
        if files := _downloaded(name, place) or _by_columns(name, place):
            return files
    return []


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
        return read_benchmark_files(name, [given])
    if found := find_benchmark_files(name, given):
        return read_benchmark_files(name, found)
    if not download:
        raise ValueError(f"{name} is not on this machine; {_by_hand(name)}")
    hub = SOURCES[name].hub
    try:
        paths = [fetch_hub_file(hub.repository, file, hub.revision) for file in hub.files]
    except HubUnavailable as error:
        raise ValueError(
            f"{name} is not on this machine and could not be downloaded ({error}); {_by_hand(name)}"
        ) from error
    return read_benchmark_files(name, paths, f"{hub.repository} {hub_commit(paths[0])}".strip())


def read_benchmark_files(name: str, paths: Sequence[Path], release: str = "") -> Benchmark:
    """The benchmark that these files are together.

    Args:
        name: of the benchmark.
        paths: as `find_benchmark_files` gives them.
        release: what they are known as, where neither checksum nor place says it.

    Raises:
        ValueError: a file is damaged, or another benchmark's.
    """
    hub = SOURCES[name].hub
    downloaded = [Path(name, file).as_posix() for file in hub.files]
    if len(paths) == len(downloaded) and all(
        path.absolute().as_posix().endswith(f"/{end}")
        for path, end in zip(paths, downloaded, strict=True)
    ):
        release = hub.repository
    records = (record for path in paths for record in _records(path, SOURCES[name].remedy))
    return build_benchmark(name, records, list(paths), release)


def _own_folder(name: str, place: Path) -> Path:
    """The folder of one benchmark: the place itself, where it is called so."""
    return place if place.absolute().name == name else place / name


def _downloaded(name: str, place: Path) -> list[Path]:
    """The hub's files where `main.py data download` puts them, [] where some are missing."""
    paths = [_own_folder(name, place) / file for file in SOURCES[name].hub.files]
    return paths if all(path.is_file() for path in paths) else []


def _by_columns(name: str, place: Path) -> list[Path]:
    """The tables in the benchmark's own folder that hold it, by their columns."""
    spec, own = DATASETS.get(name), _own_folder(name, place)
    if spec is None or not own.is_dir():
        return []
    tables = (table for table in tables_below(own) if table.format in _READABLE)
    return choose_files(spec, tables, is_given=False)


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
