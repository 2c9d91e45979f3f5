"""Fingerprints of parts of a syntax tree that do not change when variables are renamed.

    for part in function_bodies(ast.parse(reference)):
        part.fingerprint, part.num_nodes, part.kinds     # what is looked for
    matching_runs(ast.parse(text), {part.kinds})         # where statements of these kinds stand

A part is a run of statements: a whole function's body without its docstring, or the same
statements somewhere else: in a method, behind a line that logs, in a loop of a script. Names of
variables count by the order in which they appear, names of attributes, keywords, constants and
builtins as they are. The hash is that of `sandbox/inside/features.py`, of the statements as the
body of a function whose arguments are the names that they use and do not bind.

It walks trees and makes none: text is parsed in `syntax_process.py`, in a process of its own.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from lit_coder.sandbox.inside.features import describe

Kinds: TypeAlias = tuple[str, ...]

MOST_RUNS = 2000
"""Runs that are looked at in one text at most."""
_FINGERPRINT_DIGITS = 16
_BUILTINS = frozenset(dir(builtins))
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


class Part(NamedTuple):
    """A run of statements.

    Attributes:
        fingerprint: 16 hexadecimal digits.
        num_nodes: of the syntax tree, without arguments.
        kinds: the classes of its statements.
        statements: themselves.
    """

    fingerprint: str
    num_nodes: int
    kinds: Kinds
    statements: list[ast.stmt]


def function_bodies(tree: ast.AST) -> Iterator[Part]:
    """The body of every function and method, without its docstring; none is empty."""
    for statements, bound in _blocks(tree):
        if statements.owner_is_function and statements.found:
            yield _part(statements.found, bound)


def matching_runs(tree: ast.AST, wanted: Collection[Kinds]) -> list[str]:
    """The fingerprints of all runs of statements whose classes are among those wanted."""
    lengths = sorted({len(kinds) for kinds in wanted})
    found: list[str] = []
    for statements, bound in _blocks(tree):
        kinds = tuple(type(statement).__name__ for statement in statements.found)
        for start in range(len(kinds)):
            for length in lengths:
                if kinds[start : start + length] in wanted and start + length <= len(kinds):
                    run = statements.found[start : start + length]
                    found.append(_part(run, bound).fingerprint)
                    if len(found) == MOST_RUNS:
                        return found
    return found


class _Block(NamedTuple):
    found: list[ast.stmt]
    owner_is_function: bool


def _blocks(tree: ast.AST) -> Iterator[tuple[_Block, frozenset[str]]]:
    """Every list of statements with the names that the functions around it have as arguments."""
    waiting: list[tuple[ast.AST, frozenset[str]]] = [(tree, frozenset())]
    while waiting:
        node, bound = waiting.pop()
        is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            bound = bound | {each.arg for each in _arguments(node.args)}
        for field in _BLOCKS:
            block = getattr(node, field, None)
            if not isinstance(block, list):
                continue
            statements = [each for each in block if isinstance(each, ast.stmt)]
            if is_function and field == "body" and _is_text(statements[0]):
                statements = statements[1:]
            if statements:
                yield _Block(statements, is_function), bound
            waiting += [(each, bound) for each in block]


def _is_text(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return named + [each for each in (arguments.vararg, arguments.kwarg) if each is not None]


def _part(statements: Sequence[ast.stmt], bound: frozenset[str]) -> Part:
    free: dict[str, None] = {}
    bound_within: set[str] = set()
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                if isinstance(node.ctx, ast.Load):
                    free.setdefault(node.id)
                else:
                    bound_within.add(node.id)
    names = [
        name
        for name in free
        if name not in bound_within and (name in bound or name not in _BUILTINS)
    ]
    # Parsed, so that it has every field that this version of Python knows.
    function = ast.parse("def _(): pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    function.args.args = [ast.arg(arg=name) for name in names]
    function.body = list(statements)
    _, fingerprint, num_nodes, *_ = describe(ast.Module([function], []), "")
    kinds = tuple(type(statement).__name__ for statement in statements)
    # Module, function and arguments are not of the statements.
    own_nodes = num_nodes - 3 - len(names)
    return Part(fingerprint[:_FINGERPRINT_DIGITS], own_nodes, kinds, list(statements))
