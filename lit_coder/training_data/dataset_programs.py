"""Datasets of programs as sources of the corpus, of which only what parses is taken.

    program_sources(dataset_choices(["codeparrot_clean:0.5"]), folder, 10_000, "parses")

`fit` and `data prepare` open them by this function, so that they find each other's tokens. What
reads them is in `corpora/datasets/dataset_source.py`, what cleans them in `corpora/cleaner.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lit_coder.corpora.datasets.dataset_source import DatasetSource
from lit_coder.corpora.datasets.spec import DatasetSpec
from lit_coder.training_data.dataset_choice import DatasetChoice
from lit_coder.training_data.dataset_cleaning import KeepOnly

# Their texts are windows of tokens, which end at a line but in the middle of a program.
_CUT = ("codeparrot_1m",)


def program_sources(
    choices: Iterable[DatasetChoice],
    folder: Path | None,
    max_documents: int | None,
    keep_only: KeepOnly,
) -> tuple[DatasetSource, ...]:
    """The sources, in the order of the choices.

    Raises:
        ValueError: one of them is not there.
    """
    sources = []
    for choice in choices:
        source = DatasetSource(choice.spec, folder, max_documents, choice.weight)
        source.must_parse = keep_only == "parses" and is_checked(choice.spec)
        sources.append(source)
    return tuple(sources)


def is_checked(spec: DatasetSpec) -> bool:
    """Whether the programs of a dataset are whole, and hold where they parse."""
    return spec.validation == "syntax" and spec.reader not in _CUT
