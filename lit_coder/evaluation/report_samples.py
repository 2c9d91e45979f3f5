"""Which samples of a pool the report shows: a bounded, deterministic, fair choice.

    shown = read_shown_samples(pool, version)
    shown.samples, shown.totals[round]

The newest rounds come first. False positives (past the visible tests, failed by a hidden one)
are taken before anything else, since they say where the tests are too weak; then some accepted
and some rejected samples, spread over difficulties and reasons so that rare ones are seen. Only
short columns of the pool are read whole; a pool of a hundred thousand samples costs no more
memory than the texts that are shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.sample import Sample

ACCEPTED_PER_ROUND = 40
REJECTED_PER_ROUND = 40
MOST_SAMPLES = 600
MOST_FALSE_POSITIVES = 300
"""Of `MOST_SAMPLES`; a run with weak tests has more of them than a page can hold."""

_COLUMNS = ("round", "difficulty", "reason", "accepted", "passed_visible", "passed")


@dataclass(frozen=True, slots=True)
class RoundTotals:
    """What a round has in the pool, shown or not."""

    samples: int
    accepted: int
    false_positives: int


@dataclass(frozen=True, slots=True)
class ShownSamples:
    """The samples to show, newest round first, and what each round has in all."""

    samples: list[Sample] = field(default_factory=list)
    totals: dict[int, RoundTotals] = field(default_factory=dict)


def is_false_positive(sample: Sample) -> bool:
    """The visible tests let it through, a hidden one did not."""
    return sample.passed_visible and not sample.passed


def read_shown_samples(pool: SamplePool, version: int) -> ShownSamples:
    """Choose and read the samples to show of `version`.

    Raises:
        ValueError: the version cannot be read.
    """
    totals: dict[int, RoundTotals] = {}

    def choose(columns: dict[str, list[Any]]) -> list[int]:
        rows = _Rows(columns)
        totals.update(rows.totals())
        return rows.choose()

    return ShownSamples(pool.read_chosen(version, _COLUMNS, choose), totals)


class _Rows:
    """The short columns of a pool, by round."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self.columns = columns
        self.by_round: dict[int, list[int]] = defaultdict(list)
        for position, number in enumerate(columns["round"]):
            self.by_round[number].append(position)

    def totals(self) -> dict[int, RoundTotals]:
        accepted = self.columns["accepted"]
        return {
            number: RoundTotals(
                samples=len(positions),
                accepted=sum(accepted[position] for position in positions),
                false_positives=sum(self._is_false_positive(position) for position in positions),
            )
            for number, positions in self.by_round.items()
        }

    def choose(self) -> list[int]:
        newest_first = sorted(self.by_round, reverse=True)
        chosen: dict[int, list[int]] = {}
        left = MOST_FALSE_POSITIVES
        for number in newest_first:
            wrong = [p for p in self.by_round[number] if self._is_false_positive(p)]
            chosen[number] = self._spread(wrong, left)
            left -= len(chosen[number])
        left = MOST_SAMPLES - (MOST_FALSE_POSITIVES - left)
        for number in newest_first:
            rest = [p for p in self.by_round[number] if not self._is_false_positive(p)]
            for wanted, limit in ((True, ACCEPTED_PER_ROUND), (False, REJECTED_PER_ROUND)):
                group = [p for p in rest if self.columns["accepted"][p] == wanted]
                picked = self._spread(group, min(limit, left))
                left -= len(picked)
                chosen[number] += picked
        return [position for number in newest_first for position in sorted(chosen[number])]

    def _is_false_positive(self, position: int) -> bool:
        return self.columns["passed_visible"][position] and not self.columns["passed"][position]

    def _spread(self, positions: Sequence[int], limit: int) -> list[int]:
        """At most `limit` of `positions`, fair to each difficulty and reason."""
        groups: dict[tuple[int, str], list[int]] = defaultdict(list)
        for position in positions:
            key = (self.columns["difficulty"][position], self.columns["reason"][position])
            groups[key].append(position)
        ordered = [groups[key] for key in sorted(groups)]
        shares = _fair_shares([len(group) for group in ordered], limit)
        return [
            group[index * len(group) // share]
            for group, share in zip(ordered, shares, strict=True)
            for index in range(share)
        ]


def _fair_shares(sizes: Sequence[int], limit: int) -> list[int]:
    """How many to take of each group: one more of every group in turn until `limit` is reached."""
    shares = [0] * len(sizes)
    while (left := limit - sum(shares)) > 0:
        open_groups = [index for index, size in enumerate(sizes) if shares[index] < size]
        if not open_groups:
            break
        for index in open_groups[:left]:
            shares[index] += 1
    return shares
