r"""What a corpus is read from: a source gives documents, and says what it left out and why.

    for document in source.documents():
        document.text                   # LF line ends, no NUL, can be written as UTF-8
    source.skipped.total                # of the pass just made
    source.fingerprint()                # the same documents, the same text

The rules are the same for every source. Line ends become "\n", as Python itself reads a program:
two spellings of the same line would be learned twice. What is empty, holds a NUL byte or a lone
surrogate, or is longer than a mebibyte (tables that a program wrote, which would fill the corpus)
is left out and counted. A program that does not parse is a document like another. Where sources
are found and how they are named is said in `open_sources.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

LONGEST_DOCUMENT_BYTES = 2**20
_MOST_EXAMPLES = 3


class SourceError(ValueError):
    """A source that is empty, damaged or out of reach: it is left out and the others are used.

    Attributes:
        source: the one that broke off, where it had been opened already.
    """

    source: CorpusSource | None = None


class Document(NamedTuple):
    """A text and where it is from, as "json/decoder.py" or "rows.jsonl, line 7".

    `licence` is the text's own, "" where only that of its source is known.
    """

    text: str
    name: str
    licence: str = ""


class Licence(NamedTuple):
    """A part of a source and the licence it states."""

    part: str
    licence: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no text, as it is said after the document's name.

    Attributes:
        reason: as "is not UTF-8".
        ends_source: nothing after it can be read either.
    """

    reason: str
    ends_source: bool = False


@dataclass(slots=True)
class Skipped:
    """Documents that were left out: how many, and the first few with their reasons.

    Empty ones are counted apart: packages are full of empty `__init__.py` files.

    Attributes:
        total: how many, without empty ones.
        num_empty: blank documents.
        examples: the first few, each with its reason.
        end: where the source broke off and why, "" where it was read to its end.
    """

    total: int = 0
    num_empty: int = 0
    examples: list[str] = field(default_factory=list)
    end: str = ""

    def add(self, name: str, fault: Fault) -> None:
        """Count one."""
        self.total += 1
        said = f"{name} {fault.reason}"
        if fault.ends_source:
            self.end = said
        if len(self.examples) < _MOST_EXAMPLES:
            self.examples.append(said)

    def __str__(self) -> str:
        more = self.total - len(self.examples)
        return "; ".join(self.examples) + (f"; and {more} more" if more else "")


class CorpusSource(ABC):
    """Documents in an order that never changes while the content does not.

    Attributes:
        name: as it was named in data.corpus.
        licence: what the content is licensed under, "not stated" where that is not known.
        must_parse: whether cleaning leaves out what is no program of this version of Python.
        skipped: what the last pass of `documents` left out.
        text_licence: of the text that `texts` gave last, "" where it states none of its own.
    """

    def __init__(self, name: str, licence: str = "not stated") -> None:
        self.name = name
        self.licence = licence
        self.must_parse = False
        self.skipped = Skipped()
        self.text_licence = ""

    @property
    def num_documents(self) -> int | None:
        """About how many documents a pass gives, where that is cheap to know."""
        return None

    def licences(self) -> tuple[Licence, ...]:
        """Every part with its licence; one where the source is licensed as a whole."""
        return (Licence(self.name, self.licence),)

    @abstractmethod
    def fingerprint(self) -> str:
        """Equal for equal documents in equal order, wherever they lie."""

    @abstractmethod
    def texts(self) -> Iterator[tuple[str, str | Fault]]:
        """Name and text of each document as it is found, or what is wrong with it.

        Raises:
            SourceError: the source ended before its end, so that a later pass may give more.
        """

    def documents(self) -> Iterator[Document]:
        """The documents, cleaned; each pass begins anew and counts anew.

        Raises:
            SourceError: the source ended before its end, so that a later pass may give more.
        """
        self.skipped = Skipped()
        try:
            for name, found in self.texts():
                cleaned = found if isinstance(found, Fault) else clean(found)
                if isinstance(cleaned, Fault):
                    self.skipped.add(name, cleaned)
                elif cleaned:
                    yield Document(cleaned, name, self.text_licence)
                else:
                    self.skipped.num_empty += 1
        except SourceError as error:
            error.source = self
            raise


def clean(text: str) -> str | Fault:
    """The text with LF line ends, "" where it is blank, or why it cannot be a document."""
    if len(text) > LONGEST_DOCUMENT_BYTES:
        return too_long()
    if "\0" in text:
        return Fault("holds NUL bytes")
    try:
        num_bytes = len(text.encode())
    except UnicodeEncodeError:
        return Fault("holds a lone surrogate, which no file can")
    if num_bytes > LONGEST_DOCUMENT_BYTES:
        return too_long()
    if not text.strip():
        return ""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def broken_off(error: BaseException) -> Fault:
    """What is wrong with a file that cannot be read on from here."""
    # What follows are places in the source of a library.
    reason = str(error).split(", /")[0] or type(error).__name__
    return Fault(f"and all after it cannot be read ({reason})", ends_source=True)


def too_long() -> Fault:
    """What is wrong with a document of more than `LONGEST_DOCUMENT_BYTES`."""
    return Fault(f"is longer than {LONGEST_DOCUMENT_BYTES:,} bytes")
