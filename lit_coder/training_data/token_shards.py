"""A corpus as token ids on disk: memory-mapped shards, and where each document begins.

    with ShardWriter(folder, vocab_size=8192, end_id=1) as writer:
        writer.add(ids)                           # the end id is put after each document
    corpus = TokenCorpus(folder)
    corpus.ids(5_000, 5_000 + 1025)               # int64, from anywhere in the stream
    corpus.documents_between(5_000, 6_025)        # the document that each of them belongs to

The documents stand one after the other in one stream of ids, each followed by the end id. The
stream lies in files of equal length, little-endian, two bytes an id where the vocabulary allows,
else four. Whatever is asked costs the same at every place of every corpus, or the logarithm of the
number of documents; nothing is read beforehand. What the documents are and in which order rows are
drawn is not known here.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import IO, Any

import numpy
from numpy.typing import NDArray

INDEX_FILE = "index.json"
_STARTS_FILE = "document_starts.bin"
_FORMAT = 1
# 512 MiB at two bytes an id: few files, each short enough for any file system.
_SHARD_TOKENS = 2**28


class TokenCorpus:
    """Reads one stream of documents; cheap to make, to pickle and to open again elsewhere.

    Args:
        folder: what a `ShardWriter` wrote.

    Attributes:
        folder: where it lies.
        num_tokens: ids in the stream, end ids included.
        num_documents: documents, each with at least its end id.
        vocab_size: of the tokenizer; every id is below it.
        end_id: the id that ends each document.
        content: sha256 of the stream and of the documents' places, whatever folder it lies in.

    Raises:
        ValueError: the folder lacks a part, or a file is not as long as it was written.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).absolute()
        index = _read_index(self.folder)
        self.num_tokens: int = index["num_tokens"]
        self.num_documents: int = index["num_documents"]
        self.vocab_size: int = index["vocab_size"]
        self.end_id: int = index["end_id"]
        self.content: str = index["content"]
        self._shard_tokens: int = index["shard_tokens"]
        self._type = _id_type(self.vocab_size)
        self._starts: NDArray[numpy.int64] | None = None
        self._shards: dict[int, NDArray[Any]] = {}
        self._check_sizes()

    def num_rows(self, num_positions: int) -> int:
        """Rows of that many positions: row r is `ids(r * T, r * T + T + 1)`, inputs and labels.

        A row's last label is the next row's first input, so that every token but the stream's
        first is a label once.
        """
        return max(0, self.num_tokens - 1) // num_positions

    def ids(self, start: int, stop: int) -> NDArray[numpy.int64]:
        """The ids from position `start` to before `stop`, shape (stop - start,)."""
        self._check_range(start, stop)
        parts = []
        while start < stop:
            number, first = divmod(start, self._shard_tokens)
            part = self._shard(number)[first : first + stop - start]
            parts.append(part)
            start += len(part)
        joined = numpy.concatenate(parts) if parts else numpy.zeros(0, self._type)
        return joined.astype(numpy.int64)

    @property
    def document_starts(self) -> NDArray[numpy.int64]:
        """The position at which each document begins, ascending, shape (num_documents,)."""
        if self._starts is None:
            path = self.folder / _STARTS_FILE
            self._starts = _map(path, numpy.dtype("<i8"), self.num_documents)
        return self._starts

    def documents_between(self, start: int, stop: int) -> NDArray[numpy.int64]:
        """Number of the document of each position, not descending, shape (stop - start,)."""
        self._check_range(start, stop)
        if start == stop:
            return numpy.zeros(0, numpy.int64)
        first, last = self._document_at(start), self._document_at(stop - 1)
        begins = numpy.maximum(self.document_starts[first : last + 1], start)
        lengths = numpy.diff(begins, append=stop)
        return numpy.repeat(numpy.arange(first, last + 1, dtype=numpy.int64), lengths)

    def num_boundaries(self, start: int, stop: int) -> int:
        """How many documents begin after `start` and before `stop`.

        As many labels of the row `ids(start, stop)` belong to another document than their input.
        """
        self._check_range(start, stop)
        return self._document_at(stop - 1) - self._document_at(start) if start < stop else 0

    def __getstate__(self) -> dict[str, Any]:
        # A worker process maps the files itself.
        return {**self.__dict__, "_starts": None, "_shards": {}}

    def _document_at(self, position: int) -> int:
        return int(numpy.searchsorted(self.document_starts, position, side="right")) - 1

    def _shard(self, number: int) -> NDArray[Any]:
        if number not in self._shards:
            length = min(self._shard_tokens, self.num_tokens - number * self._shard_tokens)
            self._shards[number] = _map(self.folder / _shard_file(number), self._type, length)
        return self._shards[number]

    def _check_range(self, start: int, stop: int) -> None:
        assert 0 <= start <= stop <= self.num_tokens, (start, stop, self.num_tokens)

    def _check_sizes(self) -> None:
        """Every file is there with its whole length: a copy that broke off is noticed here."""
        expected = {_STARTS_FILE: 8 * self.num_documents}
        for first in range(0, self.num_tokens, self._shard_tokens):
            length = min(self._shard_tokens, self.num_tokens - first)
            expected[_shard_file(first // self._shard_tokens)] = self._type.itemsize * length
        for file, num_bytes in expected.items():
            path = self.folder / file
            if not path.is_file() or path.stat().st_size != num_bytes:
                raise ValueError(
                    f"{path} is missing or not {num_bytes} bytes long; delete the folder "
                    f"{self.folder.parent}, and the corpus is tokenized again"
                )


class ShardWriter:
    """Writes a stream of documents; nothing can be read before it is closed.

    Args:
        folder: made where it is missing; a file of the same name is overwritten.
        vocab_size: decides on two or four bytes an id.
        end_id: put after each document.
        shard_tokens: ids in a file.
    """

    def __init__(
        self, folder: Path, vocab_size: int, end_id: int, shard_tokens: int = _SHARD_TOKENS
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.num_tokens = 0
        self.num_documents = 0
        self._folder = folder
        self._vocab_size = vocab_size
        self._end_id = end_id
        self._shard_tokens = shard_tokens
        self._type = _id_type(vocab_size)
        self._content = hashlib.sha256()
        self._places = hashlib.sha256()
        self._starts: IO[bytes] = (folder / _STARTS_FILE).open("wb")
        self._shard: IO[bytes] | None = None

    def add(self, ids: NDArray[Any]) -> None:
        """Append one document, given without its end id."""
        start = numpy.array([self.num_tokens], "<i8").tobytes()
        self._starts.write(start)
        self._places.update(start)
        self.num_documents += 1
        document = numpy.append(ids, self._end_id).astype(self._type)
        while len(document):
            room = self._shard_tokens - self.num_tokens % self._shard_tokens
            part = document[:room].tobytes()
            self._open_shard().write(part)
            self._content.update(part)
            self.num_tokens += min(room, len(document))
            document = document[room:]

    def close(self) -> None:
        """Write everything to the disk, and the index last."""
        for stream in (self._starts, self._shard):
            if stream is not None:
                _finish(stream)
        self._content.update(self._places.digest())
        index = {
            "format": _FORMAT,
            "num_tokens": self.num_tokens,
            "num_documents": self.num_documents,
            "vocab_size": self._vocab_size,
            "end_id": self._end_id,
            "shard_tokens": self._shard_tokens,
            "content": self._content.hexdigest(),
        }
        with (self._folder / INDEX_FILE).open("wb") as stream:
            stream.write(json.dumps(index, indent=1).encode())
            _finish(stream)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self.close()
            return
        for stream in (self._starts, self._shard):
            if stream is not None:
                stream.close()

    def _open_shard(self) -> IO[bytes]:
        """The file that the next id goes into."""
        number, position = divmod(self.num_tokens, self._shard_tokens)
        if position == 0:
            if self._shard is not None:
                _finish(self._shard)
            self._shard = (self._folder / _shard_file(number)).open("wb")
        assert self._shard is not None
        return self._shard


def _finish(stream: IO[bytes]) -> None:
    stream.flush()
    os.fsync(stream.fileno())
    stream.close()


def _shard_file(number: int) -> str:
    return f"shard-{number:05d}.bin"


def _id_type(vocab_size: int) -> numpy.dtype[Any]:
    return numpy.dtype("<u2" if vocab_size <= 2**16 else "<u4")


def _map(path: Path, kind: numpy.dtype[Any], length: int) -> NDArray[Any]:
    # An empty file cannot be mapped.
    return numpy.memmap(path, kind, "r", shape=(length,)) if length else numpy.zeros(0, kind)


def _read_index(folder: Path) -> dict[str, Any]:
    path = folder / INDEX_FILE
    try:
        index = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(
            f"the token shards of {folder} cannot be read ({error}); delete the folder "
            f"{folder.parent}, and the corpus is tokenized again"
        ) from error
    if not isinstance(index, dict) or index.get("format") != _FORMAT:
        raise ValueError(
            f"{path} is of another version of lit_coder; delete the folder {folder.parent}, and "
            "the corpus is tokenized again"
        )
    return index
