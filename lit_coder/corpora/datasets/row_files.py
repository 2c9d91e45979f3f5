"""The rows of a file in any of the formats datasets are published in, one after another.

    for name, row in read_rows(Path("train.csv")):
        row                                 # {"question": ..., "answer": ...} or a Fault
    file_format(Path("train.csv"))          # "CSV"

CSV, a JSON list or object of objects, JSON Lines (each packed by gzip or not), Parquet, Arrow,
Lance.
Whether a file is packed, and which form of JSON it has, is seen by its first bytes. One row, or one
batch of a table, is in memory at a time. What is damaged is a `Fault` with its reason and never an
exception. Values are as the file has them: text in a CSV cell stays text.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

from lit_coder.corpora.datasets.json_stream import JsonDamage, json_entries, parse_json
from lit_coder.corpora.source import Fault, broken_off

Row: TypeAlias = dict[str, Any]
NamedRow: TypeAlias = tuple[str, Row | Fault]

_GZIP_MAGIC = b"\x1f\x8b"
_SUFFIXES = {
    ".csv": "CSV",
    ".tsv": "CSV",
    ".json": "JSON",
    ".jsonl": "JSON Lines",
    ".ndjson": "JSON Lines",
    ".parquet": "Parquet",
    ".arrow": "Arrow",
}
# Cells with all tests of a problem are up to mebibytes.
_BATCH_ROWS = 32
_SNIFFED_BYTES = 1 << 20
# Private tests of one problem are up to a few hundred mebibytes.
_LONGEST_LINE_BYTES = 2**29
_READ_ERRORS = (EOFError, OSError, zlib.error)


def file_format(path: Path) -> str:
    """The format that a name stands for; "" where it stands for none.

    A folder is a Lance table by its suffix or by what lies in it.
    """
    if path.is_dir():
        return "Lance" if path.suffix == ".lance" or (path / "_versions").is_dir() else ""
    return _SUFFIXES.get(Path(path.name.removesuffix(".gz")).suffix.lower(), "")


def read_rows(path: Path) -> Iterator[NamedRow]:
    """Each row with its place, as "train.csv, row 7"; a damaged one is a `Fault`."""
    readers: dict[str, Callable[[Path], Iterator[Row | Fault]]] = {
        "CSV": _csv_rows,
        "JSON": _json_rows,
        "JSON Lines": _json_rows,
        "Parquet": _parquet_rows,
        "Arrow": _arrow_rows,
        "Lance": _lance_rows,
    }
    reader = readers[file_format(path)]
    number = 0
    try:
        for number, row in enumerate(reader(path), start=1):
            yield f"{path.name}, row {number}", row
    except _READ_ERRORS as error:
        yield f"{path.name}, row {number + 1}", broken_off(error)


def _parquet_rows(path: Path) -> Iterator[Row | Fault]:
    from lit_coder.corpora.parquet_files import read_parquet_rows

    yield from _until_damaged(read_parquet_rows(path, _BATCH_ROWS))


def _arrow_rows(path: Path) -> Iterator[Row | Fault]:
    from lit_coder.corpora.parquet_files import read_arrow_rows

    yield from _until_damaged(read_arrow_rows(path))


def _lance_rows(path: Path) -> Iterator[Row | Fault]:
    from lit_coder.corpora.lance_files import read_lance_rows

    yield from _until_damaged(read_lance_rows(path))


def _until_damaged(rows: Iterator[Row]) -> Iterator[Row | Fault]:
    try:
        yield from rows
    except ValueError as error:
        yield broken_off(error)


def _opened(path: Path) -> BinaryIO:
    """The file's bytes, unpacked where its first two say that it is packed."""
    with path.open("rb") as stream:
        is_packed = stream.read(2) == _GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path)) if is_packed else path.open("rb")


def _csv_rows(path: Path) -> Iterator[Row | Fault]:
    # The module allows 128 KiB a field unless told otherwise; tests of a problem are longer.
    csv.field_size_limit(sys.maxsize if sys.maxsize < 2**31 else 2**31 - 1)
    with (
        _opened(path) as stream,
        # Its own line ends are kept: those within quotes belong to the fields.
        io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="") as lines,
    ):
        rows = csv.reader(lines, delimiter="\t" if ".tsv" in path.suffixes else ",")
        header: list[str] | None = None
        while True:
            try:
                cells = next(rows, None)
            except csv.Error as error:
                yield Fault(f"is not valid CSV ({error})")
                continue
            if cells is None:
                return
            if not cells:
                continue
            if header is None:
                header = cells
            elif len(cells) != len(header):
                yield Fault("has more or fewer fields than the first line has names")
            else:
                yield _named(header, cells)


def _named(header: list[str], cells: list[str]) -> Row:
    # An index column has no name, or one that nobody gave it.
    pairs = zip(header, cells, strict=True)
    return {name: cell for name, cell in pairs if name and not name.startswith("Unnamed:")}


def _json_rows(path: Path) -> Iterator[Row | Fault]:
    with _opened(path) as stream:
        is_lines = _is_json_lines(stream)
    with _opened(path) as stream:
        if is_lines:
            yield from _line_rows(stream)
            return
        try:
            for entry in json_entries(stream):
                yield entry if isinstance(entry, dict) else Fault("is no JSON object")
        except JsonDamage as error:
            yield broken_off(error)


def _is_json_lines(stream: BinaryIO) -> bool:
    """Whether the first line that is not blank is an object by itself, and a row."""
    start = stream.read(_SNIFFED_BYTES).removeprefix(codecs.BOM_UTF8).lstrip()
    if not start.startswith(b"{"):
        return not start.startswith(b"[")
    line, line_end, rest = start.partition(b"\n")
    if not line_end and len(start) >= _SNIFFED_BYTES - 1:
        # One very long line: an object of objects has one for its first value.
        return not line.partition(b":")[2].lstrip().startswith(b"{")
    try:
        value = parse_json(line)
    except ValueError:
        # A damaged first line of many, or the opening brace of an object over many lines.
        return rest.lstrip().startswith(b"{")
    is_keyed = bool(value) and all(isinstance(entry, dict) for entry in value.values())
    return bool(rest.strip()) or not is_keyed


def _line_rows(stream: BinaryIO) -> Iterator[Row | Fault]:
    is_first = True
    while line := stream.readline(_LONGEST_LINE_BYTES):
        text = line.removeprefix(codecs.BOM_UTF8) if is_first else line
        is_first = False
        if len(line) == _LONGEST_LINE_BYTES and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.readline(_LONGEST_LINE_BYTES)
            yield Fault("is a line of more than 512 MiB")
            continue
        if not text.strip():
            continue
        try:
            value = parse_json(text)
        except (ValueError, RecursionError):
            yield Fault("is not JSON in UTF-8")
        else:
            yield value if isinstance(value, dict) else Fault("is no JSON object")
