"""Programs of a dataset as a source of the corpus: cleaned, deduplicated and cached like others.

    DatasetSource(DatasetChoice(dataset_spec("codeparrot_clean")), folder, max_documents=10_000)

The first `max_documents` of its records are read each time they are asked for, none is kept. A
weight below 1 takes that share of them, chosen by their text.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

from lit_coder.corpora.datasets.opening import open_dataset
from lit_coder.corpora.source import CorpusSource, Fault
from lit_coder.training_data.dataset_choice import DatasetChoice

_LANGUAGES = ("python", "python3", "py", "")


class DatasetSource(CorpusSource):
    """The programs of a dataset.

    Args:
        choice: which one, and the share of its documents.
        folder: of the datasets.
        max_documents: records that are looked at; None looks at all.

    Raises:
        ValueError: it is not there.
    """

    def __init__(
        self, choice: DatasetChoice, folder: Path | None, max_documents: int | None
    ) -> None:
        super().__init__(f"data.datasets {choice.name}", choice.spec.licence)
        self._choice = choice
        self._dataset = open_dataset(choice.name, folder)
        self._max_documents = max_documents
        self._limit = int(choice.weight * 2**64)

    def fingerprint(self) -> str:
        """By the texts themselves, which are read for it."""
        digest = hashlib.sha256()
        for _, text in self.texts():
            digest.update(hashlib.sha256(str(text).encode(errors="replace")).digest())
        return f"{self._choice.name}/{digest.hexdigest()}"

    def texts(self) -> Iterator[tuple[str, str | Fault]]:
        """The text of each record that is a program."""
        records = self._dataset.records()
        for record in itertools.islice(records, self._max_documents):
            if record.language not in _LANGUAGES:
                yield record.name, Fault(f"is in {record.language}")
            elif record.kind != "text":
                yield record.name, Fault("is no program by itself")
            elif self._is_chosen(record.text):
                self.text_licence = record.licence
                yield record.name, record.text

    def _is_chosen(self, text: str) -> bool:
        if self._choice.weight == 1:
            return True
        # Another number than that which decides on validation: the two are independent.
        digest = hashlib.blake2b(text.encode(errors="replace"), digest_size=8, person=b"share")
        return int.from_bytes(digest.digest(), "little") < self._limit
