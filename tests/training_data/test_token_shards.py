"""The stream of ids on disk is the documents that were written, from whatever place it is read."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.training_data.token_shards import INDEX_FILE, ShardWriter, TokenCorpus

END = 1
DOCUMENTS = ([5, 6, 7], [], [8], [9, 10, 11, 12])
STREAM = [5, 6, 7, END, END, 8, END, 9, 10, 11, 12, END]
NUMBERS = [0, 0, 0, 0, 1, 2, 2, 3, 3, 3, 3, 3]


def written(
    folder: Path,
    documents: Sequence[Sequence[int]] = DOCUMENTS,
    vocab_size: int = 300,
    shard_tokens: int = 2**28,
) -> TokenCorpus:
    with ShardWriter(folder, vocab_size, END, shard_tokens) as writer:
        for ids in documents:
            writer.add(numpy.array(ids, dtype=numpy.int64))
    return TokenCorpus(folder)


def test_the_stream_holds_each_document_and_its_end(tmp_path: Path) -> None:
    corpus = written(tmp_path)
    assert (corpus.num_tokens, corpus.num_documents) == (12, 4)
    assert corpus.ids(0, 12).tolist() == STREAM
    assert corpus.ids(0, 12).dtype == numpy.int64
    assert corpus.document_starts.tolist() == [0, 4, 5, 7]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_range_is_the_same_range_of_the_stream(data: st.DataObject) -> None:
    documents = data.draw(st.lists(st.lists(st.integers(2, 299), max_size=5), max_size=8))
    stream = [token for ids in documents for token in (*ids, END)]
    numbers = [number for number, ids in enumerate(documents) for _ in range(len(ids) + 1)]
    stop = data.draw(st.integers(0, len(stream)))
    start = data.draw(st.integers(0, stop))
    with tempfile.TemporaryDirectory() as folder:
        corpus = written(Path(folder), documents, shard_tokens=data.draw(st.integers(1, 7)))
        assert corpus.ids(start, stop).tolist() == stream[start:stop]
        assert corpus.documents_between(start, stop).tolist() == numbers[start:stop]
        changes = sum(
            a != b for a, b in zip(numbers[start:], numbers[start + 1 : stop], strict=False)
        )
        assert corpus.num_boundaries(start, stop) == changes


@pytest.mark.parametrize("vocab_size", [65_536, 65_537])
def test_the_largest_id_of_a_vocabulary_comes_back(tmp_path: Path, vocab_size: int) -> None:
    corpus = written(tmp_path, [[vocab_size - 1]], vocab_size)
    assert corpus.ids(0, 2).tolist() == [vocab_size - 1, END]


def test_an_id_has_two_bytes_where_the_vocabulary_allows(tmp_path: Path) -> None:
    written(tmp_path / "two", vocab_size=65_536)
    written(tmp_path / "four", vocab_size=65_537)
    two, four = (tmp_path / name / "shard-00000.bin" for name in ("two", "four"))
    assert (two.stat().st_size, four.stat().st_size) == (2 * len(STREAM), 4 * len(STREAM))


@pytest.mark.parametrize(("positions", "rows"), [(11, 1), (12, 0), (5, 2), (1, 11)])
def test_rows_use_every_token_but_the_first_as_a_label_once(
    tmp_path: Path, positions: int, rows: int
) -> None:
    assert written(tmp_path).num_rows(positions) == rows


def test_an_empty_stream_is_read(tmp_path: Path) -> None:
    corpus = written(tmp_path, [])
    assert (corpus.num_tokens, corpus.num_documents, corpus.num_rows(4)) == (0, 0, 0)
    assert corpus.ids(0, 0).tolist() == corpus.documents_between(0, 0).tolist() == []


def test_a_pickled_corpus_is_small_and_reads_on(tmp_path: Path) -> None:
    corpus = written(tmp_path, [[7] * 20_000])
    assert corpus.ids(3, 5).tolist() == [7, 7]
    assert corpus.num_boundaries(0, 9) == 0
    text = pickle.dumps(corpus)
    assert len(text) < 1000
    assert pickle.loads(text).ids(19_999, 20_001).tolist() == [7, END]


def test_the_content_is_named_by_ids_and_places_not_by_the_folder(tmp_path: Path) -> None:
    first, same = written(tmp_path / "a"), written(tmp_path / "b")
    cut_elsewhere = written(tmp_path / "c", [[5, 6, 7, END], [8], [9, 10, 11, 12]])
    assert first.content == same.content
    assert cut_elsewhere.ids(0, 12).tolist() == STREAM
    assert cut_elsewhere.content != first.content


@pytest.mark.parametrize("file", ["shard-00001.bin", "document_starts.bin"])
def test_a_file_that_was_cut_is_named_with_the_remedy(tmp_path: Path, file: str) -> None:
    written(tmp_path / "train", shard_tokens=5)
    path = tmp_path / "train" / file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=rf"{file} is missing or not .* delete the folder"):
        TokenCorpus(tmp_path / "train")


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"format": 0}'])
def test_an_index_that_cannot_serve_is_named(tmp_path: Path, content: bytes | None) -> None:
    written(tmp_path / "train")
    index = tmp_path / "train" / INDEX_FILE
    index.unlink()
    if content is not None:
        index.write_bytes(content)
    with pytest.raises(ValueError, match="delete the folder"):
        TokenCorpus(tmp_path / "train")


def test_what_was_broken_off_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), ShardWriter(tmp_path, 300, END) as writer:
        writer.add(numpy.array([5]))
        raise KeyboardInterrupt
    with pytest.raises(ValueError, match="cannot be read"):
        TokenCorpus(tmp_path)
