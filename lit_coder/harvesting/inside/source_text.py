"""A function's source cut into header, docstring and body, as it was written; runs in the sandbox.

    FunctionText.of(lines, node).body           # with its comments and its layout

A body on the line of its `def` is put below it; nothing else is changed.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Sequence
from typing import NamedTuple


class Unreadable(ValueError):
    """The function's text cannot be cut into parts."""


class FunctionText(NamedTuple):
    """The parts of a function, each with its last line end; `docstring` may be "".

    Attributes:
        header: decorators and signature.
        docstring: with its quotation marks and indentation.
        body: what follows.
        indent: the white space before each statement of the body.
    """

    header: str
    docstring: str
    body: str
    indent: str

    @staticmethod
    def of(lines: Sequence[str], node: ast.FunctionDef) -> FunctionText:
        """The parts of a function that stands on the first level of a file.

        Raises:
            Unreadable: it is written in a way that cannot be cut.
        """
        first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
        row, column = _colon(lines[node.lineno - 1 : node.end_lineno])
        row += node.lineno - 1
        header = "".join(lines[first - 1 : row])
        start = node.body[0]
        if start.lineno == row:
            return _on_one_line(lines, node, header, row, column)
        indent = lines[start.lineno - 1][: start.col_offset]
        if indent.strip():
            raise Unreadable("is written on shared lines")
        body_row = row
        docstring = ""
        if ast.get_docstring(node, clean=False) is not None:
            end = start.end_lineno or start.lineno
            docstring = "".join(lines[row:end])
            body_row = end
            if len(node.body) < 2:
                raise Unreadable("does nothing")
            if node.body[1].lineno <= end:
                raise Unreadable("is written on shared lines")
        body = "".join(lines[body_row : node.end_lineno])
        return FunctionText(header, docstring, _ended(body.lstrip("\n")), indent)


def _on_one_line(
    lines: Sequence[str], node: ast.FunctionDef, header: str, row: int, column: int
) -> FunctionText:
    if node.end_lineno != row or ast.get_docstring(node) is not None:
        raise Unreadable("is written on shared lines")
    line = lines[row - 1]
    head = header[: len(header) - len(line)] + line[: column + 1] + "\n"
    return FunctionText(head, "", _ended("    " + line[column + 1 :].strip()), "    ")


def _ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _colon(lines: Sequence[str]) -> tuple[int, int]:
    """Row (from 1) and column of the colon that ends the signature."""
    depth = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO("".join(lines)).readline):
            if token.type == tokenize.OP:
                depth += (token.string in "([{") - (token.string in ")]}")
                if token.string == ":" and depth == 0:
                    return token.start
    except (tokenize.TokenError, SyntaxError):
        pass
    raise Unreadable("has a signature that cannot be read")
