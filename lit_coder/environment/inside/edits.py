"""Single-statement edits of a program that may put it right; runs in the sandbox.

    for edit in edits(numbered, 3):          # of statement 3, likelier ones first
        former = put(edit, edit.replacement)     # changes the tree in place
        ...
        put(edit, former)

Operators, comparisons, constants, names, conditions, bounds, arguments, methods and whole
statements are replaced by others of their kind, by what the same function already names, or left
out. Real faults are of more kinds: an edit that repairs a program says where it is wrong, not more.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

from lit_coder.environment.inside.numbering import Numbered, headed

_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_FAMILIES: tuple[tuple[type[ast.AST], ...], ...] = (
    _ARITHMETIC,
    (ast.Div, ast.Mult, ast.FloorDiv),
    (ast.Pow, ast.Mult),
    (ast.BitAnd, ast.BitOr, ast.BitXor),
    (ast.LShift, ast.RShift),
    _ORDER,
    (ast.In, ast.NotIn),
    (ast.Is, ast.IsNot),
    (ast.And, ast.Or),
)
_WORDS = (
    ("strip", "lstrip", "rstrip"),
    ("startswith", "endswith"),
    ("find", "rfind"),
    ("index", "rindex"),
    ("lower", "upper"),
    ("split", "rsplit"),
    ("partition", "rpartition"),
    ("ljust", "rjust"),
    ("min", "max"),
    ("any", "all"),
    ("sorted", "list"),
    ("floor", "ceil"),
    ("keys", "values", "items"),
    ("match", "search"),
    ("append", "extend"),
)
_TESTS = (ast.If, ast.While, ast.IfExp)
_MOST_NAMES = 8
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Edit(NamedTuple):
    """What is put in place of one node; `place` is its index where the field is a list."""

    label: str
    holder: Any
    field: str
    place: int | None
    replacement: Any


class _Known(NamedTuple):
    """What the function around a statement names."""

    names: tuple[str, ...]
    constants: tuple[Any, ...]


def put(edit: Edit, value: Any) -> Any:
    """Set what the edit changes to a value; returns what was there."""
    if edit.place is None:
        former = getattr(edit.holder, edit.field)
        setattr(edit.holder, edit.field, value)
        return former
    values = getattr(edit.holder, edit.field)
    former, values[edit.place] = values[edit.place], value
    return former


def edits(numbered: Numbered, number: int) -> Iterator[Edit]:
    """The edits of one statement."""
    statement = list(headed(numbered.tree))[number - 1]
    known = _known(_around(numbered.tree, statement))
    found: list[Edit] = []
    for holder, field, place, node in _own_nodes(statement):
        for label, replacement in _replacements(holder, field, node, known):
            if isinstance(replacement, ast.AST) and hasattr(node, "lineno"):
                ast.copy_location(replacement, node)
            found.append(Edit(label, holder, field, place, replacement))
    yield from found
    yield from _of_whole(numbered.tree, statement, known)


def _around(tree: ast.Module, statement: ast.AST) -> ast.AST:
    """The innermost function with the statement, or the module."""
    found: ast.AST = tree
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS) and node is not statement:
            # Outer functions are walked first.
            found = node if any(each is statement for each in ast.walk(node)) else found
    return found


def _known(around: ast.AST) -> _Known:
    names: dict[str, None] = {}
    constants: dict[tuple[type, Any], None] = {}
    for node in ast.walk(around):
        if isinstance(node, ast.arg):
            names[node.arg] = None
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names[node.id] = None
        elif isinstance(node, ast.Constant) and type(node.value) in (int, str):
            constants[(type(node.value), node.value)] = None
    return _Known(tuple(names)[:_MOST_NAMES], tuple(value for _, value in constants))


def _own_nodes(statement: ast.AST) -> Iterator[tuple[Any, str, int | None, ast.AST]]:
    """The statement's own parts, without statements inside it."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        holder = waiting.pop(0)
        for field, value in ast.iter_fields(holder):
            if field in ("annotation", "returns", "type_comment", "decorator_list"):
                continue
            values = value if isinstance(value, list) else [value]
            for index, node in enumerate(values):
                if isinstance(node, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                    continue
                if isinstance(node, ast.AST):
                    yield holder, field, index if isinstance(value, list) else None, node
                    waiting.append(node)


def _replacements(
    holder: ast.AST, field: str, node: ast.AST, known: _Known
) -> Iterator[tuple[str, Any]]:
    for family in _FAMILIES:
        if isinstance(node, family):
            for kind in family:
                if kind is not type(node):
                    yield f"{type(node).__name__} becomes {kind.__name__}", kind()
    if isinstance(node, ast.expr):
        yield from _by_place(holder, field, node)
    if isinstance(node, ast.Constant) and not isinstance(holder, (ast.Expr, ast.JoinedStr)):
        yield from _constants(node, known)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield from _names(holder, field, node, known)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        for other in _others(node.attr):
            yield f"{node.attr} becomes {other}", ast.Attribute(node.value, other, node.ctx)
    elif isinstance(node, ast.UnaryOp):
        yield "a sign is left out", node.operand
    elif isinstance(node, ast.BinOp):
        yield "the left operand alone", node.left
        yield "the right operand alone", node.right
        if isinstance(node.op, (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)):
            yield "operands change places", ast.BinOp(node.right, node.op, node.left)
    elif isinstance(node, ast.Slice):
        yield from _slices(node)
    elif isinstance(node, ast.Call) and len(node.args) == 2 and not node.keywords:
        yield "arguments change places", ast.Call(node.func, node.args[::-1], [])


def _by_place(holder: ast.AST, field: str, node: ast.expr) -> Iterator[tuple[str, Any]]:
    """Edits of an expression for where it stands."""
    if (field == "test" and isinstance(holder, _TESTS)) or field == "ifs":
        yield "a condition is turned round", _negated(node)
        yield "a condition always holds", ast.Constant(True)
        if not isinstance(holder, ast.While):
            yield "a condition never holds", ast.Constant(False)
    elif field == "values" and isinstance(holder, ast.BoolOp):
        yield "an operand is true", ast.Constant(True)
        yield "an operand is false", ast.Constant(False)
        yield "an operand is turned round", _negated(node)
    is_index = field == "slice" and not isinstance(node, (ast.Slice, ast.Tuple))
    is_bound = field in ("lower", "upper") or (
        field == "args" and getattr(getattr(holder, "func", None), "id", "") == "range"
    )
    is_result = field == "value" and isinstance(holder, (ast.Return, ast.Assign, ast.AugAssign))
    if (is_index or is_bound or is_result) and not isinstance(node, ast.Constant):
        if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant):
            yield "an addition is left out", node.left
        if not isinstance(node, (ast.List, ast.Dict, ast.Set, ast.Tuple, ast.JoinedStr)):
            yield "one more", ast.BinOp(node, ast.Add(), ast.Constant(1))
            yield "one less", ast.BinOp(node, ast.Sub(), ast.Constant(1))
    if is_result and not isinstance(node, ast.Constant):
        yield "the negative", ast.UnaryOp(ast.USub(), node)


def _negated(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    return ast.UnaryOp(ast.Not(), node)


def _constants(node: ast.Constant, known: _Known) -> Iterator[tuple[str, Any]]:
    value: Any = node.value
    others: list[Any] = []
    if type(value) is bool:
        others = [not value]
    elif type(value) is int:
        others = [value + 1, value - 1, -value, 0, 1, value + 2, value - 2]
    elif type(value) is float:
        others = [value + 1, value - 1, -value, 0.0, 1.0]
    elif type(value) in (str, bytes):
        others = [value[:0], value[1:], value[:-1]]
    elif value is None:
        others = [0, "", False]
    others += [each for each in known.constants if type(each) is type(value)]
    seen = {(type(value), value)}
    for other in others:
        if (type(other), other) not in seen:
            seen.add((type(other), other))
            yield f"{value!r} becomes {other!r}"[:80], ast.Constant(other)
    if value is None:
        yield from ((f"None becomes {name}", ast.Name(name, ast.Load())) for name in known.names)


def _names(holder: ast.AST, field: str, node: ast.Name, known: _Known) -> Iterator[tuple[str, Any]]:
    for other in _others(node.id):
        yield f"{node.id} becomes {other}", ast.Name(other, ast.Load())
    if not (field == "func" and isinstance(holder, ast.Call)):
        for name in known.names:
            if name != node.id:
                yield f"{node.id} becomes {name}", ast.Name(name, ast.Load())


def _others(word: str) -> Iterator[str]:
    for words in _WORDS:
        if word in words:
            yield from (other for other in words if other != word)


def _slices(node: ast.Slice) -> Iterator[tuple[str, Any]]:
    one = ast.Constant(1)
    lower, upper, step = node.lower, node.upper, node.step
    if lower is None:
        yield "a slice begins later", ast.Slice(one, upper, step)
    else:
        yield "a slice begins at the start", ast.Slice(None, upper, step)
    if upper is None:
        yield "a slice ends before", ast.Slice(lower, ast.UnaryOp(ast.USub(), one), step)
    else:
        yield "a slice goes to the end", ast.Slice(lower, None, step)
    if step is None:
        yield "a slice goes backwards", ast.Slice(lower, upper, ast.UnaryOp(ast.USub(), one))
    else:
        yield "a slice has no step", ast.Slice(lower, upper, None)


def _of_whole(tree: ast.Module, statement: ast.AST, known: _Known) -> Iterator[Edit]:
    """Edits of the statement as a whole."""
    for holder in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            siblings = getattr(holder, field, None)
            if isinstance(siblings, list) and any(each is statement for each in siblings):
                place = next(i for i, each in enumerate(siblings) if each is statement)
                for label, other in _other_statements(statement, known):
                    ast.copy_location(other, statement)
                    yield Edit(label, holder, field, place, other)
                return


def _other_statements(statement: ast.AST, known: _Known) -> Iterator[tuple[str, ast.stmt]]:
    yield "a statement is left out", ast.Pass()
    if isinstance(statement, ast.Break):
        yield "break becomes continue", ast.Continue()
    elif isinstance(statement, ast.Continue):
        yield "continue becomes break", ast.Break()
    elif isinstance(statement, ast.Return):
        for name in known.names:
            yield f"{name} is returned", ast.Return(ast.Name(name, ast.Load()))
    elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        yield "it is set", ast.Assign([statement.target], statement.value)
