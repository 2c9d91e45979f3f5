"""A program's statements, numbered in the order of the text, one a line; runs in the sandbox.

    numbered = number_statements(program)
    numbered.line_of[3]                     # where statement 3 stands in the program as written
    numbered.statement_at(frame.f_lineno)   # of the code compiled from `numbered.tree`

The program is written anew from its syntax tree, so that comments, blank lines and broken lines
make no difference: two programs with the same statements have the same numbers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

FILE_NAME = "<followed>"
_HEADED = (ast.stmt, ast.ExceptHandler, ast.match_case)


class Numbered(NamedTuple):
    """A program with numbered statements; numbers start at 1, 0 is no statement.

    Attributes:
        tree: the program, laid out anew.
        line_of: by number, the line in the program as it was written.
        numbers: by line of `tree`, the number of the statement that stands there.
    """

    tree: ast.Module
    line_of: list[int]
    numbers: list[int]

    def code(self) -> CodeType:
        """The tree as it is now, compiled."""
        return compile(self.tree, FILE_NAME, "exec", dont_inherit=True)

    def statement_at(self, line: int) -> int:
        """The number of the statement at a line of the tree."""
        return self.numbers[line] if 0 <= line < len(self.numbers) else 0


def number_statements(program: str) -> Numbered:
    """Parse, lay out and number a program.

    Raises:
        SyntaxError: it is no Python.
    """
    written = ast.parse(program)
    text = ast.unparse(written)
    tree = ast.parse(text)
    lines = [_first_line(node) for node in headed(written)]
    nodes = list(headed(tree))
    if len(nodes) != len(lines):
        tree, nodes, text = written, list(headed(written)), program
    numbers = [0] * (len(text.split("\n")) + 2)
    for number, node in enumerate(nodes, start=1):
        end = getattr(node, "end_lineno", None) or _first_line(node)
        # Statements inside come later and take their lines for themselves.
        for line in range(_start_line(node), end + 1):
            numbers[line] = number
    return Numbered(tree, [0, *lines], numbers)


def headed(tree: ast.AST) -> Iterator[ast.AST]:
    """Statements, handlers and cases, in the order of the text."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, _HEADED):
            yield child
        yield from headed(child)


def _first_line(node: ast.AST) -> int:
    return int(node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno)  # type: ignore[attr-defined]


def _start_line(node: ast.AST) -> int:
    """With the decorators, at whose lines a definition is executed."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([_first_line(node), *(each.lineno for each in decorators)])
