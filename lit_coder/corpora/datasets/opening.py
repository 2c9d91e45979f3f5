"""Opens a dataset that is on this machine: its rows as records, one after another.

    dataset = open_dataset("mbpp_train")            # found in LIT_CODER_DATA_DIR or ./data
    for record in dataset.records():
        record.problem, record.text
    dataset.skipped.reasons()                       # of the pass just made
    open_file(Path("train.csv"))                    # whatever dataset its columns say

Files are found by their columns (`finding.py`). One row is in memory at a time, so it does not
matter how large they are. Nothing is downloaded and nothing is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from lit_coder.corpora.datasets.benchmark_rows import BENCHMARK_READERS, MBPP_SPLITS
from lit_coder.corpora.datasets.cells import Cells, RowFault
from lit_coder.corpora.datasets.finding import detect, find_files, first_row, search_places
from lit_coder.corpora.datasets.instruction_rows import reasoning_record
from lit_coder.corpora.datasets.manual_placement import datasets_folder, placed_by_hand
from lit_coder.corpora.datasets.readers import READERS, read_row
from lit_coder.corpora.datasets.record import Record
from lit_coder.corpora.datasets.registry import DatasetSpec, dataset_spec
from lit_coder.corpora.datasets.row_files import file_format, read_rows
from lit_coder.corpora.datasets.skipped_rows import SkippedRows
from lit_coder.corpora.source import Fault

__all__ = ["CodeDataset", "detect", "open_dataset", "open_file"]


class CodeDataset:
    """A dataset's files and the records in them.

    Attributes:
        spec: what is known of it.
        files: in the order in which they are read.
        skipped: what the last pass of `records` left out.
        num_rows_read: rows of that pass, skipped ones included; of a split only its own.
    """

    def __init__(
        self, spec: DatasetSpec, files: Sequence[Path], tokenizer: Path | None = None
    ) -> None:
        self.spec = spec
        self.files = list(files)
        self.skipped = SkippedRows()
        self.num_rows_read = 0
        self._tokenizer = tokenizer

    @property
    def format(self) -> str:
        """Of its files, as "JSON Lines"."""
        return file_format(self.files[0])

    def columns(self) -> list[str]:
        """Of its first file."""
        return list(first_row(self.files[0]) or ())

    def contents(self) -> Iterator[tuple[str, Path]]:
        """Name and path of every file that the records come from, a table's own ones included."""
        for path in self.files:
            if path.is_file():
                yield path.name, path
                continue
            found = sorted(each for each in path.rglob("*") if each.is_file())
            yield from ((each.relative_to(path.parent).as_posix(), each) for each in found)
        if self.spec.reader == "codeparrot_1m":
            from lit_coder.corpora.datasets.token_windows import find_tokenizer, text_column

            if text_column(self.files[0]) is None:
                yield "tokenizer", find_tokenizer(self.files[0], self._tokenizer)

    def records(self) -> Iterator[Record]:
        """The records in the order of the files; each pass begins anew and counts anew.

        Raises:
            ValueError: the tokenizer that a table of tokens needs is missing.
        """
        self.skipped = SkippedRows()
        self.num_rows_read = 0
        if self.spec.reader == "codeparrot_1m":
            yield from self._token_records()
            return
        reader = self._reader()
        names: set[str] | None = set() if self.spec.reader in BENCHMARK_READERS else None
        number = 0
        for path in self.files:
            for place, row in read_rows(path):
                number += 1
                if isinstance(row, Fault):
                    self.num_rows_read += 1
                    self.skipped.add(place, row.reason)
                    continue
                try:
                    record = read_row(reader, Cells(row, number))
                except RowFault as fault:
                    self.num_rows_read += 1
                    self.skipped.add(place, str(fault))
                    continue
                if not self._is_of_split(record):
                    continue
                self.num_rows_read += 1
                # A benchmark is small, and its files are often there twice.
                if names is not None and record.name in names:
                    self.skipped.add(place, "repeats an earlier row")
                    continue
                if names is not None:
                    names.add(record.name)
                yield record

    def _reader(self) -> Callable[[Cells], Record]:
        if self.spec.reader == "open_code_reasoning":
            from lit_coder.corpora.datasets.questions_elsewhere import QuestionsElsewhere

            return partial(
                reasoning_record, question_elsewhere=QuestionsElsewhere(self.files[0]).question
            )
        return READERS[self.spec.reader]

    def _is_of_split(self, record: Record) -> bool:
        if not self.spec.split or self.spec.reader != "mbpp":
            return True
        number = record.name.rpartition("/")[2]
        return int(number) in MBPP_SPLITS[self.spec.split]

    def _token_records(self) -> Iterator[Record]:
        from lit_coder.corpora.datasets.token_windows import table_texts

        for path in self.files:
            for text in table_texts(path, self._tokenizer):
                self.num_rows_read += 1
                name = f"{path.name}, text {self.num_rows_read}"
                if text.strip():
                    yield Record(name, "text", text=text)
                else:
                    self.skipped.add(name, "is empty")


def open_dataset(
    name: str, folder: Path | None = None, tokenizer: Path | None = None
) -> CodeDataset:
    """The dataset of this name.

    Args:
        name: as in the registry.
        folder: where its files are, or one of them; None looks into the folder that
            LIT_CODER_DATA_DIR names and into ./data.
        tokenizer: of a table of tokens; None looks beside it.

    Raises:
        ValueError: there is no such dataset, or its files are not here.
    """
    spec = dataset_spec(name)
    folder = Path(folder) if folder is not None else None
    files = find_files(spec, folder)
    if not files:
        raise ValueError(_not_here(spec, folder))
    return CodeDataset(spec, files, tokenizer)


def open_file(path: Path, tokenizer: Path | None = None) -> CodeDataset:
    """The dataset that a file's columns say it is.

    Raises:
        ValueError: there is no such file, or its columns are no dataset's.
    """
    if not path.exists():
        raise ValueError(f"there is no file {path}; give a dataset's file or name")
    candidates = detect(path)
    if candidates:
        return CodeDataset(candidates[0], [path], tokenizer)
    if not file_format(path):
        raise ValueError(
            f"{path} is none of .csv, .json, .jsonl, .parquet, .arrow, .lance; give one of these"
        )
    row = first_row(path)
    there = f"its columns are {', '.join(row)}" if row else "no row of it can be read"
    raise ValueError(f"{path} is of no dataset that is known here: {there}")


def _not_here(spec: DatasetSpec, folder: Path | None) -> str:
    looked = ", ".join(str(place) for place in search_places(folder)) or "./data"
    return (
        f"{spec.name} is not in {looked}; run main.py data download {spec.name}, or "
        f"{placed_by_hand(spec, datasets_folder(folder))}"
    )
