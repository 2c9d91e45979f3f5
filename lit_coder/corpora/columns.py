"""Which column of a table holds the programs, and what its cells are worth.

    choose_column({"id": "int64", "code": "string"}, None, "rows.parquet")      # "code"

A user names it after the file ("rows.parquet:text"); else the first of `TEXT_COLUMNS` that the
table has is taken.
"""

from __future__ import annotations

from collections.abc import Mapping

from lit_coder.corpora.source import Fault

TEXT_COLUMNS = (
    "code",
    "content",
    "text",
    "solution",
    "canonical_solution",
    "source_code",
    "whole_func_string",
    "output",
)
LICENCE_COLUMNS = ("license", "licence", "licenses", "max_stars_repo_licenses")
"""Columns that name the licence of a row's text, in the sets that have one for each file."""
# As Python and as Arrow call them.
_TEXT_TYPES = ("str", "string", "large_string", "string_view")


def choose_column(types: Mapping[str, str], wanted: str | None, name: str) -> str:
    """The column to read.

    Args:
        types: every column with the name of its type.
        wanted: as the user named it.
        name: of the table, for the message.

    Raises:
        ValueError: there is no such column, or none of the usual ones, or it holds no text.
    """
    there = ", ".join(f"{column} ({kind})" for column, kind in types.items()) or "none"
    if wanted is None:
        for column in TEXT_COLUMNS:
            if column in types and is_text(types[column]):
                return column
        raise ValueError(
            f"data.corpus: which column of {name} holds the text? Write {name}:COLUMN; its columns "
            f"are {there}"
        )
    if wanted not in types:
        raise ValueError(f"data.corpus: {name} has no column {wanted!r}; its columns are {there}")
    if not is_text(types[wanted]):
        raise ValueError(
            f"data.corpus: the column {wanted!r} of {name} holds no text; its columns are {there}"
        )
    return wanted


def is_text(kind: str) -> bool:
    """Whether a type of this name holds texts; a dictionary of texts is one too."""
    return kind in _TEXT_TYPES or kind.startswith("dictionary<values=string")


def licence_of(row: Mapping[str, object]) -> str:
    """The licence that a row names, "" where it names none; several are joined."""
    for column in LICENCE_COLUMNS:
        cell = row.get(column)
        if isinstance(cell, str) and cell:
            return cell
        if isinstance(cell, list) and cell:
            return ", ".join(map(str, cell))
    return ""


def cell_text(cell: object) -> str | Fault:
    """The text of a cell; a missing one is an empty document."""
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else Fault(f"holds a {type(cell).__name__}, no text")
