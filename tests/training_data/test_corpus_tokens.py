"""From sources to shards: every document once, in one of two streams, made once."""

from __future__ import annotations

import io
import itertools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from lit_coder.corpora.python_sources import FolderSource
from lit_coder.corpora.source import CorpusSource, Fault, SourceError
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.corpus_tokenizer import train_corpus_tokenizer
from lit_coder.training_data.corpus_tokens import PreparedTokens, encoded, prepare_tokens
from lit_coder.training_data.token_shards import TokenCorpus
from lit_coder.training_data.tokenization_progress import TokenizationProgress

TOKENIZER = CodeTokenizer.train(["def f(x):\n    return x + 1\n"] * 3, 280)
TEXTS = [f"def f{number}(x):\n    return x + {number}\n" for number in range(400)]
Log = pytest.LogCaptureFixture


class Texts(CorpusSource):
    """Documents from memory, which can be made to break off."""

    def __init__(self, texts: list[str], name: str = "texts", breaks: bool = False) -> None:
        super().__init__(name)
        self._texts = texts
        self._breaks = breaks

    def fingerprint(self) -> str:
        return json.dumps(self._texts)

    def texts(self) -> Iterator[tuple[str, str | Fault]]:
        for number, text in enumerate(self._texts):
            yield f"{self.name} {number}", text
        if self._breaks:
            raise SourceError("the connection was lost")


def prepared(cache: Path, *sources: CorpusSource, share: float = 0.1) -> PreparedTokens:
    return prepare_tokens(sources, TOKENIZER, cache, share)


def documents(corpus: TokenCorpus) -> list[str]:
    starts = [*corpus.document_starts.tolist(), corpus.num_tokens]
    pieces = [corpus.ids(a, b).tolist() for a, b in itertools.pairwise(starts)]
    assert all(piece[-1] == TOKENIZER.end_id for piece in pieces)
    return [TOKENIZER.decode(piece) for piece in pieces]


def test_every_document_is_in_one_of_the_streams_in_its_order(tmp_path: Path) -> None:
    train, validation = map(documents, prepared(tmp_path, Texts(TEXTS)))
    assert sorted(train + validation) == sorted(TEXTS)
    assert train == [text for text in TEXTS if text in set(train)]
    assert 20 < len(validation) < 60


def test_the_text_alone_decides_on_the_stream(tmp_path: Path) -> None:
    validation = set(documents(prepared(tmp_path, Texts(TEXTS)).validation))
    mixed = [Texts(["y = 1\n"], "first"), Texts(TEXTS[::-1][:200], "second")]
    again = set(documents(prepared(tmp_path, *mixed).validation))
    assert again - {"y = 1\n"} == validation & set(TEXTS[200:])


def test_no_validation_share_keeps_nothing_back(tmp_path: Path) -> None:
    train, validation = prepared(tmp_path, Texts(TEXTS), share=0.0)
    assert (train.num_documents, validation.num_documents) == (len(TEXTS), 0)


def test_a_text_that_comes_again_is_dropped_from_whichever_source(
    tmp_path: Path, log_lines: Log
) -> None:
    log_lines.set_level("INFO", "lit_coder.training_data")
    sources = [Texts(["a = 1\n", "b = 2\n", "a = 1\n"]), Texts(["b = 2\r\n", "c = 3\n"], "more")]
    train, _ = prepared(tmp_path, *sources, share=0.0)
    assert documents(train) == ["a = 1\n", "b = 2\n", "c = 3\n"]
    said = [record.getMessage() for record in log_lines.records]
    assert any("texts: 2 documents" in text and "1 same text" in text for text in said)


def test_at_most_so_many_documents_are_read_from_each_source(tmp_path: Path) -> None:
    sources = [Texts(TEXTS[:5]), Texts(TEXTS[5:7], "more")]
    train, _ = prepare_tokens(sources, TOKENIZER, tmp_path, 0.0, max_documents=3)
    assert documents(train) == TEXTS[:3] + TEXTS[5:7]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=30), st.integers(1, 40))
def test_texts_keep_their_order_and_their_ids_in_batches_of_any_size(
    texts: list[str], batch_chars: int
) -> None:
    found = [(text, ids.tolist()) for text, ids in encoded(texts, TOKENIZER, batch_chars)]
    assert found == [(text, TOKENIZER.encode(text)) for text in texts]


def test_the_spelling_of_a_special_token_ends_no_document(tmp_path: Path) -> None:
    train, _ = prepared(tmp_path, Texts(["x = '<|end|>'\n"]), share=0.0)
    assert train.num_documents == 1
    assert train.ids(0, train.num_tokens).tolist().count(TOKENIZER.end_id) == 1


def test_the_cache_follows_content_and_tokenizer_not_the_place(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text("a = 1\n")
    cache = tmp_path / "cache"
    first = prepared(cache, FolderSource(tmp_path / "one"), share=0.0)
    moved = prepared(cache, FolderSource(tmp_path / "two"), share=0.0)
    assert moved.train.folder == first.train.folder
    (tmp_path / "two/a.py").write_text("a = 2\n")
    changed = prepared(cache, FolderSource(tmp_path / "two"), share=0.0)
    assert documents(changed.train) == ["a = 2\n"]
    other = CodeTokenizer.train(["a = 1\n"] * 3, 270)
    tokens = prepare_tokens([FolderSource(tmp_path / "one")], other, cache, 0.0)
    assert tokens.train.folder != first.train.folder


def test_a_damaged_cache_is_written_anew(tmp_path: Path) -> None:
    train, _ = prepared(tmp_path, Texts(TEXTS))
    shard = train.folder / "shard-00000.bin"
    shard.write_bytes(shard.read_bytes()[:-7])
    assert prepared(tmp_path, Texts(TEXTS)).train.content == train.content


def test_a_source_that_breaks_off_is_left_out_whole(tmp_path: Path, log_lines: Log) -> None:
    broken = Texts(["b = 2\n"], "remote", breaks=True)
    train, _ = prepared(tmp_path, Texts(["a = 1\n"]), broken, share=0.0)
    assert documents(train) == ["a = 1\n"]
    said = [record.getMessage() for record in log_lines.records]
    assert said == ["data.corpus: remote is left out: the connection was lost"]


def test_nothing_left_is_an_error_that_is_not_cached(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"data\.corpus: none of remote can be read"):
        prepared(tmp_path, Texts(TEXTS, "remote", breaks=True))
    for _ in range(2):
        with pytest.raises(ValueError, match=r"data\.corpus: texts hold no document"):
            prepared(tmp_path, Texts(["", " \n"]))


def test_a_source_without_documents_is_named_beside_others(tmp_path: Path, log_lines: Log) -> None:
    prepared(tmp_path, Texts(["a\0"], "binary"), Texts(["a = 1\n"]), share=0.0)
    said = [record.getMessage() for record in log_lines.records]
    assert said == ["data.corpus: binary gives no document: binary 0 holds NUL bytes"]


def test_a_source_that_is_damaged_inside_is_a_warning(tmp_path: Path, log_lines: Log) -> None:
    class Cut(Texts):
        def texts(self) -> Iterator[tuple[str, str | Fault]]:
            yield from super().texts()
            yield "row 2", Fault("and all after it cannot be read", ends_source=True)

    assert prepared(tmp_path, Cut(["a = 1\n"]), share=0.0).train.num_documents == 1
    (said,) = (record.getMessage() for record in log_lines.records)
    assert said == "data.corpus: texts is damaged: row 2 and all after it cannot be read"


def test_killed_while_it_writes_it_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    for number in range(180):
        text = "".join(f"name_{number}_{line} = {line}\n" for line in range(400))
        (tmp_path / f"src/{number:03}.py").write_text(text)
    cache = tmp_path / "cache"
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from lit_coder.corpora.python_sources import FolderSource\n"
        "from lit_coder.tokenizer import CodeTokenizer\n"
        "from lit_coder.training_data.corpus_tokens import prepare_tokens\n"
        "sources = [FolderSource(sys.argv[1])]\n"
        "tokenizer = CodeTokenizer.from_file(sys.argv[2])\n"
        "prepare_tokens(sources, tokenizer, Path(sys.argv[3]), 0.0)\n"
    )
    TOKENIZER.save(tmp_path / "tokenizer.json")
    arguments = [str(tmp_path / "src"), str(tmp_path / "tokenizer.json"), str(cache)]
    process = subprocess.Popen([sys.executable, "-c", code, *arguments])
    _until(lambda: list(cache.rglob("shard-*.bin")))
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    assert not list(cache.rglob("manifest.json"))
    train, _ = prepared(cache, FolderSource(tmp_path / "src"), share=0.0)
    assert train.num_documents == 180
    assert len(list(cache.rglob("shard-*.bin"))) == 1


def test_a_tokenizer_is_trained_once_on_sources_and_extra_texts(tmp_path: Path) -> None:
    sources = [Texts(TEXTS), Texts(["class Word:\n    pass\n"] * 50, "more")]
    first = train_corpus_tokenizer(sources, 300, tmp_path, extra_texts=["plus_one"] * 9)
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("tokenizer.json")}
    again = train_corpus_tokenizer(sources, 300, tmp_path, extra_texts=["plus_one"] * 9)
    assert again.fingerprint == first.fingerprint
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("tokenizer.json")} == files
    assert all(len(first.encode(word)) == 1 for word in ("class", "return", "plus"))
    without = train_corpus_tokenizer(sources, 300, tmp_path)
    assert without.fingerprint != first.fingerprint


def test_a_tokenizer_learns_from_every_source_before_it_stops_reading(tmp_path: Path) -> None:
    sources = [Texts(TEXTS), Texts(["unusual_word = 1\n"] * 400, "more")]
    tokenizer = train_corpus_tokenizer(sources, 300, tmp_path, max_megabytes=0.01)
    assert len(tokenizer.encode("unusual")) == 1


def test_a_tokenizer_is_learned_without_a_source_that_breaks_off(tmp_path: Path) -> None:
    sources = [Texts(TEXTS), Texts(TEXTS, "remote", breaks=True)]
    whole = train_corpus_tokenizer([Texts(TEXTS)], 300, tmp_path)
    assert train_corpus_tokenizer(sources, 300, tmp_path).fingerprint == whole.fingerprint
    with pytest.raises(ValueError, match=r"data\.tokenizer_vocab_size must be at least"):
        train_corpus_tokenizer([Texts(TEXTS)], 10, tmp_path)


def test_the_bar_shows_source_count_and_speed_on_a_terminal_only() -> None:
    for is_terminal in (True, False):
        drawn = io.StringIO()
        console = Console(file=drawn, force_terminal=is_terminal, width=100)
        with TokenizationProgress(console) as progress:
            progress.begin("stdlib", num_documents=7)
            progress.advance(num_bytes=4096)
        shown = drawn.getvalue()
        assert ("tokenizing stdlib" in shown and "1/7" in shown) == is_terminal
        assert bool(shown) == is_terminal


def _until(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.005)
