"""What reading a dataset came to: rows read, taken and left out, by each reason.

    counts = ReadingCounts()
    counts.leave_out("does not parse", "row 7")
    counts.described()                # "1 does not parse (row 7)"
    counts.plain()                    # for the manifest of a run

Plain data; who counts is `dataset_rows.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lit_coder.corpora.datasets.skipped_rows import SkippedRows
from lit_coder.corpora.decontamination import Match, count_matches

_MOST_EXAMPLES = 3


@dataclass(slots=True)
class ReadingCounts:
    """Of one dataset.

    Attributes:
        num_read: rows that were looked at, those that cannot be read among them.
        unreadable: those that cannot be read, by what is wrong.
        left_out: rows that were read and not taken, by the reason.
        examples: the names of the first few of each reason, with what they are like.
        matches: the benchmarks' tasks that were found.
        licences: of the rows that were taken, where they state their own.
        num_crashes: rows that ended the process which parsed them.
        is_cut: whether there may be more, which data.max_samples_per_dataset left.
    """

    num_read: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    matches: list[Match] = field(default_factory=list)
    licences: Counter[str] = field(default_factory=Counter)
    num_crashes: int = 0
    is_cut: bool = False

    def leave_out(self, reason: str, said: str) -> None:
        """Count a row, and keep its name where it is among the first."""
        self.left_out[reason] += 1
        self._exemplify(reason, [said])

    def add_unreadable(self, skipped: SkippedRows) -> None:
        """What the reader itself left out."""
        for reason, count in skipped.counts.items():
            self.unreadable[reason] += count
            self._exemplify(reason, skipped.examples.get(reason, ()))

    def described(self) -> str:
        """Every reason with its count and the first rows, "" where nothing was left out."""
        counts = [*self.left_out.most_common(), *self.unreadable.most_common()]
        return "; ".join(
            f"{count:,} {reason} ({', '.join(self._shown(reason, count))})"
            for reason, count in counts
        )

    def plain(self) -> dict[str, Any]:
        """For a manifest."""
        return {
            "rows_read": self.num_read,
            "is_cut": self.is_cut,
            "unreadable": dict(self.unreadable),
            "left_out": dict(self.left_out),
            "contaminated": count_matches(self.matches),
            "parser_crashes": self.num_crashes,
            "row_licences": dict(self.licences),
            "examples": self.examples,
        }

    def _exemplify(self, reason: str, names: Iterable[str]) -> None:
        kept = self.examples.setdefault(reason, [])
        kept.extend(list(names)[: _MOST_EXAMPLES - len(kept)])

    def _shown(self, reason: str, count: int) -> list[str]:
        names = self.examples[reason]
        return [*names, "..."] if count > len(names) else names
