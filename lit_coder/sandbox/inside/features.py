"""Facts of a program's syntax tree: fingerprints, size, complexity, unused names.

    facts = describe(ast.parse(source), source)      # plain values that cross the codec

Only called inside the child, on a tree it has parsed: the trainer never parses model text. The
fingerprints ignore comments, layout and docstrings; the renamed one also ignores what function
arguments and local variables are called. It walks with explicit stacks, because a tree may be
deeper than Python's recursion limit. It does not resolve names as a compiler does: every name
bound anywhere inside an outermost function counts as local to it.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from itertools import repeat

_MAX_UNUSED_NAMES = 50
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DOCUMENTED = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp)
_LIST_END = object()
_NOT_COUNTED = (ast.Load, ast.Store, ast.Del)


def describe(tree: ast.Module, source: str) -> tuple[str, str, int, int, int, tuple[str, ...]]:
    """Fingerprint, renamed fingerprint, nodes, non-blank lines, complexity, unused names."""
    nodes = [node for node in ast.walk(tree) if not isinstance(node, _NOT_COUNTED)]
    return (
        *_fingerprints(tree),
        len(nodes),
        sum(1 for line in source.splitlines() if line.strip()),
        1 + sum(_branches(node) for node in nodes),
        _unused_names(tree),
    )


def _branches(node: ast.AST) -> int:
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    return int(isinstance(node, _BRANCHES) or type(node).__name__ == "match_case")


def _fingerprints(tree: ast.Module) -> tuple[str, str]:
    """Hashes of the tree in one fixed order, with its names and with locals numbered.

    Empty fields are left out, as they differ by version. The stack holds a part of the tree as it
    is, the same with renamed text, and the numbers of the locals around it.
    """
    exact: list[str] = []
    renamed: list[str] = []
    stack: list[tuple[object, object, Mapping[str, str]]] = [(tree, tree, {})]
    while stack:
        item, other, names = stack.pop()
        if isinstance(item, ast.AST):
            text = f"({type(item).__name__} "
            exact.append(text)
            renamed.append(text)
            outermost = not names and isinstance(item, _FUNCTIONS)
            inner = _numbered_locals(item) if outermost else names
            for name, value in reversed(list(_fields(item))):
                # The outermost function's own name belongs to the scope around it.
                scope = names if name == "name" and isinstance(item, _FUNCTIONS) else inner
                stack.append((value, _renamed(item, name, value, scope), scope))
        elif isinstance(item, list):
            exact.append("[")
            renamed.append("[")
            stack.append((_LIST_END, _LIST_END, names))
            others = other if isinstance(other, list) else item
            stack.extend(zip(reversed(item), reversed(others), repeat(names), strict=False))
        else:
            exact.append(_leaf(item))
            renamed.append(_leaf(other))
    return _hash(exact), _hash(renamed)


def _leaf(item: object) -> str:
    if item is _LIST_END:
        return "]"
    # Hexadecimal, because decimal text of a long integer is refused.
    return f"{hex(item) if type(item) is int else repr(item)},"


def _hash(tokens: list[str]) -> str:
    text = "".join(tokens)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    for name, value in ast.iter_fields(node):
        if name in ("type_comment", "kind", "type_ignores"):
            continue
        if (value is None or value == []) and not isinstance(node, ast.Constant):
            continue
        if name == "body" and isinstance(node, _DOCUMENTED) and ast.get_docstring(node, False):
            yield name, node.body[1:]
        else:
            yield name, value


def _renamed(node: ast.AST, field: str, value: object, names: Mapping[str, str]) -> object:
    is_variable = (
        (isinstance(node, ast.Name) and field == "id")
        or (isinstance(node, ast.arg) and field == "arg")
        or (isinstance(node, (*_FUNCTIONS, ast.ExceptHandler)) and field == "name")
        or (isinstance(node, ast.alias) and field == "asname")
    )
    if is_variable and isinstance(value, str):
        return names.get(value, value)
    if isinstance(node, ast.Nonlocal) and field == "names":
        return [names.get(name, name) for name in node.names]
    return value


def _numbered_locals(function: ast.AST) -> dict[str, str]:
    """A number for each name bound inside the function, in order of first appearance."""
    shared: set[str] = set()
    bound: dict[str, str] = {}
    stack = [function]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Global):
            shared.update(node.names)
        name = _bound_name(node) if node is not function else None
        if name is not None:
            bound.setdefault(name, f"_{len(bound)}")
        stack.extend(reversed(list(ast.iter_child_nodes(node))))
    # Never empty: an empty mapping means "not inside a function" to the walk.
    return {"": "", **{name: new for name, new in bound.items() if name not in shared}}


def _bound_name(node: ast.AST) -> str | None:
    if isinstance(node, ast.Name):
        return node.id if isinstance(node.ctx, ast.Store) else None
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ExceptHandler)):
        return node.name
    return node.asname if isinstance(node, ast.alias) else None


def _unused_names(tree: ast.Module) -> tuple[str, ...]:
    """Imports never read anywhere, and locals of an outermost function never read inside it."""
    read_anywhere = _read_names(tree)
    unused = {name for name in _imported_names(tree) if name not in read_anywhere}
    for function in _outermost_functions(tree):
        read = _read_names(function)
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Store)
                and node.id not in read
                and not node.id.startswith("_")
            ):
                unused.add(node.id)
        for node in ast.walk(function):
            if isinstance(node, (ast.Global, ast.Nonlocal)):
                unused.difference_update(node.names)
    return tuple(sorted(unused)[:_MAX_UNUSED_NAMES])


def _read_names(tree: ast.AST) -> set[str]:
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)
    }


def _imported_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                if name != "*":
                    yield name


def _outermost_functions(tree: ast.Module) -> Iterator[ast.AST]:
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, _FUNCTIONS):
            yield node
        else:
            stack.extend(ast.iter_child_nodes(node))
