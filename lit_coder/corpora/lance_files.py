"""Programs in a column of a Lance table, which is a folder.

    LanceSource("corpus.lance", column="content")
    for row in read_lance_rows(Path("corpus.lance")): ...       # every column
    for values in read_lance_column(path, "value"): ...         # a list for each batch of rows

Lance holds threads: a table is read in the process that opens it, never in a forked one. It is
imported when a table is opened and not before.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lit_coder.corpora.columns import choose_column
from lit_coder.corpora.lance_panics import panics_as_errors
from lit_coder.corpora.parquet_files import arrow_text
from lit_coder.corpora.python_files import content_digest
from lit_coder.corpora.source import CorpusSource, Fault, SourceError, broken_off

_BATCH_ROWS = 256


def read_lance_rows(path: Path, batch_rows: int = _BATCH_ROWS) -> Iterator[dict[str, Any]]:
    """The rows of the table's newest version, in their order.

    Raises:
        ValueError: it is no Lance table that can be read.
    """
    for batch in _batches(path, None, batch_rows):
        yield from batch.to_pylist()


def read_lance_column(path: Path, column: str, batch_rows: int) -> Iterator[list[Any]]:
    """The values of one column, a list of at most `batch_rows` at a time.

    Raises:
        ValueError: it is no Lance table that can be read, or lacks the column.
    """
    for batch in _batches(path, [column], batch_rows):
        yield batch.column(0).to_pylist()


def lance_columns(path: Path) -> dict[str, str]:
    """The columns with the names of their types.

    Raises:
        ValueError: it is no Lance table that can be read.
    """
    try:
        with _opened(path) as table:
            return {field.name: str(field.type) for field in table.schema}
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The table's newest version; where Lance panics over it, that is a ValueError."""
    import lance

    with panics_as_errors():
        yield lance.dataset(str(path))


def _batches(path: Path, columns: list[str] | None, batch_rows: int) -> Iterator[Any]:
    try:
        with _opened(path) as table:
            yield from table.to_batches(columns=columns, batch_size=batch_rows)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ValueError:
    # What follows are places in the source of a library.
    reason = str(error).split(", /")[0]
    return ValueError(f"{path} is not a readable Lance table ({reason})")


class LanceSource(CorpusSource):
    """The texts of one column of the table's newest version, in the order of the rows.

    Args:
        path: the table's folder.
        column: which one; None takes the first usual one.

    Raises:
        ValueError: there is no such folder or column.
        SourceError: it is no Lance table that can be read.
    """

    def __init__(self, path: str | Path, column: str | None = None) -> None:
        super().__init__(str(path))
        self._path = Path(path).expanduser()
        if not self._path.is_dir():
            raise ValueError(f"data.corpus: there is no folder {path}; give a Lance table")
        try:
            with _opened(self._path) as table:
                types = {field.name: str(field.type) for field in table.schema}
                self._num_rows = int(table.count_rows())
        except (OSError, ValueError) as error:
            reason = str(error).split(", /")[0]
            raise SourceError(f"{path} is not a readable Lance table ({reason})") from error
        self.column = choose_column(types, column, str(path))

    @property
    def num_documents(self) -> int:
        """Rows of the table."""
        return self._num_rows

    def fingerprint(self) -> str:
        """By names and bytes of all files of the table, and the column."""
        files = [Path(folder) / file for folder, _, names in os.walk(self._path) for file in names]
        parts = sorted((path.relative_to(self._path).as_posix(), path) for path in files)
        return content_digest([(f"{self.column}/{name}", path) for name, path in parts])

    def texts(self) -> Iterator[tuple[str, str | Fault]]:
        """The column of each row."""
        number = 0
        try:
            with _opened(self._path) as table:
                for batch in table.to_batches(columns=[self.column], batch_size=_BATCH_ROWS):
                    for cell in batch.column(0):
                        number += 1
                        yield f"{self._path.name}, row {number}", arrow_text(cell)
        except (OSError, ValueError) as error:
            name = f"{self._path.name}, row {number + 1}"
            yield name, broken_off(error)
