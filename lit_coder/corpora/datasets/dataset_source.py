"""Programs of a dataset as a source of documents: read, cleaned and cached as a corpus is.

    DatasetSource(dataset_spec("codeparrot_clean"), folder, max_documents=10_000)

The first `max_documents` of its records are read each time they are asked for, none is kept. A
share below 1 takes that part of them, chosen by their text. What is no program by itself, as an
answer in prose, is left out with its reason.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

from lit_coder.corpora.datasets.opening import open_dataset
from lit_coder.corpora.datasets.record import Record
from lit_coder.corpora.datasets.spec import DatasetSpec
from lit_coder.corpora.python_files import content_digest
from lit_coder.corpora.source import CorpusSource, Fault

_LANGUAGES = ("python", "python3", "py", "")


class DatasetSource(CorpusSource):
    """The programs of a dataset.

    Args:
        spec: which one.
        folder: of the datasets; None is where they usually lie.
        max_documents: records that are looked at; None looks at all.
        share: of its documents that are taken.

    Raises:
        ValueError: it is not there.
    """

    def __init__(
        self,
        spec: DatasetSpec,
        folder: Path | None = None,
        max_documents: int | None = None,
        share: float = 1.0,
    ) -> None:
        super().__init__(f"data.datasets {spec.name}", spec.licence)
        self._dataset = open_dataset(spec.name, folder)
        self._max_documents = max_documents
        self._share = share

    def fingerprint(self) -> str:
        """By the bytes of the dataset's files, and which of their records are taken."""
        taken = f"{self._max_documents or 'all'}/{self._share:g}"
        return f"{self._dataset.spec.name}/{taken}/{content_digest(self._dataset.contents())}"

    def texts(self) -> Iterator[tuple[str, str | Fault]]:
        """The text of each record that is a program."""
        records = self._dataset.records()
        for record in itertools.islice(records, self._max_documents):
            found = _program(record)
            if isinstance(found, Fault) or self._is_chosen(found):
                self.text_licence = record.licence
                yield record.name, found

    def _is_chosen(self, text: str) -> bool:
        if self._share == 1:
            return True
        # Another number than that which decides on validation: the two are independent.
        digest = hashlib.blake2b(text.encode(errors="replace"), digest_size=8, person=b"share")
        return int.from_bytes(digest.digest(), "little") < int(self._share * 2**64)


def _program(record: Record) -> str | Fault:
    if record.language not in _LANGUAGES:
        return Fault(f"is in {record.language}")
    if record.kind == "question-answer":
        return Fault("is no program by itself")
    return record.text
