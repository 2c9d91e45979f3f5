"""What the parts of a corpus are licensed under, as a table to read.

    print(licences(open_sources(["stdlib", "site-packages"])))

A licence is what the part itself states, in its own words; whether training on it is allowed where
you are is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence

from lit_coder.corpora.source import CorpusSource


def licences(sources: Sequence[CorpusSource]) -> str:
    """A line for each part of each source: source, part, licence."""
    rows = [("source", "part", "licence")]
    for source in sources:
        for part, licence in source.licences():
            rows.append((source.name, part if part != source.name else "all", licence))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(
        f"{source:<{widths[0]}}  {part:<{widths[1]}}  {licence}" for source, part, licence in rows
    )
