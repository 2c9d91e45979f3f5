"""Finds the files of datasets on this machine by their columns, and says what a file may be.

    detect(Path("train.csv"))               # [DatasetSpec(name="glaive_qa", ...)]
    find_files(dataset_spec("apps"), None)  # [Path("data/apps/train.jsonl"), ...]

The first row decides. Names of files and folders are asked only where columns fit several datasets:
then a name that speaks for one of them wins. A file whose checksum is known is what it is known as.
Looked into: the given folder, or else the folder of LIT_CODER_DATA_DIR and `./data`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lit_coder.corpora.datasets.registry import DATASETS
from lit_coder.corpora.datasets.row_files import file_format, read_rows
from lit_coder.corpora.datasets.spec import DatasetSpec
from lit_coder.corpora.source import Fault
from lit_coder.problems.benchmarks.files import data_places
from lit_coder.problems.benchmarks.registry import files_checksum

_MOST_FOLDERS_DOWN = 5
_FIRST_ROWS = 20
# So many files of one folder that differ in numbers only are looked into one by one.
_MOST_ALIKE = 16
_KNOWN = {
    checksum: spec for spec in DATASETS.values() if not spec.split for checksum in spec.known_files
}
_KNOWN_SIZES = {known.num_bytes for spec in _KNOWN.values() for known in spec.known_files.values()}


@dataclass(frozen=True, slots=True)
class Table:
    """A file, or a Lance table's folder, and the datasets that it may be, the likeliest first."""

    path: Path
    format: str
    candidates: tuple[DatasetSpec, ...]


def detect(path: Path) -> list[DatasetSpec]:
    """The datasets that a file may be, the likeliest first; [] where no row of it can be read."""
    row = first_row(path)
    return [] if row is None else _candidates(path, row)


def first_row(path: Path) -> dict[str, Any] | None:
    """The first good row of a file, None where none of the first is one."""
    if not file_format(path):
        return None
    for number, (_, row) in enumerate(read_rows(path)):
        if not isinstance(row, Fault):
            return row
        if number == _FIRST_ROWS:
            break
    return None


def search_places(folder: Path | None) -> list[Path]:
    """Where files are looked for.

    Raises:
        ValueError: the given folder does not exist.
    """
    if folder is not None:
        folder = folder.expanduser()
        if not folder.exists():
            raise ValueError(f"there is no folder {folder}; give the one that holds the datasets")
        return [folder]
    return [place for place in data_places() if place.exists()]


def find_files(spec: DatasetSpec, folder: Path | None) -> list[Path]:
    """The dataset's files in their natural order, from the first place that has any.

    Raises:
        ValueError: the given folder does not exist, or none of the files is of the wanted split.
    """
    for place in search_places(folder):
        if found := choose_files(spec, tables_below(place), is_given=folder is not None):
            return found
    return []


def tables_below(place: Path) -> Iterator[Table]:
    """Everything in a folder that rows of some dataset can be read from."""
    alike: dict[tuple[str, ...], tuple[int, Table]] = {}
    for path in _table_paths(place):
        pattern = (str(path.parent), re.sub(r"\d+", "0", path.name))
        times, last = alike.get(pattern, (0, None))
        if times >= _MOST_ALIKE and last is not None:
            yield Table(path, last.format, last.candidates)
            continue
        table = Table(path, file_format(path), tuple(detect(path)))
        if table.candidates and (path == place or not _speaks_for_another(table)):
            alike[pattern] = (times + 1, table)
            yield table


def choose_files(spec: DatasetSpec, tables: Iterable[Table], is_given: bool) -> list[Path]:
    """Of the tables those that are the dataset, in one format, each content once.

    Args:
        spec: the dataset.
        tables: as `tables_below` finds them.
        is_given: whether a user named the place: then a table that is likelier another one with the
            same columns will do too.
    """
    whole = spec.reader
    fitting = [
        table
        for table in tables
        if whole in [c.name for c in (table.candidates if is_given else table.candidates[:1])]
    ]
    best = [table for table in fitting if table.candidates[0].name == whole] or fitting
    by_format: dict[str, list[Path]] = {}
    for table in best:
        by_format.setdefault(table.format, []).append(table.path)
    if not by_format:
        return []
    known = DATASETS[whole].known_files
    sizes = {file.num_bytes for file in known.values()}

    def rank(form: str) -> tuple[bool, int]:
        has_known = any(_size(path) in sizes for path in by_format[form])
        usual = spec.formats.index(form) if form in spec.formats else len(spec.formats)
        return not has_known, usual

    files = _distinct(sorted(by_format[min(by_format, key=rank)], key=_natural))
    return _of_split(spec, files)


def _of_split(spec: DatasetSpec, files: list[Path]) -> list[Path]:
    # Rows of MBPP say by their numbers which split they are of.
    if not spec.split or spec.reader == "mbpp":
        return files
    pattern = re.compile(rf"(^|[/_.-]){spec.split}([/_.\-0-9]|$)", re.IGNORECASE)
    chosen = [path for path in files if pattern.search("/".join(path.parts[-3:]))]
    if not chosen:
        raise ValueError(
            f"{files[0]} does not say by its name that it is of the split {spec.split}, which "
            f"{spec.name} is made of; ask for {spec.base}, or name the file {spec.split}..."
        )
    return chosen


def _candidates(path: Path, row: dict[str, Any]) -> list[DatasetSpec]:
    if path.is_file() and path.stat().st_size in _KNOWN_SIZES:
        known = _KNOWN.get(files_checksum([path]))
        if known:
            return [known]
    fitting = [
        spec
        for spec in DATASETS.values()
        if not spec.split and spec.fits(row) and _is_possible(spec, path, row)
    ]
    hinted = [spec for spec in fitting if spec.is_hinted(_place(path))]
    return sorted(hinted or fitting, key=lambda spec: -_num_matched(spec, row))


def _speaks_for_another(table: Table) -> bool:
    """Whether names speak for a dataset that the columns do not fit, and for none that they do."""
    if any(spec.is_hinted(_place(table.path)) for spec in table.candidates):
        return False
    near = "/".join(table.path.parts[-2:])
    return any(spec.is_hinted(near) for spec in DATASETS.values())


def _place(path: Path) -> str:
    """The part of a path in which a dataset's name may stand."""
    return "/".join(path.absolute().parts[-4:])


def _is_possible(spec: DatasetSpec, path: Path, row: dict[str, Any]) -> bool:
    """Whether format and names of tasks allow for this dataset."""
    if spec.formats == ("Lance",) and file_format(path) != "Lance":
        return False
    task_id = str(row.get("task_id"))
    return not (spec.task_prefix and "/" in task_id and not task_id.startswith(spec.task_prefix))


def _num_matched(spec: DatasetSpec, row: dict[str, Any]) -> int:
    return max(len(needed) for needed in spec.columns if needed <= row.keys())


def _table_paths(place: Path) -> Iterator[Path]:
    if file_format(place):
        yield place
        return
    for folder, folders, names in os.walk(place):
        here = Path(folder)
        tables = {name for name in folders if file_format(here / name)}
        is_deep = len(here.relative_to(place).parts) >= _MOST_FOLDERS_DOWN
        folders[:] = sorted(
            name
            for name in folders
            if not (is_deep or name in tables or name.startswith((".", "__")))
        )
        for name in sorted({*tables, *names}, key=lambda name: _natural(Path(name))):
            path = here / name
            if not name.startswith(".") and file_format(path):
                yield path


def _distinct(files: Sequence[Path]) -> list[Path]:
    """The files without copies of one another: equal in size and in content."""
    sizes = [_size(path) for path in files]
    kept: list[Path] = []
    seen: set[str] = set()
    for path, size in zip(files, sizes, strict=True):
        if path.is_file() and sizes.count(size) > 1:
            checksum = files_checksum([path])
            if checksum in seen:
                continue
            seen.add(checksum)
        kept.append(path)
    return kept


def _size(path: Path) -> int:
    return path.stat().st_size


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Sorts by the numbers in a path: test10 comes after test2."""
    parts = re.split(r"(\d+)", str(path))
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts if part]
