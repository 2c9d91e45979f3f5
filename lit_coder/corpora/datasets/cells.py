r"""What stands in the cells of one row: texts, and the values that are nested in them.

    cells = Cells({"question": "Add.\r\n", "solutions": '["def f(): ..."]'}, number=17)
    cells.text("question")              # "Add.\n"
    cells.value("solutions")            # ["def f(): ..."]: from JSON, or as Python writes it
    cells.text("url", default="")

A cell that is missing, null, or not what it should be is a `RowFault` whose message is the same for
every row with that fault, so that faults can be counted. Nothing is executed: Python's notation is
read by `ast.literal_eval`, also where NumPy's `array(...)` stands around a list.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import sys
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lit_coder.corpora.datasets.json_stream import parse_json
from lit_coder.problems.benchmarks.records import SourceRecord, unix_lines

# Reading a longer integer takes seconds.
_MAX_INTEGER_DIGITS = 200_000
_PLACE, _REMEDY = "row", "-"
_ARRAY = re.compile(r"\barray\(|\bdtype\b")


class RowFault(ValueError):
    """Why a row is skipped, as it is counted."""


@dataclass(frozen=True, slots=True)
class Cells:
    """One row.

    Attributes:
        row: the values under the names of their columns.
        number: of the row in its dataset, from 1.
    """

    row: Mapping[str, Any]
    number: int = 0

    def name(self, *columns: str) -> str:
        """What the row is called: the first of these columns that says something, or its number."""
        for column in columns:
            value = self.row.get(column)
            if isinstance(value, int | str) and str(value).strip():
                return str(value).strip()
        return f"row {self.number}"

    def text(self, *names: str, default: str | None = None) -> str:
        """The first of these cells that is there, with line feeds alone at its line ends.

        Raises:
            RowFault: none is there, or it is no text.
        """
        for name in names:
            value = self.row.get(name)
            if value is None:
                continue
            if not isinstance(value, str):
                raise RowFault(f"{name} is no text")
            return unix_lines(value)
        if default is None:
            raise RowFault(f"{names[0]} is missing")
        return default

    def filled(self, *names: str) -> str:
        """As `text`, where a blank one will not do either."""
        text = self.text(*names)
        if not text.strip():
            raise RowFault(f"{names[0]} is empty")
        return text

    def value(self, name: str, default: Any = None) -> Any:
        """A cell's value, also where it is nested in a text; `default` where it is blank.

        Raises:
            RowFault: the text is neither JSON nor a Python literal.
        """
        value = self.row.get(name)
        if not isinstance(value, str):
            return default if value is None else value
        if not value.strip():
            return default
        try:
            return nested_value(value)
        except RowFault as fault:
            raise RowFault(f"{name} {fault}") from fault

    def texts(self, name: str) -> list[str]:
        """A cell that is a list of texts, [] where it is blank.

        Raises:
            RowFault: it is none.
        """
        value = self.value(name, default=[])
        if not isinstance(value, list | tuple) or not all(isinstance(part, str) for part in value):
            raise RowFault(f"{name} is no list of texts")
        return [unix_lines(part) for part in value]

    def source_record(self) -> SourceRecord:
        """The row as readers of benchmarks take it; see `without_place` for their messages."""
        return SourceRecord(self.row, _PLACE, _REMEDY)


def without_place(message: str) -> str:
    """What a reader of benchmarks says of a row, without the row and the remedy."""
    return message.removeprefix(f"{_PLACE}: ").removesuffix(f"; {_REMEDY}")


def nested_value(text: str) -> Any:
    """The value that a text holds as JSON or in Python's notation.

    Raises:
        RowFault: it is neither.
    """
    with contextlib.suppress(ValueError, RecursionError):
        return parse_json(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
            tree = _ListsForArrays().visit(tree) if _ARRAY.search(text) else tree
            value = ast.literal_eval(tree)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError) as error:
        raise RowFault("is neither JSON nor a Python literal") from error
    if "..." in text and _holds_ellipsis(value):
        raise RowFault("was abbreviated when it was written")
    if "[" in text and _lost_commas(tree, text):
        raise RowFault("has lost the commas between its texts")
    return value


@contextlib.contextmanager
def long_integers() -> Iterator[None]:
    """Allows integers of up to 200,000 digits to be read and written; afterwards as before."""
    # Python 3.10 has the limit in its later releases only.
    get_limit = getattr(sys, "get_int_max_str_digits", None)
    if get_limit is None:
        yield
        return
    former = get_limit()
    sys.set_int_max_str_digits(_MAX_INTEGER_DIGITS)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(former)


class _ListsForArrays(ast.NodeTransformer):
    """NumPy's `array([1, 2], dtype=object)` is its list."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        is_array = isinstance(node.func, ast.Name) and node.func.id == "array"
        return node.args[0] if is_array and len(node.args) == 1 else node


def _holds_ellipsis(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_ellipsis, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_ellipsis, value))
    return value is ...


def _lost_commas(tree: ast.AST, text: str) -> bool:
    """An array that was printed has no commas, and Python joins texts that stand side by side.

    Where one text stands on several lines, or holds quotes that close and open, it is such a one.
    """
    lines = text.strip().encode().split(b"\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.lineno != node.end_lineno:
                return True
            written = lines[node.lineno - 1][node.col_offset : node.end_col_offset]
            if re.search(rb"""(?<!\\)(['"])\s+(['"])""", written[1:-1]) and _is_joined(written):
                return True
    return False


def _is_joined(written: bytes) -> bool:
    """Whether a literal is more than one token."""
    lines = io.StringIO(written.decode(errors="replace")).readline
    try:
        tokens = list(tokenize.generate_tokens(lines))
    except (SyntaxError, tokenize.TokenError):
        return False
    return sum(token.type == tokenize.STRING for token in tokens) > 1
