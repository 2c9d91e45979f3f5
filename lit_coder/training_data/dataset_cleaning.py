"""Which rows of `data.datasets` are worth learning from: their code parses, and they are clean.

    with RowCleaner(CleaningOptions(), keep_only="parses") as cleaner:
        cleaner.objection(record, spec)          # None, or Objection("does not parse")

Beside that, it asks the filters of a corpus (`corpora/cleaner.py`), each of what it is about:
lines, comments and the syntax tree of the code in an answer, letters, encoded data and length of
the whole answer, near-duplicates of question and answer together. A repetition is one over all
datasets of a run, and the earliest row stays. Code is parsed in a process of its own. Problems with
tests are asked for their licence alone: their tests judge them, and what repeats another's
behaviour is seen to where problems are put together. Benchmarks are looked for elsewhere.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple, TypeAlias

from lit_coder.corpora.cleaner import (
    LICENCE,
    NEAR,
    NOT_PARSING,
    SAME_PROGRAM,
    SAME_TEXT,
    text_number,
)
from lit_coder.corpora.cleaning_options import CleaningOptions
from lit_coder.corpora.datasets.fences import python_blocks
from lit_coder.corpora.datasets.record import Record
from lit_coder.corpora.datasets.spec import DatasetSpec
from lit_coder.corpora.program_signs import program_signs
from lit_coder.corpora.quality_filters import objection
from lit_coder.corpora.rolling_hashes import RollingHashes, word_numbers
from lit_coder.corpora.seen_documents import SeenDocuments, SignatureMaker
from lit_coder.corpora.syntax_process import SyntaxProcess

KeepOnly: TypeAlias = Literal["parses", "all"]
KEEP_ONLY: tuple[KeepOnly, ...] = ("parses", "all")
NO_CODE = "no code block"
"""The reason for which an answer of words alone is left out."""


class Objection(NamedTuple):
    """Why a row is left out: the filter, and what is said beside the row's name."""

    reason: str
    detail: str = ""


class RowCleaner:
    """Cleans the rows of several datasets, one dataset after the other.

    Args:
        options: what is left out.
        keep_only: "parses" leaves out answers whose code does not parse, or is not there.
        parser: to parse with, and left open; None starts one of its own.

    Raises:
        ValueError: what is compared cannot be written.
    """

    def __init__(
        self,
        options: CleaningOptions,
        keep_only: KeepOnly = "parses",
        parser: SyntaxProcess | None = None,
    ) -> None:
        self._options = options
        # Words stand in long lines, and may well speak of what is generated.
        self._of_words = replace(
            options,
            max_line_length=None,
            max_mean_line_length=None,
            min_comment_share=None,
            max_comment_share=None,
            drop_generated=False,
        )
        self._of_code = replace(options, min_length=None, max_length=None)
        self._keep_only = keep_only
        self._is_parser_ours = parser is None
        self.parser = parser or SyntaxProcess()
        self._licences = options.licences and {each.casefold() for each in options.licences}
        self._signatures = None if options.near_duplicates is None else SignatureMaker()
        with _full_disk_said(OSError, sqlite3.OperationalError):
            self._folder = TemporaryDirectory(prefix="lit_coder-rows-")
            self._seen = SeenDocuments(Path(self._folder.name), options.near_duplicates)

    def licence_objection(self, record: Record, spec: DatasetSpec) -> Objection | None:
        """Whether a row is under none of the licences that are kept.

        Args:
            record: the row.
            spec: of its dataset, whose licence counts where the row states none.
        """
        stated = record.licence or spec.licence
        if self._licences is None or stated.casefold() in self._licences:
            return None
        return Objection(LICENCE, stated)

    def objection(self, record: Record, spec: DatasetSpec) -> Objection | None:
        """The first filter that a row does not pass; None keeps it, and later ones are compared.

        Raises:
            ValueError: the disk for what is compared is full.
        """
        found = self.licence_objection(record, spec)
        if found is not None:
            return found
        with _full_disk_said(sqlite3.OperationalError):
            return self._poor(record) or self._repeated(record, f"{spec.name} {record.name}")

    def close(self) -> None:
        """Forget the rows, and end the process that parses."""
        self._seen.close()
        self._folder.cleanup()
        if self._is_parser_ours:
            self.parser.close()

    def __enter__(self) -> RowCleaner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _poor(self, record: Record) -> Objection | None:
        """What is wrong with a row by itself."""
        code = code_of(record)
        if self._keep_only == "parses":
            if code is None:
                return Objection(NO_CODE)
            if not self.parser.parses(code):
                return Objection(NOT_PARSING)
        reason = None
        if record.kind == "question-answer":
            reason = objection(record.text, 0.0, self._of_words)
        if reason is None and code is not None:
            limits = self._of_code if record.kind == "question-answer" else self._options
            reason = objection(code, program_signs(code).comment_share, limits)
        return None if reason is None else Objection(reason)

    def _repeated(self, record: Record, name: str) -> Objection | None:
        """Which earlier row it is like."""
        text = f"{record.instruction}\n{record.text}"
        if not self._seen.is_new_text(text_number(text)):
            return Objection(SAME_TEXT)
        code = code_of(record) or ""
        skeleton = program_signs(code).skeleton if self._options.duplicate_programs else 0
        if skeleton:
            same = self._seen.same_program(skeleton, code, self.parser)
            if same is not None:
                return Objection(SAME_PROGRAM, same)
        signature = None
        if self._signatures is not None:
            signature = self._signatures.signature(RollingHashes(word_numbers(text)))
            near = None if signature is None else self._seen.near(signature)
            if near is not None:
                return Objection(NEAR, f"{near.name}, {near.similarity:.0%}")
        self._seen.add(name, code, skeleton or None, signature)
        return None


def code_of(record: Record) -> str | None:
    """The code of an answer: all of it, or its blocks of Python; None where there is none."""
    if record.kind != "question-answer":
        return record.text
    found = [block for block in python_blocks(record.text) if block.strip()]
    return "\n".join(found) if found else None


@contextmanager
def _full_disk_said(*kinds: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kinds as error:
        raise ValueError(
            f"data.datasets: what its rows are compared by cannot be written ({error}); free some "
            "space, or name another folder in TMPDIR"
        ) from error
