"""From `data.corpus` and the programs of `data.datasets` to tokens for training and validation.

    opening = CorpusOpening(("stdlib", "my/project"))
    tokenizer = opening.train_tokenizer(8192, extra_texts=[])
    train, validation = opening.prepare(tokenizer, num_positions=1024)

Sources are read in `corpora`, tokens are written and cached in `corpus_tokens`; here stands only
what connects them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from lit_coder.corpora.cache_root import cache_root
from lit_coder.corpora.cleaning_options import CleaningOptions
from lit_coder.corpora.open_sources import open_sources
from lit_coder.corpora.source import CorpusSource
from lit_coder.tokenizer import CodeTokenizer, TokenizerPattern
from lit_coder.training_data.corpus_tokenizer import train_corpus_tokenizer
from lit_coder.training_data.corpus_tokens import PreparedTokens, prepare_tokens
from lit_coder.training_data.dataset_mixing import TrainingDatasets
from lit_coder.training_data.token_shards import TokenCorpus

logger = logging.getLogger("lit_coder.training_data")


def say_passes(
    train: TokenCorpus, num_positions: int, rows_per_step: int, global_batch: int, max_steps: int
) -> None:
    """Say how often a run goes through its corpus."""
    logger.info(
        "corpus: %s tokens in %s documents; %d of the %d rows of a step, %.1f passes in %d steps",
        f"{train.num_tokens:,}",
        f"{train.num_documents:,}",
        rows_per_step,
        global_batch,
        max_steps * rows_per_step / train.num_rows(num_positions),
        max_steps,
    )


class CorpusOpening:
    """The corpus that `data` names; its sources are opened once.

    Args:
        names: of the sources; none is no corpus.
        validation_share: share of the documents that are kept from training.
        max_documents: documents to take from each source; None takes all.
        cache_dir: root of the caches; None is the environment's or the user's.
        datasets: whose programs join it.
        cleaning: what is left out; None is the defaults.
    """

    def __init__(
        self,
        names: Sequence[str] = (),
        validation_share: float = 0.01,
        max_documents: int | None = None,
        cache_dir: str | None = None,
        datasets: TrainingDatasets | None = None,
        cleaning: CleaningOptions | None = None,
    ) -> None:
        self.names = tuple(names)
        self._validation_share = validation_share
        self._max_documents = max_documents
        self._cache_folder = cache_root(cache_dir)
        self._datasets = datasets or TrainingDatasets()
        self._cleaning = cleaning or CleaningOptions()

    @property
    def has_sources(self) -> bool:
        """Whether there is a corpus."""
        return bool(self.names) or self._datasets.has_texts

    @cached_property
    def _sources(self) -> list[CorpusSource]:
        named = open_sources(self.names) if self.names else []
        return [*named, *self._datasets.sources]

    def train_tokenizer(
        self, vocab_size: int, extra_texts: Sequence[str], pattern: TokenizerPattern = "indent"
    ) -> CodeTokenizer:
        """A tokenizer of the corpus and these texts.

        Raises:
            ValueError: no source can be read, or the vocabulary is too small.
        """
        return train_corpus_tokenizer(
            self._sources,
            vocab_size,
            self._cache_folder,
            extra_texts,
            max_documents=self._max_documents,
            pattern=pattern,
        )

    def prepare(self, tokenizer: CodeTokenizer, num_positions: int) -> PreparedTokens:
        """The corpus in this tokenizer's ids, from the cache where it is there.

        Raises:
            ValueError: no source can be read, or together they do not fill a row.
        """
        tokens = prepare_tokens(
            self._sources,
            tokenizer,
            self._cache_folder,
            self._validation_share,
            self._max_documents,
            self._cleaning,
        )
        if not tokens.train.num_rows(num_positions):
            names = ", ".join(self.names or (source.name for source in self._sources))
            raise ValueError(
                f"data.corpus ({names}) has {tokens.train.num_tokens} tokens to "
                f"train on, fewer than a row of data.max_sequence_length ({num_positions}); name "
                "a larger corpus, or lower it"
            )
        return tokens


def corpus_opening(options: Mapping[str, Any], datasets: TrainingDatasets) -> CorpusOpening:
    """The corpus of the options of the section `data`.

    Raises:
        ValueError: naming an option of data.cleaning.
    """
    chosen = dict(options["cleaning"] or {})
    if "decontaminate" in chosen:
        raise ValueError(
            "data.cleaning.decontaminate is no option: one switch is for the corpus, datasets and "
            "problem files; set data.decontaminate"
        )
    chosen["decontaminate"] = options["decontaminate"]
    return CorpusOpening(
        options["corpus"] or (),
        options["corpus_validation_share"],
        options["max_corpus_documents"],
        options["cache_dir"],
        datasets,
        CleaningOptions.of(chosen),
    )
