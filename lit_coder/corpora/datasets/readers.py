"""From a row to a `Record`, by the reader of its dataset; what cannot be read is a `RowFault`.

    record = read_row("apps", Cells(row, number=1))

Here every record is checked once: its texts can be written to a file. Nothing else a row holds can
end a pass: whatever is not as its reader expects is a fault of the row.
"""

from __future__ import annotations

from collections.abc import Callable

from lit_coder.corpora.datasets.benchmark_rows import BENCHMARK_READERS
from lit_coder.corpora.datasets.cells import Cells, RowFault, long_integers
from lit_coder.corpora.datasets.instruction_rows import INSTRUCTION_READERS
from lit_coder.corpora.datasets.problem_rows import PROBLEM_READERS
from lit_coder.corpora.datasets.program_rows import PROGRAM_READERS
from lit_coder.corpora.datasets.record import Record

READERS: dict[str, Callable[[Cells], Record]] = {
    **BENCHMARK_READERS,
    **PROBLEM_READERS,
    **INSTRUCTION_READERS,
    **PROGRAM_READERS,
}


def read_row(reader: Callable[[Cells], Record], cells: Cells) -> Record:
    """The record of a row.

    Raises:
        RowFault: the row cannot be read.
    """
    with long_integers():
        try:
            record = reader(cells)
        except RecursionError as error:
            raise RowFault("is nested too deeply") from error
        except OverflowError as error:
            raise RowFault("holds a number that is too large") from error
    for text in (record.name, record.instruction, record.text):
        if "\0" in text:
            raise RowFault("holds NUL bytes")
        if not _is_writable(text):
            raise RowFault("is not UTF-8, or holds a lone surrogate")
    return record


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
