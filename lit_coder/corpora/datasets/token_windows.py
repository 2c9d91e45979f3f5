r"""Texts from a table of tokens: one token a row, one program after another without separators.

    for text in table_texts(Path("codeparrot.lance"), tokenizer=None): ...

CodeParrot-1M is such a table, of EleutherAI/gpt-neox-20b's tokens. Where its programs end nobody
knows, so a text is a window of about 2,048 tokens that begins and ends at a line's end where there
is one, and at an `<|endoftext|>` where the table has some. A column with a list of tokens a row is
read as well: then a row is a text. One window is in memory beside one batch of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from lit_coder.corpora.lance_files import lance_columns, read_lance_column

WINDOW_TOKENS = 2048
TOKENIZER_NAMES = ("tokenizer.json", "gpt-neox-20b/tokenizer.json")
_BATCH_ROWS = 65_536
_TEXT_BATCH_ROWS = 256
_TEXT_COLUMNS = ("content", "text", "code")
_TOKEN_COLUMNS = ("value", "input_ids", "tokens")
_END_OF_TEXT = "<|endoftext|>"


def table_texts(path: Path, tokenizer: Path | None) -> Iterator[str]:
    """The texts of a Lance table, whichever column they are in and however they are written.

    Raises:
        ValueError: the table cannot be read, or the tokenizer that its tokens need is missing.
    """
    column = text_column(path)
    if column is None:
        yield from token_texts(path, token_column(path), find_tokenizer(path, tokenizer))
        return
    for values in read_lance_column(path, column, _TEXT_BATCH_ROWS):
        yield from (value or "" for value in values)


def text_column(path: Path) -> str | None:
    """The column of a Lance table that holds programs as text, None where none does."""
    there = lance_columns(path)
    return next((name for name in _TEXT_COLUMNS if "string" in there.get(name, "")), None)


def token_column(path: Path) -> str:
    """The column that holds tokens.

    Raises:
        ValueError: none does.
    """
    there = lance_columns(path)
    for name in _TOKEN_COLUMNS:
        if "int" in there.get(name, ""):
            return name
    shown = ", ".join(f"{name} ({kind})" for name, kind in there.items())
    raise ValueError(f"{path} holds neither texts nor tokens; its columns are {shown}")


def find_tokenizer(table: Path, named: Path | None) -> Path:
    """The tokenizer's file: as a user named it, else beside the table, in it, or one above.

    Raises:
        ValueError: there is none.
    """
    if named is not None:
        named = named / TOKENIZER_NAMES[0] if named.is_dir() else named
        if not named.is_file():
            raise ValueError(f"there is no tokenizer file {named}; give a tokenizer.json")
        return named
    for folder in (table, table.parent, table.parent.parent):
        for name in TOKENIZER_NAMES:
            if (folder / name).is_file():
                return folder / name
    raise ValueError(
        f"{table} holds tokens, and the tokenizer that made them is not here; put tokenizer.json "
        "of huggingface.co/EleutherAI/gpt-neox-20b beside it"
    )


def token_texts(path: Path, column: str, tokenizer_path: Path) -> Iterator[str]:
    """The texts of a table of tokens.

    Raises:
        ValueError: the table or the tokenizer cannot be read.
    """
    tokenizer = _Decoder(tokenizer_path)
    window: list[int] = []
    for values in read_lance_column(path, column, _BATCH_ROWS):
        if values and isinstance(values[0], list):
            for row in values:
                yield from tokenizer.texts(row or ())
            continue
        start = 0
        while start < len(values):
            taken = WINDOW_TOKENS - len(window)
            window += values[start : start + taken]
            start += taken
            if len(window) >= WINDOW_TOKENS:
                cut = tokenizer.last_boundary(window)
                yield from tokenizer.texts(window[:cut])
                window = window[cut:]
    yield from tokenizer.texts(window)


class _Decoder:
    """A tokenizer, and which of its tokens begin a line."""

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        try:
            self._backend: Any = Tokenizer.from_file(str(path))
        # `tokenizers` raises the bare class, whatever is wrong with the file.
        except Exception as error:
            raise ValueError(f"the tokenizer file {path} cannot be read: {error}") from error
        self._end: int | None = self._backend.token_to_id(_END_OF_TEXT)
        self._begins_line = lru_cache(maxsize=None)(self._is_line_end)

    def texts(self, tokens: Sequence[int]) -> Iterator[str]:
        """The texts of some tokens: one, or those between the tokens that end a text."""
        piece: list[int] = []
        for token in tokens:
            if token == self._end:
                yield from self._decoded(piece)
                piece = []
            elif token >= 0:
                piece.append(token)
        yield from self._decoded(piece)

    def _decoded(self, tokens: list[int]) -> Iterator[str]:
        if tokens:
            yield str(self._backend.decode(tokens, skip_special_tokens=False))

    def last_boundary(self, tokens: Sequence[int]) -> int:
        """Where a window is cut: at its last end of a text, else of a line, else at its end."""
        for position in range(len(tokens) - 1, 0, -1):
            if tokens[position] == self._end:
                return position + 1
        for position in range(len(tokens) - 1, 0, -1):
            if self._begins_line(tokens[position]):
                return position
        return len(tokens)

    def _is_line_end(self, token: int) -> bool:
        return str(self._backend.decode([token], skip_special_tokens=False)).startswith("\n")
