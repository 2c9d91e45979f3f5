"""A tokenizer trained on a corpus, made once and cached.

    tokenizer = train_corpus_tokenizer(sources, 8192, cache_root(None), extra_texts=programs)

The sources are read in turns, a document of each, until the texts are long enough: more than some
ten megabytes changes little. The same sources, texts and size give the same tokenizer.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from lit_coder.corpora.source import CorpusSource
from lit_coder.tokenizer import CodeTokenizer, TokenizerPattern
from lit_coder.training_data.cache_folder import cached, key_of
from lit_coder.training_data.usable_sources import fingerprints, without_broken

logger = logging.getLogger("lit_coder.training_data")

# Counted up where the same texts would give another tokenizer than before.
_RULES = 1
_FILE = "tokenizer.json"


def train_corpus_tokenizer(
    sources: Sequence[CorpusSource],
    vocab_size: int,
    cache_folder: Path,
    extra_texts: Sequence[str] = (),
    max_megabytes: float = 50,
    max_documents: int | None = None,
    pattern: TokenizerPattern = "indent",
) -> CodeTokenizer:
    """The tokenizer of these sources, from the cache where it is there already.

    Args:
        sources: what the vocabulary is learned from.
        vocab_size: the largest number of ids.
        cache_folder: root of the caches.
        extra_texts: learned from as well, all of them.
        max_megabytes: of the sources' text, at most.
        max_documents: how many are read from each source at most; None reads all.
        pattern: how text is cut before merging.

    Raises:
        ValueError: no source can be read, the vocabulary cannot hold every byte, or the cache
            cannot be written.
    """

    def attempt(usable: Sequence[CorpusSource]) -> CodeTokenizer:
        extra = hashlib.sha256()
        for text in extra_texts:
            extra.update(hashlib.sha256(text.encode()).digest())
        settings = {
            "rules": _RULES,
            "sources": fingerprints(usable),
            "extra_texts": extra.hexdigest(),
            "vocab_size": vocab_size,
            "max_megabytes": max_megabytes,
            "max_documents": max_documents,
            "pattern": pattern,
        }

        def make(folder: Path) -> None:
            start_seconds = time.perf_counter()
            corpus = _texts(usable, max_megabytes, max_documents)
            tokenizer = CodeTokenizer.train(
                itertools.chain(extra_texts, corpus), vocab_size, pattern
            )
            tokenizer.save(folder / _FILE)
            seconds = time.perf_counter() - start_seconds
            logger.info("tokenizer: %d ids learned in %.1f s", tokenizer.vocab_size, seconds)

        return cached(cache_folder / "tokenizers", key_of(settings), make, _open)

    return without_broken(sources, attempt)


def _texts(
    sources: Sequence[CorpusSource], max_megabytes: float, max_documents: int | None
) -> Iterator[str]:
    """A document of each source in turn, until together they are that long."""
    streams = [itertools.islice(source.documents(), max_documents) for source in sources]
    num_bytes = 0
    for turn in itertools.zip_longest(*streams):
        for document in turn:
            if document is not None:
                num_bytes += len(document.text.encode())
                yield document.text
        if num_bytes >= max_megabytes * 1e6:
            return


def _open(folder: Path) -> CodeTokenizer:
    return CodeTokenizer.from_file(folder / _FILE)
