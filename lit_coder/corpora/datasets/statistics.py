"""Counts and lengths of records that pass by: what a dataset is made of.

    statistics = RecordStatistics()
    for record in statistics.watched(dataset.records()): ...
    statistics.num_records, statistics.kinds, statistics.lengths("text")

Memory does not grow with the dataset: lengths are those of at most 10,000 records, drawn with equal
chances, and beyond a thousand licences the rest are counted together.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from lit_coder.corpora.datasets.record import Record
from lit_coder.problems.problem import Answer

_MOST_LENGTHS = 10_000
_MOST_NAMES = 1_000
_OTHER = "others"


class Lengths(NamedTuple):
    """Of texts, in characters."""

    median: int
    ninth_decile: int
    longest: int


class RecordStatistics:
    """What has passed by.

    Attributes:
        num_records: how many.
        kinds, languages, licences: how many of each; an empty licence is the dataset's.
        num_visible, num_hidden: tests of all problems.
        num_references: problems with a solution.
    """

    def __init__(self) -> None:
        self.num_records = 0
        self.kinds: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.licences: Counter[str] = Counter()
        self.num_visible = 0
        self.num_hidden = 0
        self.num_references = 0
        self._random = random.Random(0)
        self._lengths: list[tuple[int, int]] = []
        self._longest = (0, 0)

    def watched(self, records: Iterable[Record]) -> Iterator[Record]:
        """The same records, each counted as it passes."""
        for record in records:
            self.add(record)
            yield record

    def add(self, record: Record) -> None:
        """Count one."""
        self.num_records += 1
        self.kinds[record.kind] += 1
        _count(self.languages, record.language)
        _count(self.licences, record.licence)
        if record.problem is not None and not isinstance(record.problem.tests, Answer):
            self.num_visible += len(record.problem.tests.visible)
            self.num_hidden += len(record.problem.tests.hidden)
            self.num_references += record.problem.reference is not None
        lengths = (len(record.instruction), len(record.text))
        self._longest = (max(self._longest[0], lengths[0]), max(self._longest[1], lengths[1]))
        if len(self._lengths) < _MOST_LENGTHS:
            self._lengths.append(lengths)
            return
        place = self._random.randrange(self.num_records)
        if place < _MOST_LENGTHS:
            self._lengths[place] = lengths

    def lengths(self, what: Literal["instruction", "text"]) -> Lengths:
        """Of what is asked, or of what is to be learned."""
        index = 0 if what == "instruction" else 1
        ordered = sorted(pair[index] for pair in self._lengths) or [0]
        last = len(ordered) - 1
        return Lengths(
            ordered[last // 2], ordered[round(0.9 * last)], max(self._longest[index], ordered[last])
        )


def _count(counter: Counter[str], name: str) -> None:
    counter[name if name in counter or len(counter) < _MOST_NAMES else _OTHER] += 1
