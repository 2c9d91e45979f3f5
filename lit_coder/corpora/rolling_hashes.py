r"""Hashes of words and of every run of words in a text, at tens of megabytes a second.

    words = RollingHashes(word_numbers(text))
    words.of_length(10)                      # uint64, the hash of each ten words in a row
    words.of_length(10) == whole             # where a run stands whose hash is known

A word's number is the start of its SHA-256; the hash of a run is a polynomial of its words'
numbers, modulo 2**64, that depends neither on the process nor on where the run stands. Two
different runs have the same hash with a chance of about one in 10**19. It knows no text again
from its hashes, and is not meant to withstand someone who makes texts on purpose.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

import numpy
from numpy.typing import NDArray

Hashes: TypeAlias = NDArray[numpy.uint64]

_WORD = re.compile(r"\w+")
# Odd, so that it has an inverse modulo 2**64.
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 2**64)
_MOST_REMEMBERED = 2**17


class Numbers(dict[str, int]):
    """The number of each word, remembered; forgotten together when there are many.

    Args:
        number: of a word that is not remembered.
    """

    def __init__(self, number: Callable[[str], int]) -> None:
        super().__init__()
        self._number = number

    def __missing__(self, word: str) -> int:
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        number = self[word] = self._number(word)
        return number

    def of_all(self, words: list[str]) -> Hashes:
        """One for each word, in their order."""
        return numpy.fromiter(map(self.__getitem__, words), numpy.uint64, len(words))


def sha_number(text: str) -> int:
    """The first eight bytes of the text's SHA-256, never 0."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "little") or 1


_WORD_NUMBERS = Numbers(sha_number)


def word_numbers(text: str) -> Hashes:
    """A number for each word: runs of letters, digits and underscores, in lower case."""
    return _WORD_NUMBERS.of_all(_WORD.findall(text.lower()))


class RollingHashes:
    """The hash of every run of a sequence.

    Args:
        numbers: one for each element of the sequence.
    """

    def __init__(self, numbers: Hashes) -> None:
        self.num_elements = len(numbers)
        self._sums = numpy.zeros(len(numbers) + 1, numpy.uint64)
        numpy.cumsum(numbers * _powers(_BASE, len(numbers)), out=self._sums[1:])
        self._known: dict[int, Hashes] = {}

    def of_length(self, length: int) -> Hashes:
        """The hash of each run of that many elements, by where it begins."""
        if length not in self._known:
            self._known[length] = self._runs(length)
        return self._known[length]

    def at(self, starts: NDArray[numpy.int64], length: int) -> Hashes:
        """The hash of the run of that many elements at each of these places, where it fits."""
        starts = starts[starts + length <= self.num_elements]
        inverses = _powers(_INVERSE, self.num_elements + 1)
        return (self._sums[starts + length] - self._sums[starts]) * inverses[starts]

    def whole(self) -> int:
        """The hash of the whole sequence, 0 where it is empty."""
        return int(self._sums[-1])

    def _runs(self, length: int) -> Hashes:
        if length > self.num_elements:
            return numpy.zeros(0, numpy.uint64)
        count = self.num_elements - length + 1
        return (self._sums[length:] - self._sums[:count]) * _powers(_INVERSE, count)


def sequence_hash(numbers: Iterable[int]) -> int:
    """The hash of a whole sequence, as `RollingHashes` has it for a run."""
    return RollingHashes(numpy.fromiter(numbers, numpy.uint64)).whole()


_POWERS: dict[int, Hashes] = {}


def _powers(base: int, count: int) -> Hashes:
    """The first powers of a number, modulo 2**64."""
    known = _POWERS.get(base)
    if known is None or len(known) < count:
        factors = numpy.full(max(count, 2**16), base, numpy.uint64)
        factors[0] = 1
        known = _POWERS[base] = numpy.multiply.accumulate(factors)
    return known[:count]
