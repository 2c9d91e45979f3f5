"""Chooses the documents of a corpus that are worth training on, and counts what it left out.

    with Cleaner(CleaningOptions(), folder) as cleaner:
        for document in cleaner.chosen(source, source.documents()):
            ...                                          # one at a time: none is kept
        cleaner.counts(source)                           # RemovalCounts of what was left out

Filters are asked in one order, and a document is counted with the first that objects: licence, the
same text, `quality_filters.py`, syntax, benchmarks, the same program, a near-duplicate. The
earliest of several alike stays, over all sources of the cleaner. Texts are parsed in another
process: those of a source that has to parse, and of the others those whose signs are those of an
earlier document or of a benchmark's solution; one that cannot be parsed is compared by its text.
Memory does not depend on the corpus.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lit_coder.corpora.cleaning_options import CleaningOptions
from lit_coder.corpora.decontamination import CONTAMINATED, Decontaminator, Match, count_matches
from lit_coder.corpora.program_signs import program_signs
from lit_coder.corpora.quality_filters import FILTERS, objection
from lit_coder.corpora.rolling_hashes import RollingHashes, word_numbers
from lit_coder.corpora.seen_documents import SeenDocuments, SignatureMaker
from lit_coder.corpora.source import CorpusSource, Document
from lit_coder.corpora.syntax_process import SyntaxProcess

LICENCE, SAME_TEXT, SAME_PROGRAM, NEAR = "licence", "same text", "same program", "near-duplicate"
NOT_PARSING = "does not parse"
REASONS = (LICENCE, SAME_TEXT, *FILTERS, NOT_PARSING, CONTAMINATED, SAME_PROGRAM, NEAR)
_MOST_EXAMPLES = 3


@dataclass(slots=True)
class RemovalCounts:
    """What was left out of a source, and why.

    Attributes:
        by_reason: how many documents, for each of `REASONS`.
        examples: the names of the first few of each reason, with what they are like.
        matches: the benchmarks' tasks that were found.
        num_crashes: documents that ended the process which parsed them.
    """

    by_reason: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))
    examples: dict[str, list[str]] = field(default_factory=dict)
    matches: list[Match] = field(default_factory=list)
    num_crashes: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_reason.values())

    def add(self, reason: str, said: str) -> None:
        """Count one."""
        self.by_reason[reason] += 1
        examples = self.examples.setdefault(reason, [])
        if len(examples) < _MOST_EXAMPLES:
            examples.append(said)

    def described(self) -> str:
        """As "12 near-duplicate, 3 generated"; "" where nothing was left out."""
        return ", ".join(f"{count} {reason}" for reason, count in self.by_reason.items() if count)

    def plain(self) -> dict[str, Any]:
        """For a manifest."""
        return {
            "removed": {reason: count for reason, count in self.by_reason.items() if count},
            "examples": self.examples,
            "contaminated": count_matches(self.matches),
            "not_parsed": self.num_crashes,
        }


class Cleaner:
    """Cleans the documents of several sources, one source after the other.

    Args:
        options: what is left out.
        folder: where a file lies meanwhile.
        decontaminator: knows the benchmarks, and is left open; None = those of this machine,
            where the options ask for it.
    """

    def __init__(
        self,
        options: CleaningOptions,
        folder: Path,
        decontaminator: Decontaminator | None = None,
    ) -> None:
        self._options = options
        self._is_parser_ours = decontaminator is None
        self._parser = SyntaxProcess() if decontaminator is None else decontaminator.parser
        self._decontaminator = decontaminator
        if options.decontaminate and decontaminator is None:
            self._decontaminator = Decontaminator.of_this_machine(parser=self._parser)
        self._signatures = None if options.near_duplicates is None else SignatureMaker()
        self._seen = SeenDocuments(folder, options.near_duplicates)
        self._licences = options.licences and {each.casefold() for each in options.licences}
        self._counts: dict[int, RemovalCounts] = {}

    def chosen(self, source: CorpusSource, documents: Iterator[Document]) -> Iterator[Document]:
        """Those of a source's documents that stay, as they come."""
        counts = self._counts[id(source)] = RemovalCounts()
        for document in documents:
            crashes = self._parser.num_crashes
            if self._stays(document, source, counts):
                yield document
            counts.num_crashes += self._parser.num_crashes - crashes

    def counts(self, source: CorpusSource) -> RemovalCounts:
        """What was left out of a source so far."""
        return self._counts[id(source)]

    def close(self) -> None:
        """Remove what lies in the folder, and end the process that parses."""
        self._seen.close()
        if self._is_parser_ours:
            self._parser.close()

    def __enter__(self) -> Cleaner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stays(self, document: Document, source: CorpusSource, counts: RemovalCounts) -> bool:
        options, name, text = self._options, document.name, document.text
        if self._licences is not None:
            licence = document.licence or source.licence
            if licence.casefold() not in self._licences:
                counts.add(LICENCE, f"{name}: {licence}")
                return False
        if not self._seen.is_new_text(text_number(text)):
            counts.add(SAME_TEXT, name)
            return False
        if options == CleaningOptions.nothing() and not source.must_parse:
            return True
        signs = program_signs(text)
        reason = objection(text, signs.comment_share, options)
        if reason is not None:
            counts.add(reason, name)
            return False
        if source.must_parse and not self._parser.parses(text):
            counts.add(NOT_PARSING, name)
            return False
        words = RollingHashes(word_numbers(text))
        if self._decontaminator is not None:
            matches = self._decontaminator.matches(text, words, signs.shape)
            if matches:
                counts.matches += matches
                counts.add(CONTAMINATED, f"{name}: {matches[0]}")
                return False
        skeleton = signs.skeleton if options.duplicate_programs and signs.skeleton else None
        if skeleton is not None:
            same = self._seen.same_program(skeleton, text, self._parser)
            if same is not None:
                counts.add(SAME_PROGRAM, f"{name}: {same}")
                return False
        signature = None
        if self._signatures is not None:
            signature = self._signatures.signature(words)
            near = None if signature is None else self._seen.near(signature)
            if near is not None:
                counts.add(NEAR, f"{name}: {near.name}, {near.similarity:.0%}")
                return False
        self._seen.add(name, text, skeleton, signature)
        return True


def text_number(text: str) -> int:
    """A number below 2**64 that the text alone decides.

    Two of ten million documents have the same with a chance of three in a million.
    """
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
