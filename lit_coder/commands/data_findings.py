r"""What `main.py data inspect` prints: facts of the files, of the rows, and some rows.

    print("\n".join(about_files(dataset)))

It counts and writes; reading and running is done elsewhere.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator

from lit_coder.corpora.datasets.opening import CodeDataset
from lit_coder.corpora.datasets.record import Record
from lit_coder.corpora.datasets.statistics import RecordStatistics
from lit_coder.corpora.datasets.validation import Check
from lit_coder.problems.benchmarks.registry import files_checksum
from lit_coder.problems.problem import Answer, CheckProgram

_MOST_FILES = 5
_MOST_REASONS = 8
_MOST_EXAMPLES = 3
# Beyond it, a checksum takes longer than people wait for a first look.
_MOST_CHECKED_BYTES = 2 * 2**30
_MOST_LINES, _MOST_WIDTH = 12, 110


class CheckCounts:
    """How many rows hold, and why others do not."""

    def __init__(self) -> None:
        self.num_holding = 0
        self.failing: Counter[str] = Counter()
        self.unchecked: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}

    def add(self, check: Check) -> None:
        """Count one."""
        if check.holds:
            self.num_holding += 1
            return
        (self.unchecked if check.holds is None else self.failing)[check.reason] += 1
        examples = self.examples.setdefault(check.reason, [])
        if check.holds is False and len(examples) < _MOST_EXAMPLES:
            said = f": {check.detail}" if check.detail not in ("", check.reason) else ""
            examples.append(f"{check.record.name}{said}")

    @property
    def num_checked(self) -> int:
        """Rows that hold or do not."""
        return self.num_holding + self.failing.total()


def about_files(dataset: CodeDataset) -> Iterator[str]:
    """What is known before any row is read."""
    spec = dataset.spec
    yield f"{spec.name}: {spec.title}" + (
        " (a benchmark: not for training)" if spec.is_benchmark else ""
    )
    yield _line("licence", spec.licence)
    if spec.note:
        yield _line("note", spec.note)
    files = dataset.files
    num_bytes = sum(path.stat().st_size for path in files if path.is_file())
    number = "1 file" if len(files) == 1 else f"{len(files)} files"
    size = f", {_size(num_bytes)}" if num_bytes else ""
    yield _line("files", f"{number}, {dataset.format}{size}")
    for path in files[:_MOST_FILES]:
        yield _line("", str(path))
        if path.is_file() and path.stat().st_size <= _MOST_CHECKED_BYTES:
            checksum = files_checksum([path])
            known = spec.known_files.get(checksum)
            said = f"known: {known.release}" if known else "not a known one"
            yield _line("", f"sha256 {checksum} ({said})")
    if len(files) > _MOST_FILES:
        yield _line("", f"and {len(files) - _MOST_FILES} more")
    yield _line("columns", ", ".join(dataset.columns()))


def about_rows(
    dataset: CodeDataset, statistics: RecordStatistics, counts: CheckCounts | None, is_whole: bool
) -> Iterator[str]:
    """What reading and checking found."""
    skipped = dataset.skipped
    number = f"{dataset.num_rows_read:,} rows, {skipped.total:,} of them skipped"
    yield _line("rows", f"{number}{_published(dataset)}" if is_whole else f"the first {number}")
    for reason, count in skipped.reasons()[:_MOST_REASONS]:
        yield _line("skipped", f"{count:,} {reason} ({'; '.join(skipped.examples[reason])})")
    if statistics.num_records != dataset.num_rows_read - skipped.total:
        yield _line("looked at", f"{statistics.num_records:,} rows")
    yield _line("kinds", _counted(statistics.kinds))
    yield _line("languages", _counted(statistics.languages))
    if set(statistics.licences) - {""}:
        yield _line("licences", _counted(statistics.licences))
    for title, lengths in (
        ("asked", statistics.lengths("instruction")),
        ("text", statistics.lengths("text")),
    ):
        half, most, longest = lengths
        if longest:
            yield _line(
                title,
                f"{half:,} characters in the middle, 90 % up to {most:,}, at most {longest:,}",
            )
    if statistics.num_visible or statistics.num_hidden:
        yield _line(
            "tests",
            f"{statistics.num_visible:,} visible, {statistics.num_hidden:,} hidden; "
            f"{statistics.num_references:,} rows have a solution",
        )
    if counts is not None:
        yield from _about_checks(dataset, counts)


def sample_lines(record: Record) -> Iterator[str]:
    """One record to look at."""
    yield f"--- {record.name} ({record.kind}, {record.language})"
    yield from _shortened(record.instruction, "? ")
    yield from _shortened(record.text, "| ")
    if record.problem is not None and not isinstance(record.problem.tests, Answer):
        tests = record.problem.tests
        form = {"Cases": "calls", "StdioCases": "inputs with outputs"}.get(
            type(tests).__name__, "asserts"
        )
        yield f"= {len(tests.visible)} visible and {len(tests.hidden)} hidden {form}"
        if isinstance(tests, CheckProgram):
            yield from _shortened(tests.visible[0], "= ")


def _about_checks(dataset: CodeDataset, counts: CheckCounts) -> Iterator[str]:
    number = counts.num_checked
    share = f" ({100 * counts.num_holding / number:.1f} %)" if number else ""
    said = f"{counts.num_holding:,} of {number:,} rows that were checked{share}"
    yield _line("holds", f"{said}, by {dataset.spec.validation}")
    for reason, count in counts.failing.most_common(_MOST_REASONS):
        yield _line("fails", f"{count:,} {reason}")
        for example in counts.examples[reason][:_MOST_EXAMPLES]:
            yield _line("", textwrap.shorten(example, _MOST_WIDTH))
    rest = counts.failing.most_common()[_MOST_REASONS:]
    if rest:
        yield _line("fails", f"{sum(count for _, count in rest):,} for other reasons")
    for reason, count in counts.unchecked.most_common(_MOST_REASONS):
        yield _line("unchecked", f"{count:,} {reason}")


def _published(dataset: CodeDataset) -> str:
    """How the count compares with what the file, or else the dataset, is known to hold."""
    spec = dataset.spec
    known = None
    if len(dataset.files) == 1 and dataset.files[0].is_file() and not spec.split:
        size = dataset.files[0].stat().st_size
        known = next((f.num_rows for f in spec.known_files.values() if f.num_bytes == size), None)
    expected = known if known is not None else spec.num_rows
    if not isinstance(expected, int):
        return f"; published: {expected}"
    return "; as published" if expected == dataset.num_rows_read else f"; published: {expected:,}"


def _counted(counter: Counter[str]) -> str:
    shown = [f"{count:,} {name or 'not stated'}" for name, count in counter.most_common(6)]
    return ", ".join(shown) + (f", and {len(counter) - 6} more" if len(counter) > 6 else "")


def _line(title: str, text: str) -> str:
    return f"  {title:<10} {_visible(text)}"


def _shortened(text: str, mark: str) -> Iterator[str]:
    lines = text.rstrip().split("\n") if text.strip() else []
    for line in lines[:_MOST_LINES]:
        cut = _visible(line.replace("\t", "    "))
        yield mark + (cut if len(cut) <= _MOST_WIDTH else cut[: _MOST_WIDTH - 3] + "...")
    if len(lines) > _MOST_LINES:
        yield f"{mark}... {len(lines) - _MOST_LINES} more lines"


def _visible(text: str) -> str:
    """The text without what a terminal would act on."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _size(num_bytes: int) -> str:
    size = float(num_bytes)
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
