"""What is known of one dataset before any file of it is opened.

    spec = dataset_spec("apps")                 # see registry.py
    spec.hub_id, spec.licence, spec.num_rows    # "codeparrot/apps", "MIT", 10000
    spec.fits({"problem_id", "question", ...})  # whether a table of these columns may be it

Plain data. It reads nothing and downloads nothing; how a row becomes a `Record` is a reader's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from lit_coder.corpora.datasets.record import RecordKind

Validation: TypeAlias = Literal[
    "unit tests", "test cases", "syntax", "execution", "question-answer"
]
"""How a row is shown to hold: its reference passes its own tests (asserts, or inputs with
outputs), its program parses, its program runs, or its answer's code parses and runs."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as published: what it is known as, and how much it holds."""

    release: str
    num_rows: int
    num_bytes: int


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """A dataset.

    Attributes:
        name: in snake case, as users write it.
        title: as people call it.
        licence: as its publisher states it; "per row" where each row names its own.
        num_rows: as published; a text where that is all there is.
        size: of the published files, for people.
        kind: of most of its records.
        validation: how its rows are shown to hold.
        columns: a table is taken for this dataset where it has all columns of one of these sets.
        formats: of published files.
        absent: columns that only other datasets have.
        hub_id: on the Hugging Face hub.
        kaggle_ids: on Kaggle, the best first.
        files: which files of the hub's repository are the dataset, as patterns.
        is_benchmark: refused as training data unless a flag says otherwise.
        base: the dataset of whose rows this is a part; "" = of its own.
        split: which part.
        hint: a pattern of paths; it decides only where columns fit several datasets.
        task_prefix: what the first row's `task_id` begins with, where columns do not decide.
        known_files: by their SHA-256.
        note: what a user should know, one sentence.
    """

    name: str
    title: str
    licence: str
    num_rows: int | str
    size: str
    kind: RecordKind
    validation: Validation
    columns: tuple[frozenset[str], ...]
    formats: tuple[str, ...] = ("Parquet",)
    absent: frozenset[str] = frozenset()
    hub_id: str | None = None
    kaggle_ids: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    is_benchmark: bool = False
    base: str = ""
    split: str = ""
    hint: str = ""
    task_prefix: str = ""
    known_files: Mapping[str, KnownFile] = field(default_factory=dict)
    note: str = ""

    @property
    def reader(self) -> str:
        """Name of the reader of its rows: a part's rows are read as the whole's."""
        return self.base or self.name

    def fits(self, columns: Collection[str]) -> bool:
        """Whether a table with these columns can be this dataset."""
        there = frozenset(columns)
        return not self.absent & there and any(needed <= there for needed in self.columns)

    def is_hinted(self, path: str) -> bool:
        """Whether a path speaks for this dataset."""
        return bool(self.hint and re.search(self.hint, path, re.IGNORECASE))


def columns(*alternatives: str) -> tuple[frozenset[str], ...]:
    """Sets of columns, each written as words: `columns("question answer", "prompt answer")`."""
    return tuple(frozenset(words.split()) for words in alternatives)
