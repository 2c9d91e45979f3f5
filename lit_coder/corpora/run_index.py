"""Which of many known texts a text holds, whole or by runs of ten words, from hashes alone.

    index = RunIndex.of([(0, "Return the sum of a list."), (1, "def add(x, y): ...")])
    index.search(RollingHashes(word_numbers(text)))      # [Held(owner=0, is_whole=True, share=1.0)]
    index.arrays()                                       # what to store; no text is in it

Texts are compared as words: runs of letters, digits and underscores in lower case. Punctuation and
layout are dropped and comments stay, which finds what was formatted anew or copied into another
language's comments. One run of ten words can be anybody's ("for i in range n for j in range n"): a
text counts from 30 % of its distinct runs, and at least two; one of fewer than ten words counts
whole. Seven words can be a whole statement ("Write a function to sort a list"), six a common line:
texts of fewer than seven are left out, or joined where their owner has no longer one. It is
searched in at tens of megabytes a second, whatever it holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from lit_coder.corpora.rolling_hashes import Hashes, RollingHashes, word_numbers

RUN_WORDS = 10
MIN_SHARE = 0.3
MIN_RUNS, MIN_WORDS = 2, 7
# A run's first bits say, before anything is searched, that it is not among the known ones.
_FILTER_BITS = 20

Arrays = Mapping[str, NDArray[Any]]


class Held(NamedTuple):
    """What a text holds of a known one.

    Attributes:
        owner: of the known text.
        is_whole: all of it is there, word for word.
        share: of its distinct runs.
    """

    owner: int
    is_whole: bool
    share: float


class RunIndex:
    """The runs of known texts.

    Args:
        texts: a row for each text: owner, words, distinct runs.
        wholes: the hash of each text.
        lengths, hashes, holders: of each run its length, its hash, and the text that holds it;
            sorted by length and hash.
    """

    def __init__(
        self,
        texts: NDArray[numpy.uint32],
        wholes: Hashes,
        lengths: NDArray[numpy.uint8],
        hashes: Hashes,
        holders: NDArray[numpy.uint32],
    ) -> None:
        self._texts = texts
        self._wholes = wholes
        self._runs: Arrays = {"lengths": lengths, "hashes": hashes, "holders": holders}
        self._by_length: dict[int, tuple[Hashes, NDArray[numpy.uint32], NDArray[numpy.bool_]]] = {}
        for length in numpy.unique(lengths).tolist():
            chosen = lengths == length
            known = numpy.zeros(2**_FILTER_BITS, bool)
            known[_first_bits(hashes[chosen])] = True
            self._by_length[length] = (hashes[chosen], holders[chosen], known)

    @classmethod
    def of(cls, texts: Iterable[tuple[int, str]]) -> RunIndex:
        """The index of texts, each with the number of its owner; an owner may have several."""
        by_owner: dict[int, list[Hashes]] = defaultdict(list)
        for owner, text in texts:
            by_owner[owner].append(word_numbers(text))
        rows: list[tuple[int, int, int]] = []
        runs: list[tuple[int, int, int]] = []
        wholes: list[int] = []
        for owner, numbers in by_owner.items():
            for words in _compared(numbers):
                rolling = RollingHashes(words)
                length = min(RUN_WORDS, len(words))
                distinct = sorted(set(rolling.of_length(length).tolist()))
                runs += [(length, number, len(rows)) for number in distinct]
                rows.append((owner, len(words), len(distinct)))
                wholes.append(rolling.whole())
        runs.sort()
        return cls(
            numpy.array(rows, numpy.uint32).reshape(-1, 3),
            numpy.array(wholes, numpy.uint64),
            numpy.array([length for length, _, _ in runs], numpy.uint8),
            numpy.array([number for _, number, _ in runs], numpy.uint64),
            numpy.array([holder for _, _, holder in runs], numpy.uint32),
        )

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> RunIndex:
        """The index that `arrays` came from."""
        return cls(*(arrays[name] for name in ("texts", "wholes", "lengths", "hashes", "holders")))

    def arrays(self) -> Arrays:
        """Everything that it holds."""
        return {"texts": self._texts, "wholes": self._wholes, **self._runs}

    def search(self, words: RollingHashes) -> list[Held]:
        """Every known text that counts as held, the best of each owner."""
        best: dict[int, Held] = {}
        for text, count in self._counts(words).items():
            owner, num_words, num_runs = self._texts[text].tolist()
            share = count / num_runs
            if share < MIN_SHARE or count < min(MIN_RUNS, num_runs):
                continue
            is_whole = share == 1 and bool((words.of_length(num_words) == self._wholes[text]).any())
            held = Held(owner, is_whole, share)
            if owner not in best or held[1:] > best[owner][1:]:
                best[owner] = held
        return [best[owner] for owner in sorted(best)]

    def _counts(self, words: RollingHashes) -> dict[int, int]:
        """How many distinct runs of each text are there."""
        counts: dict[int, int] = defaultdict(int)
        for length, (hashes, holders, known) in self._by_length.items():
            runs = words.of_length(length)
            maybe = runs[known[_first_bits(runs)]]
            if len(maybe):
                maybe = numpy.unique(maybe)
                starts = numpy.searchsorted(hashes, maybe, side="left")
                stops = numpy.searchsorted(hashes, maybe, side="right")
                for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
                    for holder in holders[start:stop].tolist():
                        counts[holder] += 1
        return counts


def _first_bits(hashes: Hashes) -> NDArray[numpy.int64]:
    return (hashes >> numpy.uint64(64 - _FILTER_BITS)).astype(numpy.int64)


def _compared(texts: list[Hashes]) -> list[Hashes]:
    """Those long enough to mean something, or else all of them joined."""
    long = [words for words in texts if len(words) >= MIN_WORDS]
    joined = numpy.concatenate(texts)
    return long or ([joined] if len(joined) else [])
