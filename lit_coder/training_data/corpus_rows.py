"""Rows of a tokenized corpus: contiguous tokens, each row once a pass, in a seeded order.

    rows = CorpusRows(corpus, num_positions=1024, seed=1)
    row = rows[123_456_789]                        # the run's row of that number, at once

A row is T+1 tokens of the stream of documents, wherever documents begin: there is no padding.
A pass goes through all rows of the corpus in an order of its own; any place of the run is reached
without those before it. Labels stay within a document, and so does attention (`documents_BT`).
Some documents may be rearranged for filling in the middle, within their row.

Shapes: T positions.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy

from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.draw_seeds import draw_seed
from lit_coder.training_data.examples import IGNORED, IntArray
from lit_coder.training_data.fill_in_middle import fill_in_middle
from lit_coder.training_data.token_shards import TokenCorpus

_ORDER_ROUNDS = 6
# Of the rearranged documents, how many are suffix, prefix, middle (Bavarian et al., 2022).
_SUFFIX_FIRST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class GapFilling:
    """Which documents are rearranged so that their middle comes last.

    Attributes:
        tokenizer: the corpus's.
        rate: share of the documents.

    Raises:
        ValueError: the tokenizer has no tokens for it.
    """

    tokenizer: CodeTokenizer
    rate: float

    def __post_init__(self) -> None:
        # Read here, so that a tokenizer that lacks it is refused before a worker process needs it.
        assert self.tokenizer.fim_prefix_id >= 0

    def rearranged(self, ids: IntArray, documents: IntArray, key: str) -> IntArray:
        """A row's ids with some documents rearranged; as many as before.

        Args:
            ids: of the row, shape (T + 1,).
            documents: the document of each.
            key: decides what is rearranged, and how.
        """
        random = numpy.random.Generator(numpy.random.PCG64(draw_seed(key)))
        pieces = numpy.split(ids, numpy.flatnonzero(numpy.diff(documents)) + 1)
        for place, piece in enumerate(pieces):
            if random.random() < self.rate:
                pieces[place] = fill_in_middle(piece, self.tokenizer, random, _SUFFIX_FIRST_SHARE)
        return numpy.concatenate(pieces)


class CorpusRows:
    """The rows of a corpus in the order of a run.

    Args:
        corpus: the tokens.
        num_positions: T.
        seed: of the run.
        gap_filling: what is rearranged; None rearranges nothing.
    """

    def __init__(
        self,
        corpus: TokenCorpus,
        num_positions: int,
        seed: int,
        gap_filling: GapFilling | None = None,
    ) -> None:
        self.corpus = corpus
        self.num_positions = num_positions
        self.num_rows = corpus.num_rows(num_positions)
        self._seed = seed
        self._gap_filling = gap_filling

    def __getitem__(self, number: int) -> CorpusRow:
        """The run's row of that number, from 0; without end."""
        finished_passes, within = divmod(number, self.num_rows)
        position = permuted(within, self.num_rows, f"corpus/{self._seed}/{finished_passes}")
        return CorpusRow(self, position * self.num_positions, number)

    def in_order(self, num_rows: int) -> list[CorpusRow]:
        """At most that many rows from evenly over the corpus, as they stand in it."""
        chosen = min(num_rows, self.num_rows)
        return [
            CorpusRow(self, number * self.num_rows // chosen * self.num_positions, number)
            for number in range(chosen)
        ]

    def read(self, start: int, number: int) -> tuple[IntArray, IntArray]:
        """The T + 1 ids of a row, rearranged as the run's row of that number; their documents."""
        stop = start + self.num_positions + 1
        ids, documents = self.corpus.ids(start, stop), self.corpus.documents_between(start, stop)
        if self._gap_filling is None:
            return ids, documents
        key = f"fill-in-middle/{self._seed}/{number}"
        return self._gap_filling.rearranged(ids, documents, key), documents


@dataclass(frozen=True, slots=True)
class CorpusRow:
    """T + 1 tokens of the corpus from `start` on; `number` is the row's in the run."""

    rows: CorpusRows
    start: int
    number: int

    @property
    def num_positions(self) -> int:
        """All of them."""
        return self.rows.num_positions

    @property
    def num_targets(self) -> int:
        """All but those whose label is the next document's first token."""
        stop = self.start + self.rows.num_positions + 1
        return self.rows.num_positions - self.rows.corpus.num_boundaries(self.start, stop)

    def write(self, ids_T: IntArray, labels_T: IntArray, documents_T: IntArray) -> None:
        """Ids, labels that stay within their document, and the documents from 0 on."""
        ids, documents = self.rows.read(self.start, self.number)
        ids_T[:] = ids[:-1]
        labels_T[:] = numpy.where(documents[1:] == documents[:-1], ids[1:], IGNORED)
        documents_T[:] = documents[:-1] - documents[0]


def permuted(place: int, size: int, key: str) -> int:
    """The number at a place of a pseudo-random order of `range(size)`, in O(1).

    A Feistel network on the bits of the place, walked until the number lies below `size` (Black
    and Rogaway, 2002, "Ciphers with arbitrary finite domains"); each key gives another order.
    """
    num_bits = max(2, (size - 1).bit_length())
    low_bits = num_bits // 2
    high_bits = num_bits - low_bits
    while True:
        # The halves change places, and with them sizes, an even number of times.
        high, low = place >> low_bits, place & ((1 << low_bits) - 1)
        size_of_high, size_of_low = high_bits, low_bits
        for round_key in _order_keys(key):
            mask = (1 << size_of_high) - 1
            high, low = low, high ^ (_mixed(low ^ round_key) & mask)
            size_of_high, size_of_low = size_of_low, size_of_high
        place = high << low_bits | low
        if place < size:
            return place


@lru_cache(maxsize=2)
def _order_keys(key: str) -> tuple[int, ...]:
    digest = hashlib.blake2b(key.encode(), digest_size=8 * _ORDER_ROUNDS).digest()
    return tuple(int.from_bytes(digest[8 * n : 8 * n + 8], "little") for n in range(_ORDER_ROUNDS))


def _mixed(number: int) -> int:
    """All bits of the number in all bits of the result (splitmix64's finalizer)."""
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    number = (number ^ number >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return number ^ number >> 31
