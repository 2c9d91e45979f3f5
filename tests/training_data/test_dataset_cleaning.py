"""Rows of datasets are checked and cleaned before they are learned, and that is counted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lit_coder.corpora.cleaning_options import CleaningOptions
from lit_coder.corpora.datasets.record import Record
from lit_coder.corpora.datasets.registry import dataset_spec
from lit_coder.corpora.datasets.skipped_rows import SkippedRows
from lit_coder.corpora.syntax_process import SyntaxProcess
from lit_coder.training_data.dataset_cleaning import KeepOnly, RowCleaner
from lit_coder.training_data.dataset_counts import ReadingCounts

ALPACA, GLAIVE = dataset_spec("alpaca_python"), dataset_spec("glaive_qa")
LONG = "def first(rows):\n    " + "\n    ".join(f"rows[{n}] = rows[{n}] + {n}" for n in range(30))


@pytest.fixture(scope="module")
def parser() -> Iterator[SyntaxProcess]:
    with SyntaxProcess() as process:
        yield process


def program(text: str, name: str = "row 1", asked: str = "Do it.") -> Record:
    return Record(name, "instruction", asked, text)


def reasons(
    parser: SyntaxProcess,
    *records: Record,
    keep_only: KeepOnly = "parses",
    options: CleaningOptions | None = None,
) -> list[str]:
    """Why each is left out, "" where it is kept."""
    with RowCleaner(options or CleaningOptions(), keep_only, parser) as cleaner:
        found = [
            cleaner.objection(r, GLAIVE if r.kind == "question-answer" else ALPACA) for r in records
        ]
    return ["" if each is None else each.reason for each in found]


def test_only_answers_whose_code_parses_are_kept_unless_all_are_asked_for(
    parser: SyntaxProcess,
) -> None:
    records = (
        program("x = 1\n"),
        program("SELECT name FROM people;"),
        Record("a", "question-answer", "How?", "So:\n```python\nx = [2]\n```\nDone."),
        Record("b", "question-answer", "How?", "So:\n```python\nx = [3\n```\nDone."),
        Record("c", "question-answer", "How?", "Just do it, it is not hard at all."),
    )
    expected = ["", "does not parse", "", "does not parse", "no code block"]
    assert reasons(parser, *records) == expected
    assert reasons(parser, *records, keep_only="all") == [""] * 5


def test_what_kills_a_parser_is_a_row_that_does_not_parse(parser: SyntaxProcess) -> None:
    deadly = "x = " + "-" * 1_000_000 + "1"
    off = CleaningOptions.nothing()
    assert reasons(parser, program(deadly), program("y = 2"), options=off) == ["does not parse", ""]


def test_the_same_program_and_one_much_alike_are_left_out_whatever_set_they_are_of(
    parser: SyntaxProcess,
) -> None:
    alike = LONG.replace("rows[7] = rows[7] + 7", "rows[7] = rows[7] + 8")
    records = (
        program(LONG),
        program(f"# The first.\n{LONG}\n", asked="And again."),
        program(alike),
        Record("a", "question-answer", "Do it.", f"So:\n```python\n{LONG}\n```\n"),
    )
    assert reasons(parser, *records) == ["", "same program", "near-duplicate", "same program"]
    kept = CleaningOptions(duplicate_programs=False, near_duplicates=None)
    assert reasons(parser, *records, options=kept) == [""] * 4


def test_lines_are_those_of_the_code_and_words_may_be_long(parser: SyntaxProcess) -> None:
    words = "This is said in one line, as prose is in such sets. " * 30
    answer = f"{words}\n```python\nx = 1\n```\n"
    assert reasons(parser, Record("a", "question-answer", "Why?", answer)) == [""]
    assert reasons(parser, program(f"x = {'1 + ' * 300}1\n")) == ["line length"]
    long = CleaningOptions(max_length=100)
    assert reasons(parser, Record("a", "question-answer", "Why?", answer), options=long) == [
        "length"
    ]


def test_a_licence_is_the_rows_own_or_that_of_its_dataset(parser: SyntaxProcess) -> None:
    only_mit = CleaningOptions(licences=("MIT",))
    record = Record("a", "instruction", "Do.", "x = 1\n", licence="mit")
    assert reasons(parser, record, program("x = 2\n"), options=only_mit) == ["", "licence"]
    assert reasons(parser, program("x = 2"), options=CleaningOptions(licences=(ALPACA.licence,)))


def test_a_disk_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(ValueError, match=r"data\.datasets: .* name another folder in TMPDIR"):
        RowCleaner(CleaningOptions())


def test_every_reason_has_its_count_and_its_first_rows() -> None:
    counts = ReadingCounts()
    for number in range(5):
        counts.leave_out("does not parse", f"row {number}")
    unreadable = SkippedRows()
    unreadable.add("a.csv, row 9", "output is missing")
    counts.add_unreadable(unreadable)
    assert counts.described() == (
        "5 does not parse (row 0, row 1, row 2, ...); 1 output is missing (a.csv, row 9)"
    )
    plain = counts.plain()
    assert plain["left_out"] == {"does not parse": 5}
    assert plain["unreadable"] == {"output is missing": 1}
    assert plain["examples"]["does not parse"] == ["row 0", "row 1", "row 2"]
