"""Rows that were left out of a pass: how many for which reason, and the first few of each.

    skipped.add("train.csv, row 7", "answer is missing")
    skipped.total, skipped.reasons()        # 1, [("answer is missing", 1)]

Reasons are texts without the row's own values, so there are few; what goes beyond a hundred is
counted together.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

_MOST_REASONS = 100
_MOST_EXAMPLES = 3
_OTHER = "other reasons"


@dataclass(slots=True)
class SkippedRows:
    """Counts and examples by reason."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, reason: str) -> None:
        """Count one row, by what is said before a parenthesis with its own values."""
        kind = reason.partition(" (")[0]
        if kind not in self.counts and len(self.counts) >= _MOST_REASONS:
            kind = _OTHER
        self.counts[kind] += 1
        examples = self.examples.setdefault(kind, [])
        if len(examples) < _MOST_EXAMPLES:
            examples.append(name)

    @property
    def total(self) -> int:
        """How many rows were left out."""
        return self.counts.total()

    def reasons(self) -> list[tuple[str, int]]:
        """Each reason with its count, the most frequent first."""
        return self.counts.most_common()

    def __str__(self) -> str:
        return "; ".join(f"{count:,} {reason}" for reason, count in self.reasons())
