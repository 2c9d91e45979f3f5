"""Reads a Parquet file as plain Python values, row by row.

    for row in read_parquet_rows(Path("test-00000-of-00001.parquet")):
        row["prompt"]
    source = ParquetSource("rows.parquet", column="code")      # one column, as a corpus

The hub keeps most data sets in this format. PyArrow, which comes with Lance, is imported when a
file is read and not before.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lit_coder.corpora.columns import LICENCE_COLUMNS, cell_text, choose_column, licence_of
from lit_coder.corpora.python_files import content_digest
from lit_coder.corpora.source import CorpusSource, Fault, SourceError, broken_off

_BATCH_ROWS = 256


def read_parquet_rows(path: Path, batch_rows: int = _BATCH_ROWS) -> Iterator[dict[str, Any]]:
    """The rows of a file, in its order.

    Args:
        path: the file.
        batch_rows: how many are in memory at a time.

    Raises:
        ValueError: the file is missing or damaged, or PyArrow is.
    """
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise ValueError(
            f"{path.name} is a Parquet file, which PyArrow reads; pip install pyarrow"
        ) from error
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=batch_rows):
                yield from batch.to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise ValueError(
            f"{path} is not a readable Parquet file ({error}); download it again"
        ) from error


def read_arrow_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of an Arrow stream or file, as `datasets` saves them.

    Raises:
        ValueError: the file is missing or damaged.
    """
    import pyarrow

    try:
        with pyarrow.OSFile(str(path)) as file:
            try:
                reader = pyarrow.ipc.open_stream(file)
                batches = iter(reader)
            except pyarrow.ArrowInvalid:
                file.seek(0)
                whole = pyarrow.ipc.open_file(file)
                batches = (whole.get_batch(i) for i in range(whole.num_record_batches))
            for batch in batches:
                for start in range(0, batch.num_rows, _BATCH_ROWS):
                    yield from batch.slice(start, _BATCH_ROWS).to_pylist()
    except (OSError, pyarrow.ArrowException) as error:
        raise ValueError(
            f"{path} is not a readable Arrow file ({error}); download it again"
        ) from error


class ParquetSource(CorpusSource):
    """The texts of one column, in the order of the rows; a file that is damaged inside is used
    up to there.

    Args:
        path: the file.
        column: which one; None takes the first usual one.

    Raises:
        ValueError: there is no such file or column.
        SourceError: it is no Parquet file, or its end, where the table's plan is, is missing.
    """

    def __init__(self, path: str | Path, column: str | None = None) -> None:
        import pyarrow
        import pyarrow.parquet as parquet

        super().__init__(str(path))
        self._path = Path(path).expanduser()
        if not self._path.is_file():
            raise ValueError(f"data.corpus: there is no file {path}; give a .parquet file")
        try:
            with parquet.ParquetFile(self._path) as file:
                types = {field.name: str(field.type) for field in file.schema_arrow}
                self._num_rows = int(file.metadata.num_rows)
        except (OSError, pyarrow.ArrowException) as error:
            raise SourceError(f"{path} is not a readable Parquet file ({error})") from error
        self.column = choose_column(types, column, str(path))
        self._licence_columns = [name for name in LICENCE_COLUMNS if name in types]

    @property
    def num_documents(self) -> int:
        """Rows of the table."""
        return self._num_rows

    def fingerprint(self) -> str:
        """By the bytes of the file and the column."""
        return content_digest([(self.column, self._path)])

    def texts(self) -> Iterator[tuple[str, str | Fault]]:
        """The column of each row."""
        import pyarrow
        import pyarrow.parquet as parquet

        number = 0
        try:
            with parquet.ParquetFile(self._path) as file:
                columns = [self.column, *self._licence_columns]
                for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
                    licences = batch.select(self._licence_columns).to_pylist()
                    for cell, licence in zip(batch.column(self.column), licences, strict=True):
                        number += 1
                        self.text_licence = licence_of(licence)
                        yield f"{self._path.name}, row {number}", arrow_text(cell)
        except (OSError, pyarrow.ArrowException) as error:
            name = f"{self._path.name}, row {number + 1}"
            yield name, broken_off(error)


def arrow_text(cell: Any) -> str | Fault:
    """The text of an Arrow scalar; the bytes of one need not be text, whatever its type says."""
    try:
        return cell_text(cell.as_py())
    except UnicodeDecodeError:
        return Fault("is not UTF-8")
