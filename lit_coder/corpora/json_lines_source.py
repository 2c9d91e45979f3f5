"""Programs in a `.jsonl` or `.jsonl.gz` file, one object a line.

    JsonLinesSource("rows.jsonl.gz", column="code")

A line that is no JSON object, or lacks the column, is left out and counted; a file that breaks off
is used up to there. One line is in memory at a time, and no more than 64 MiB of it.
"""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from lit_coder.corpora.columns import cell_text, choose_column, licence_of
from lit_coder.corpora.python_files import content_digest
from lit_coder.corpora.source import CorpusSource, Fault, Skipped, SourceError, broken_off

# A program of the longest length, with every letter escaped, beside other columns.
_LONGEST_LINE_BYTES = 2**26


class JsonLinesSource(CorpusSource):
    """The texts of one column, in the order of the lines.

    Args:
        path: the file.
        column: which field holds the text; None takes the first usual one of the first object.

    Raises:
        ValueError: there is no such file, or its first object has no such column.
        SourceError: no line of the file is a JSON object.
    """

    def __init__(self, path: str | Path, column: str | None = None) -> None:
        super().__init__(str(path))
        self._path = Path(path).expanduser()
        if not self._path.is_file():
            raise ValueError(f"data.corpus: there is no file {path}; give a .jsonl or .jsonl.gz")
        types = {name: type(value).__name__ for name, value in self._first_record().items()}
        self.column = choose_column(types, column, str(path))

    def fingerprint(self) -> str:
        """By the bytes of the file and the column."""
        return content_digest([(self.column, self._path)])

    def texts(self) -> Iterator[tuple[str, str | Fault]]:
        """The column of each line."""
        for name, record in self._records():
            if isinstance(record, Fault):
                yield name, record
            elif self.column not in record:
                yield name, Fault(f"lacks the column {self.column}")
            else:
                self.text_licence = licence_of(record)
                yield name, cell_text(record[self.column])

    def _first_record(self) -> dict[str, object]:
        skipped = Skipped()
        for name, record in self._records():
            if not isinstance(record, Fault):
                return record
            skipped.add(name, record)
        raise SourceError(f"{self.name} holds no JSON object ({str(skipped) or 'it is empty'})")

    def _records(self) -> Iterator[tuple[str, dict[str, object] | Fault]]:
        number = 0
        try:
            for number, line in self._lines():
                if line is None:
                    yield self._line(number), Fault("is a line of more than 64 MiB")
                elif line.strip():
                    yield self._line(number), _record(line)
        except (EOFError, OSError, zlib.error) as error:
            yield self._line(number + 1), broken_off(error)

    def _lines(self) -> Iterator[tuple[int, bytes | None]]:
        """Number and bytes of each line, None for one that is too long."""
        number = 0
        is_zipped = self._path.suffix == ".gz"
        with gzip.open(self._path) if is_zipped else self._path.open("rb") as stream:
            while line := stream.readline(_LONGEST_LINE_BYTES):
                number += 1
                is_whole = len(line) < _LONGEST_LINE_BYTES or line.endswith(b"\n")
                yield number, (line.removeprefix(codecs.BOM_UTF8) if is_whole else None)
                while not is_whole and line:
                    line = stream.readline(_LONGEST_LINE_BYTES)
                    is_whole = line.endswith(b"\n")

    def _line(self, number: int) -> str:
        return f"{self._path.name}, line {number}"


def _record(line: bytes) -> dict[str, object] | Fault:
    try:
        record = json.loads(line.decode())
    except (ValueError, RecursionError):
        return Fault("is not JSON in UTF-8")
    return record if isinstance(record, dict) else Fault("is no JSON object")
