"""From what a user writes in data.corpus to sources that can be read.

    open_sources(["stdlib", "site-packages", "src/", "rows.jsonl.gz:code", "hf:owner/name"])

    stdlib                              the running interpreter's standard library
    site-packages                       the pure Python packages installed beside it
    FOLDER                              every .py file below it
    FILE.jsonl, FILE.jsonl.gz           one object a line
    FILE.parquet, FOLDER.lance          tables
    hf:OWNER/NAME[/CONFIG][@REVISION]   a data set of the hub; then [:SPLIT][:COLUMN]

A file, a table or a folder in the hub's format may be followed by `:COLUMN`. What is mistyped is an
error; what is there and empty, damaged or out of reach is named and left out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from lit_coder.corpora.hub_datasets import HubDataset
from lit_coder.corpora.json_lines_source import JsonLinesSource
from lit_coder.corpora.lance_files import LanceSource
from lit_coder.corpora.parquet_files import ParquetSource
from lit_coder.corpora.python_sources import FolderSource, SitePackages, StandardLibrary
from lit_coder.corpora.source import CorpusSource, SourceError

logger = logging.getLogger("lit_coder.corpora")

_TABLES: dict[str, Callable[[str, str | None], CorpusSource]] = {
    ".jsonl": JsonLinesSource,
    ".jsonl.gz": JsonLinesSource,
    ".parquet": ParquetSource,
    ".lance": LanceSource,
}
_FORMS = (
    "stdlib, site-packages, a folder, a .jsonl, .jsonl.gz, .parquet or .lance, or hf:OWNER/NAME"
)


def open_source(spec: str) -> CorpusSource:
    """The source of this name.

    Raises:
        ValueError: no source is named so, or it has no such column.
        SourceError: it is empty, damaged or out of reach.
    """
    if spec == "stdlib":
        return StandardLibrary()
    if spec == "site-packages":
        return SitePackages()
    if spec.startswith("hf:"):
        return HubDataset(spec.removeprefix("hf:"))
    # A path may hold a colon itself.
    path, _, column = (spec, "", "") if Path(spec).exists() else spec.rpartition(":")
    path, column = (path, column) if path else (spec, "")
    for suffix, table in _TABLES.items():
        if path.lower().endswith(suffix):
            return table(path, column or None)
    if spec and Path(spec).expanduser().is_dir():
        return FolderSource(spec)
    raise ValueError(f"data.corpus: {spec!r} is nothing that can be read; give {_FORMS}")


def open_sources(specs: Sequence[str]) -> list[CorpusSource]:
    """The sources of these names, in their order, less those that cannot be used.

    Raises:
        ValueError: a name is wrong, or no source is left.
    """
    sources = []
    for spec in specs:
        try:
            sources.append(open_source(spec))
        except SourceError as error:
            logger.warning("data.corpus: %s is left out: %s", spec, error)
    if not sources:
        raise ValueError(
            f"data.corpus: none of {', '.join(specs) or 'no source'} can be read; give {_FORMS}"
        )
    return sources
