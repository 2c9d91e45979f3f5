"""What documents have been seen: in a file, so that memory does not grow with the corpus.

    with SeenDocuments(folder, similarity=0.7) as seen:
        seen.is_new_text(text)                       # False where the same text was there before
        seen.same_program(skeleton, text, parser)    # the name of an earlier one, or None
        seen.near(signature)                         # the name and the similarity of one, or None
        seen.add(name, text, skeleton, signature)

A SQLite file without a name keeps a number of each text, its program packed by zlib, and its
MinHash signature. SQLite's cache of `CACHE_MIB` is all the memory it takes; the file is about a
third of the corpus and is gone when this is closed. Signatures and their bands are those of
datasketch: documents that agree in one band of 128 hashes are compared, and count as similar when
as many hashes agree as the similarity asks for (Broder, 1997). The earliest document of a band
stands for it.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from lit_coder.corpora.rolling_hashes import RollingHashes, sha_number
from lit_coder.corpora.syntax_process import SyntaxProcess

CACHE_MIB = 16
NUM_HASHES = 128
SHINGLE_WORDS = 5
MIN_SHINGLES = 20
"""Distinct runs of words of the shortest document that is compared: less is chance. They are
counted in the first ten times as many."""
_ROWS_AT_ONCE = 1024
_LEVEL = 1

Signature = NDArray[numpy.uint32]


class Similar(NamedTuple):
    """An earlier document and how much of its runs of words this one shares, about."""

    name: str
    similarity: float


class SignatureMaker:
    """Makes MinHash signatures, by datasketch."""

    def __init__(self) -> None:
        from datasketch import MinHash

        # The runs are hashed already.
        self._empty = MinHash(num_perm=NUM_HASHES, hashfunc=int)

    def signature(self, words: RollingHashes) -> Signature | None:
        """Of the runs of five words, None where there are too few."""
        shingles = (words.of_length(SHINGLE_WORDS) >> numpy.uint64(32)).tolist()
        if len(set(shingles[: 10 * MIN_SHINGLES])) < MIN_SHINGLES:
            return None
        made = self._empty.copy()
        for start in range(0, len(shingles), _ROWS_AT_ONCE):
            made.update_batch(shingles[start : start + _ROWS_AT_ONCE])
        return numpy.asarray(made.hashvalues, numpy.uint32)


class SeenDocuments:
    """The documents of a pass over a corpus.

    Args:
        folder: where the file lies meanwhile.
        similarity: from which documents count as similar; None compares none.
    """

    def __init__(self, folder: Path, similarity: float | None) -> None:
        self._folder = TemporaryDirectory(prefix="seen-", dir=folder)
        self._similarity = similarity
        self._num_bands, self._band_hashes = 0, 0
        if similarity is not None:
            from datasketch import MinHashLSH

            plan = MinHashLSH(threshold=similarity, num_perm=NUM_HASHES)
            self._num_bands, self._band_hashes = plan.b, plan.r
        self._file = sqlite3.connect(Path(self._folder.name) / "seen.sqlite", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA locking_mode = EXCLUSIVE",
            f"PRAGMA cache_size = {-1024 * CACHE_MIB}",
            "CREATE TABLE texts (number INTEGER PRIMARY KEY)",
            "CREATE TABLE documents (number INTEGER PRIMARY KEY, name TEXT, signature BLOB)",
            # Of each program its text, until it had to be parsed; then its fingerprint.
            "CREATE TABLE programs (skeleton INTEGER, document INTEGER, text BLOB, tree TEXT)",
            "CREATE INDEX by_skeleton ON programs (skeleton, tree)",
            "CREATE TABLE bands (number INTEGER PRIMARY KEY, document INTEGER)",
            "BEGIN",
        ):
            self._file.execute(statement)
        self._num_documents = 0
        # Of the program that was asked about last, where it had to be parsed.
        self._tree: str | None = None

    def is_new_text(self, number: int) -> bool:
        """Whether no text had this number yet; from now on one has."""
        change = self._file.execute("INSERT OR IGNORE INTO texts VALUES (?)", (_signed(number),))
        return change.rowcount == 1

    def same_program(self, skeleton: int, text: str, parser: SyntaxProcess) -> str | None:
        """The name of an earlier document with the same normalized syntax tree."""
        self._tree = None
        key = _signed(skeleton)
        any_like_it = "SELECT 1 FROM programs WHERE skeleton = ? LIMIT 1"
        if self._file.execute(any_like_it, (key,)).fetchone() is None:
            return None
        self._tree = parser.program(text)
        if self._tree is None:
            return None
        unparsed = "SELECT rowid, text FROM programs WHERE skeleton = ? AND tree IS NULL"
        for row, packed in self._file.execute(unparsed, (key,)).fetchall():
            tree = parser.program(zlib.decompress(packed).decode()) or ""
            change = "UPDATE programs SET text = NULL, tree = ? WHERE rowid = ?"
            self._file.execute(change, (tree, row))
        found = self._file.execute(
            "SELECT name FROM programs JOIN documents ON number = document"
            " WHERE skeleton = ? AND tree = ? LIMIT 1",
            (key, self._tree),
        ).fetchone()
        return None if found is None else str(found[0])

    def near(self, signature: Signature) -> Similar | None:
        """The most similar earlier document, where one is similar enough."""
        assert self._similarity is not None
        numbers = list(self._bands(signature))
        places = ",".join("?" * len(numbers))
        rows = self._file.execute(
            "SELECT DISTINCT documents.name, signature FROM bands JOIN documents"
            f" ON documents.number = document WHERE bands.number IN ({places})",
            numbers,
        )
        similar = [
            Similar(name, float((numpy.frombuffer(blob, "<u4") == signature).mean()))
            for name, blob in rows
        ]
        best = max(similar, key=lambda each: each.similarity, default=None)
        return best if best is not None and best.similarity >= self._similarity else None

    def add(self, name: str, text: str, skeleton: int | None, signature: Signature | None) -> None:
        """Keep the document that was just asked about, so that later ones are compared with it."""
        self._num_documents += 1
        number = self._num_documents
        blob = None if signature is None else signature.astype("<u4").tobytes()
        self._file.execute("INSERT INTO documents VALUES (?, ?, ?)", (number, name, blob))
        if skeleton is not None:
            packed = zlib.compress(text.encode(), _LEVEL) if self._tree is None else None
            row = (_signed(skeleton), number, packed, self._tree)
            self._file.execute("INSERT INTO programs VALUES (?, ?, ?, ?)", row)
        if signature is not None:
            self._file.executemany(
                "INSERT OR IGNORE INTO bands VALUES (?, ?)",
                [(band, number) for band in self._bands(signature)],
            )

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
        self._folder.cleanup()

    def __enter__(self) -> SeenDocuments:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _bands(self, signature: Signature) -> Iterator[int]:
        for band in range(self._num_bands):
            hashes = signature[band * self._band_hashes : (band + 1) * self._band_hashes]
            yield _signed(sha_number(f"{band}:{hashes.tobytes().hex()}"))


def _signed(number: int) -> int:
    """A number of 64 bits as SQLite takes it."""
    return number - 2**64 if number >= 2**63 else number
