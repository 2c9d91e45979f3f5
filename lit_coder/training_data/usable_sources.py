"""The sources of a corpus that can be used to their end.

    without_broken(sources, lambda usable: tokenize(usable, fingerprints(usable)))

A source may break off long after it was opened, as a data set that is read from a hub. Then what
was made with it is thrown away and made from the others: half of a source is never taken for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from lit_coder.corpora.source import CorpusSource, SourceError

logger = logging.getLogger("lit_coder.training_data")

Result = TypeVar("Result")


def fingerprints(sources: Sequence[CorpusSource]) -> list[str]:
    """The fingerprint of each source.

    Raises:
        SourceError: one cannot be had; the error names the source.
    """
    found = []
    for source in sources:
        try:
            found.append(source.fingerprint())
        except SourceError as error:
            error.source = source
            raise
    return found


def without_broken(
    sources: Sequence[CorpusSource], attempt: Callable[[Sequence[CorpusSource]], Result]
) -> Result:
    """What comes of the sources; one that breaks off is named, and the rest tried without it.

    Raises:
        ValueError: none is left.
    """
    usable = list(sources)
    while usable:
        try:
            return attempt(usable)
        except SourceError as error:
            assert error.source is not None
            logger.warning("data.corpus: %s is left out: %s", error.source.name, error)
            usable.remove(error.source)
    raise ValueError(
        f"data.corpus: none of {', '.join(source.name for source in sources)} can be read"
    )
