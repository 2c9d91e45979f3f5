"""Near-duplicates among accepted programs, of all rounds and all problems, by MinHash.

    near = NearDuplicates(0.8, (sample.shingles for sample in pool))
    if not near.holds(features.shingles): near.add(features.shingles)

Two programs are compared by the share of the pieces of their normalized syntax trees that they
have in common, whatever their variables are called; the sandbox's child makes the pieces. What is
known is made anew from the pool in every round, so that a run that is gone on with knows the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy

_NUM_PERMUTATIONS = 128
_DIGITS = 8
# Rows of a band by the threshold: of programs at it, 998 of 1000 share a band and are compared.
_ROWS = ((0.9, 8), (0.7, 4), (0.3, 2), (0.0, 1))


class NearDuplicates:
    """The accepted programs, as their MinHashes.

    Args:
        threshold: share of pieces in common from which two programs count as the same.
        known: pieces of the programs that are there already; "" = of a program without any.
    """

    def __init__(self, threshold: float, known: Iterable[str] = ()) -> None:
        # It takes a second to load, which only runs that use it pay.
        from datasketch import MinHashLSH

        self._threshold = threshold
        rows = next(rows for least, rows in _ROWS if threshold >= least)
        bands = _NUM_PERMUTATIONS // rows
        self._index = MinHashLSH(num_perm=_NUM_PERMUTATIONS, params=(bands, rows))
        self._hashes: list[Any] = []
        for shingles in known:
            self.add(shingles)

    def holds(self, shingles: str) -> bool:
        """Whether a program that is much like this one is known."""
        if not shingles:
            return False
        found = _min_hash(shingles)
        return any(
            self._hashes[number].jaccard(found) >= self._threshold
            for number in self._index.query(found)
        )

    def add(self, shingles: str) -> None:
        """Know a program from now on."""
        if shingles:
            self._hashes.append(_min_hash(shingles))
            self._index.insert(len(self._hashes) - 1, self._hashes[-1])


def _min_hash(shingles: str) -> Any:
    from datasketch import MinHash

    pieces = numpy.frombuffer(bytes.fromhex(shingles), dtype=">u4")
    assert len(shingles) == _DIGITS * len(pieces)
    found = MinHash(num_perm=_NUM_PERMUTATIONS, hashfunc=int)
    found.update_batch(pieces.tolist())
    return found
