"""Type hints as plain tuples, read from syntax and never evaluated; runs in the sandbox.

    hint_of(annotation of `x: dict[str, int | None]`)
    # ("dict", ("str",), ("union", ("int",), ("None",)))

() stands for what is not known: a class of the module, Any, a type variable.
"""

from __future__ import annotations

import ast
from typing import Any

_SIMPLE = {"int", "str", "float", "bool", "bytes", "complex", "None"}
_OUTER = {
    "list": "list",
    "sequence": "list",
    "iterable": "list",
    "collection": "list",
    "mutablesequence": "list",
    "tuple": "tuple",
    "dict": "dict",
    "mapping": "dict",
    "mutablemapping": "dict",
    "set": "set",
    "abstractset": "set",
    "frozenset": "frozenset",
}
_MOST_DEPTH = 4


def hint_of(node: ast.expr | None, depth: int = 0) -> tuple[Any, ...]:
    """The hint of an annotation."""
    if node is None or depth > _MOST_DEPTH:
        return ()
    if isinstance(node, ast.Constant):
        return _constant(node.value, depth)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([hint_of(node.left, depth + 1), hint_of(node.right, depth + 1)])
    if isinstance(node, ast.Subscript):
        return _subscripted(node, depth)
    name = _name(node)
    if name in _SIMPLE:
        return (name,)
    return (_OUTER[name.lower()],) if name.lower() in _OUTER else ()


def _constant(value: Any, depth: int) -> tuple[Any, ...]:
    if value is None:
        return ("None",)
    try:
        tree = ast.parse(value, mode="eval") if type(value) is str else None
    except (SyntaxError, ValueError):
        return ()
    return hint_of(tree.body, depth + 1) if tree is not None else ()


def _subscripted(node: ast.Subscript, depth: int) -> tuple[Any, ...]:
    name = _name(node.value)
    inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Optional":
        return _union([hint_of(inner[0], depth + 1), ("None",)])
    if name == "Union":
        return _union([hint_of(each, depth + 1) for each in inner])
    if name == "Literal":
        values = [each.value for each in inner if isinstance(each, ast.Constant)]
        return ("literal", *values) if values else ()
    outer = _OUTER.get(name.lower(), "")
    if not outer:
        return ()
    is_long = outer == "tuple" and any(_is_ellipsis(each) for each in inner)
    hints = [hint_of(each, depth + 1) for each in inner if not _is_ellipsis(each)]
    if not all(hints):
        return (outer,)
    return ("tuples" if is_long else outer, *hints)


def _union(hints: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    known = [hint for hint in hints if hint]
    return ("union", *known) if len(known) > 1 else (known[0] if known else ())


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
