"""Chooses few cases that tell a function from its mutants: visible ones, and hidden ones beside.

    chosen = choose_cases(masks, costs, outputs)
    chosen.visible, chosen.hidden            # numbers of arguments
    chosen.killed                            # mutants that at least one case tells apart

Greedy: the next case is the one that tells most of what is not told yet, and among equals the one
that is shortest to read. The hidden ones are chosen as if there were no visible ones, so that each
set is a test of its own. `choose_few` gives one set for people, which stops where no case tells
more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

MOST_VISIBLE, MOST_HIDDEN = 6, 14
LEAST_VISIBLE, LEAST_HIDDEN = 4, 8
# One value alone says little to a reader.
_LEAST_OF_ONE_SET = 2


class ChosenCases(NamedTuple):
    """The chosen arguments, by number, and the mutants that each set tells apart."""

    visible: tuple[int, ...]
    hidden: tuple[int, ...]
    killed_by_visible: frozenset[int]
    killed_by_hidden: frozenset[int]

    @property
    def killed(self) -> frozenset[int]:
        """Mutants that are told apart at all."""
        return self.killed_by_visible | self.killed_by_hidden


def choose_cases(masks: Sequence[int], costs: Sequence[int], outputs: Sequence[str]) -> ChosenCases:
    """The cases for mutants whose bits say on which arguments each differs.

    Args:
        masks: one number a mutant; bit i is set where it differs on arguments i.
        costs: how long each case is to read.
        outputs: text of each expected value.
    """
    kills = _kills(masks, len(costs))
    free = list(range(len(costs)))
    visible = _covering(free, kills, costs, MOST_VISIBLE)
    visible = _filled(visible, free, costs, outputs, LEAST_VISIBLE)
    rest = [index for index in free if index not in visible]
    hidden = _covering(rest, kills, costs, MOST_HIDDEN)
    hidden = _filled(hidden, rest, costs, outputs, LEAST_HIDDEN)
    return ChosenCases(tuple(visible), tuple(hidden), _union(visible, kills), _union(hidden, kills))


def choose_few(masks: Sequence[int], costs: Sequence[int], outputs: Sequence[str]) -> ChosenCases:
    """As few cases as tell what `choose_cases` tells, or more of it; all of them are visible."""
    kills = _kills(masks, len(costs))
    free = list(range(len(costs)))
    chosen = _covering(free, kills, costs, MOST_VISIBLE + MOST_HIDDEN)
    chosen = _filled(chosen, free, costs, outputs, _LEAST_OF_ONE_SET)
    return ChosenCases(tuple(chosen), (), _union(chosen, kills), frozenset())


def _kills(masks: Sequence[int], num_cases: int) -> list[frozenset[int]]:
    """Of each case the mutants that it tells apart."""
    return [
        frozenset(mutant for mutant, mask in enumerate(masks) if mask >> index & 1)
        for index in range(num_cases)
    ]


def _covering(
    free: Sequence[int], kills: Sequence[frozenset[int]], costs: Sequence[int], most: int
) -> list[int]:
    chosen: list[int] = []
    told: frozenset[int] = frozenset()
    while len(chosen) < most:
        best = max(free, key=lambda index: (len(kills[index] - told), -costs[index]), default=None)
        if best is None or not kills[best] - told:
            break
        chosen.append(best)
        told |= kills[best]
    return chosen


def _filled(
    chosen: list[int], free: Sequence[int], costs: Sequence[int], outputs: Sequence[str], least: int
) -> list[int]:
    """More cases, cheap ones with other outputs first, until there are enough."""
    filled = list(chosen)
    while len(filled) < least:
        known = {outputs[index] for index in filled}
        rest = [index for index in free if index not in filled]
        if not rest:
            break
        filled.append(min(rest, key=lambda index: (outputs[index] in known, costs[index])))
    return filled


def _union(chosen: Sequence[int], kills: Sequence[frozenset[int]]) -> frozenset[int]:
    return frozenset().union(*(kills[index] for index in chosen))
