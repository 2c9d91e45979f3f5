"""From corpus sources to token shards on disk, made once and cached.

    sources = open_sources(["stdlib", "site-packages"])
    train, validation = prepare_tokens(sources, tokenizer, cache_root(None))

Every document is tokenized once; a second with the same text is dropped, whichever source it is
from, and so is what `corpora/cleaner.py` is asked to leave out. A document's text alone decides
whether it is for training or for validation, so that it is never for both, in no mixture of
sources. What is cached is named by the sources' contents, the tokenizer and these options: a file
that changes is tokenized anew, one that only moves is not. `manifest.json` beside the shards counts
what each source gave and what was left out of it, with examples.

The text is read and written by this thread while `tokenizers` encodes on all cores
(RAYON_NUM_THREADS limits them). That scales to about 60 MB/s, where taking the ids over is all
that one thread can do; processes would not help before some twenty cores. Cleaning is this
thread's too, 5 MB/s of it. Memory: a few megabytes of text, and what cleaning takes.
"""

from __future__ import annotations

import itertools
import json
import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from lit_coder.corpora.cleaner import Cleaner, RemovalCounts, text_number
from lit_coder.corpora.cleaning_options import CleaningOptions
from lit_coder.corpora.decontamination import Decontaminator
from lit_coder.corpora.source import CorpusSource
from lit_coder.sandbox.interruptible_threads import InterruptibleThreads, Task
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.cache_folder import cached, key_of
from lit_coder.training_data.token_shards import ShardWriter, TokenCorpus
from lit_coder.training_data.tokenization_progress import TokenizationProgress
from lit_coder.training_data.usable_sources import fingerprints, without_broken

logger = logging.getLogger("lit_coder.training_data")

MANIFEST_FILE = "manifest.json"
"""What the shards beside it came from, and what was left out."""

TOKENIZER_FILE = "tokenizer.json"
"""The tokenizer of the shards beside it."""

# Counted up where the same sources would give other documents than before.
_RULES = 2
_BATCH_CHARS = 2**20
# While one batch is encoded, another's ids are taken over.
_NUM_CALLERS = 2


class PreparedTokens(NamedTuple):
    """Two streams of documents that share none."""

    train: TokenCorpus
    validation: TokenCorpus


@dataclass(slots=True)
class SourceCount:
    """What a source came to.

    Attributes:
        name: of the source.
        num_documents, num_tokens, num_bytes: that were written, of training and validation.
        num_empty: blank ones.
        num_skipped: those that could not be read, or are no text.
        skipped: the first of them, with what is wrong.
        cleaning: what was left out by which filter, with examples.
    """

    name: str
    num_documents: int = 0
    num_tokens: int = 0
    num_bytes: int = 0
    num_empty: int = 0
    num_skipped: int = 0
    skipped: str = ""
    cleaning: RemovalCounts = field(default_factory=RemovalCounts)

    def plain(self) -> dict[str, Any]:
        """For the manifest."""
        own = {name: getattr(self, name) for name in self.__slots__ if name != "cleaning"}
        return {**own, **self.cleaning.plain()}


def prepare_tokens(
    sources: Sequence[CorpusSource],
    tokenizer: CodeTokenizer,
    cache_folder: Path,
    validation_share: float = 0.01,
    max_documents: int | None = None,
    cleaning: CleaningOptions | None = None,
) -> PreparedTokens:
    """The tokens of the sources, from the cache where they are there already.

    Args:
        sources: in the order in which their documents stand in the stream.
        tokenizer: its end id is put after each document.
        cache_folder: root of the caches; several runs and processes may share it.
        validation_share: share of the documents that are kept from training.
        max_documents: how many are read from each source at most; None reads all.
        cleaning: what is left out; None leaves out nothing but texts that were there before.

    Raises:
        ValueError: no source gives a document, or the cache cannot be written.
    """
    cleaning = cleaning or CleaningOptions.nothing()
    decontaminator = Decontaminator.of_this_machine() if cleaning.decontaminate else None

    def attempt(usable: Sequence[CorpusSource]) -> PreparedTokens:
        settings = {
            "rules": _RULES,
            "sources": fingerprints(usable),
            "tokenizer": tokenizer.fingerprint,
            "validation_share": validation_share,
            "max_documents": max_documents,
            "cleaning": cleaning.settings(),
            "benchmarks": None if decontaminator is None else decontaminator.about(),
        }
        if must_parse := [source.name for source in usable if source.must_parse]:
            settings["must_parse"] = must_parse
        work = _Tokenization(usable, tokenizer, settings, cleaning, decontaminator)
        return cached(cache_folder / "tokens", key_of(settings), work.write, _open)

    try:
        return without_broken(sources, attempt)
    finally:
        if decontaminator is not None:
            decontaminator.close()


def batches_by_size(texts: Iterable[str], batch_chars: int) -> Iterator[list[str]]:
    """The texts in lists of that many characters, or as many as one text more makes it."""
    batch: list[str] = []
    num_chars = 0
    for text in texts:
        batch.append(text)
        num_chars += len(text)
        if num_chars >= batch_chars:
            yield batch
            batch, num_chars = [], 0
    if batch:
        yield batch


def encoded(
    texts: Iterable[str], tokenizer: CodeTokenizer, batch_chars: int = _BATCH_CHARS
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Each text with its ids, in their order; a few batches are read ahead."""

    def encode(batch: list[str]) -> list[tuple[str, NDArray[Any]]]:
        return [
            (text, numpy.array(ids, dtype=numpy.uint32))
            for text, ids in zip(batch, tokenizer.encode_many(batch), strict=True)
        ]

    waiting: deque[Task[list[tuple[str, NDArray[Any]]]]] = deque()
    with closing(InterruptibleThreads(_NUM_CALLERS)) as callers:
        for batch in batches_by_size(texts, batch_chars):
            waiting.append(callers.submit(partial(encode, batch)))
            if len(waiting) > _NUM_CALLERS:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


class _Tokenization:
    """Writes the shards of one key."""

    def __init__(
        self,
        sources: Sequence[CorpusSource],
        tokenizer: CodeTokenizer,
        settings: dict[str, Any],
        cleaning: CleaningOptions,
        decontaminator: Decontaminator | None,
    ) -> None:
        self._sources = sources
        self._tokenizer = tokenizer
        self._first_training_number = int(settings["validation_share"] * 2**64)
        self._max_documents: int | None = settings["max_documents"]
        self._settings = settings
        self._cleaning = cleaning
        self._decontaminator = decontaminator

    def write(self, folder: Path) -> None:
        """Both streams, and what each source came to."""
        if self._decontaminator is not None:
            self._decontaminator.say_missing()
        start_seconds = time.perf_counter()
        sizes = (self._tokenizer.vocab_size, self._tokenizer.end_id)
        with (
            ShardWriter(folder / "train", *sizes) as train,
            ShardWriter(folder / "validation", *sizes) as validation,
            Cleaner(self._cleaning, folder, self._decontaminator) as cleaner,
            TokenizationProgress() as progress,
        ):
            writers = (train, validation)
            counts = [self._add(source, cleaner, writers, progress) for source in self._sources]
            if train.num_documents == 0:
                raise ValueError(_nothing_left(self._sources, counts))
        manifest = {"settings": self._settings, "sources": [count.plain() for count in counts]}
        self._tokenizer.save(folder / TOKENIZER_FILE)
        (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        seconds = time.perf_counter() - start_seconds
        logger.info(
            "corpus: %s tokens of %s documents written in %.1f s",
            f"{train.num_tokens + validation.num_tokens:,}",
            f"{train.num_documents + validation.num_documents:,}",
            seconds,
        )

    def _add(
        self,
        source: CorpusSource,
        cleaner: Cleaner,
        writers: tuple[ShardWriter, ShardWriter],
        progress: TokenizationProgress,
    ) -> SourceCount:
        count = SourceCount(source.name)
        totals = (source.num_documents, self._max_documents)
        progress.begin(source.name, min((n for n in totals if n is not None), default=None))
        documents = itertools.islice(source.documents(), self._max_documents)
        texts = (document.text for document in cleaner.chosen(source, documents))
        for text, ids in encoded(texts, self._tokenizer):
            writers[text_number(text) < self._first_training_number].add(ids)
            num_bytes = len(text.encode())
            count.num_documents += 1
            count.num_tokens += len(ids) + 1
            count.num_bytes += num_bytes
            progress.advance(num_bytes)
        count.num_empty, count.num_skipped = source.skipped.num_empty, source.skipped.total
        count.skipped = str(source.skipped)
        count.cleaning = cleaner.counts(source)
        _say(source, count)
        return count


def _nothing_left(sources: Sequence[CorpusSource], counts: Sequence[SourceCount]) -> str:
    names = ", ".join(source.name for source in sources)
    total = RemovalCounts()
    for count in counts:
        for reason, number in count.cleaning.by_reason.items():
            total.by_reason[reason] += number
    if not total.total:
        return f"data.corpus: {names} hold no document to train on"
    return (
        f"data.corpus: {names} hold no document to train on: {total.described()} were left out; "
        "name a larger corpus, or change data.cleaning"
    )


def _say(source: CorpusSource, count: SourceCount) -> None:
    if count.num_documents == 0:
        removed = count.cleaning.described()
        reason = "; ".join(filter(None, (str(source.skipped), removed)))
        reason = reason or "every document is empty"
        logger.warning("data.corpus: %s gives no document: %s", source.name, reason)
        return
    logger.info(
        "corpus: %s: %s documents, %s tokens, %.1f MB; left out %d empty, %d others; %s",
        source.name,
        f"{count.num_documents:,}",
        f"{count.num_tokens:,}",
        count.num_bytes / 1e6,
        count.num_empty,
        count.num_skipped,
        count.cleaning.described() or "nothing else",
    )
    if source.skipped.end:
        logger.warning("data.corpus: %s is damaged: %s", source.name, source.skipped.end)
    if source.skipped.total:
        logger.info("corpus: %s: left out %s", source.name, source.skipped)


def _open(folder: Path) -> PreparedTokens:
    return PreparedTokens(TokenCorpus(folder / "train"), TokenCorpus(folder / "validation"))
