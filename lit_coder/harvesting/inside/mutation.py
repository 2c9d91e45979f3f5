"""Wrong versions of a function, each by one small change to its syntax; runs in the sandbox.

    for mutant in mutants(source, "f", 60, Random("7")):
        mutant.label, mutant.line, mutant.code      # "< becomes <=", 3, a code object
    for change in changes_of(function):             # of a tree, whoever wants the text of it
        with change.made():
            ast.unparse(tree)

Comparisons, arithmetic, constants, conditions, returns, branches, statements, slices, indexes,
methods and optional arguments are changed. What is inside a `raise` stays: cases see values, and
what an exception says is not compared. The tree is changed in place and mended again, which is much
faster than copying it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from types import CodeType
from typing import Any, NamedTuple

_SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitXor: (ast.BitOr,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Break: (ast.Continue,),
    ast.Continue: (ast.Break,),
}
_NAMES = {
    "strip": "lstrip",
    "lstrip": "rstrip",
    "rstrip": "lstrip",
    "startswith": "endswith",
    "endswith": "startswith",
    "find": "rfind",
    "rfind": "find",
    "index": "rindex",
    "lower": "upper",
    "upper": "lower",
    "split": "rsplit",
    "rsplit": "split",
    "partition": "rpartition",
    "rpartition": "partition",
    "ljust": "rjust",
    "rjust": "ljust",
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "sorted": "list",
    "floor": "ceil",
    "ceil": "floor",
    "keys": "values",
    "values": "keys",
    "match": "search",
    "search": "match",
}
_CONDITIONS = (ast.If, ast.While, ast.IfExp)


class Mutant(NamedTuple):
    """One wrong version: what was changed, in which line of the source, and its code."""

    label: str
    line: int
    code: CodeType


class Change(NamedTuple):
    """One small change to a function's tree: what it is, in which line, and where it is put."""

    label: str
    line: int
    holder: ast.AST
    field: str
    place: int | None
    replacement: Any

    @contextmanager
    def made(self) -> Iterator[None]:
        """While the tree is changed; it is mended then."""
        former = self._put(self.replacement)
        try:
            yield
        finally:
            self._put(former)

    def _put(self, value: Any) -> Any:
        if self.place is None:
            former = getattr(self.holder, self.field)
            setattr(self.holder, self.field, value)
            return former
        values = getattr(self.holder, self.field)
        former, values[self.place] = values[self.place], value
        return former


def mutants(source: str, name: str, most: int, random: Random) -> Iterator[Mutant]:
    """The function's wrong versions, at most so many of them, those of all lines alike."""
    tree = ast.parse(source)
    function = next(
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name
    )
    # A cache would be the same, and hints may name what is there for checkers only.
    function.decorator_list, function.returns = [], None
    for node in ast.walk(function.args):
        if isinstance(node, ast.arg):
            node.annotation = None
    module = ast.Module(body=[function], type_ignores=[])
    changes = list(changes_of(function))
    if len(changes) > most:
        kept = sorted(random.sample(range(len(changes)), most))
        changes = [changes[index] for index in kept]
    for change in changes:
        try:
            with change.made():
                whole = ast.fix_missing_locations(module)
                code = compile(whole, "<mutant>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, TypeError):
            continue
        yield Mutant(change.label, change.line, code)


def changes_of(function: ast.FunctionDef) -> Iterator[Change]:
    """All changes to a function, which is not changed by asking."""
    yield from _ignored_arguments(function)
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    waiting: list[tuple[ast.AST, str, int | None, Any]] = [
        (function, "body", function.body.index(statement), statement) for statement in body
    ]
    line = function.lineno
    while waiting:
        holder, field, index, node = waiting.pop(0)
        line = getattr(node, "lineno", getattr(holder, "lineno", line))
        for label, replacement in _replacements(holder, field, node):
            if isinstance(replacement, ast.AST) and hasattr(node, "lineno"):
                ast.copy_location(replacement, node)
            yield Change(label, line, holder, field, index, replacement)
        if isinstance(node, (ast.Raise, ast.Assert)):
            continue
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "type_comment", "decorator_list"):
                continue
            if isinstance(value, list):
                waiting += [
                    (node, name, i, v) for i, v in enumerate(value) if isinstance(v, ast.AST)
                ]
            elif isinstance(value, ast.AST):
                waiting.append((node, name, None, value))


def _ignored_arguments(function: ast.FunctionDef) -> Iterator[Change]:
    """An argument that may be left out is always taken to be: cases must give it once."""
    positional = [*function.args.posonlyargs, *function.args.args]
    defaults = function.args.defaults
    for argument, default in zip(positional[-len(defaults) :], defaults, strict=False):
        assignment = ast.Assign([ast.Name(argument.arg, ast.Store())], default)
        ast.copy_location(assignment, function)
        label = f"{argument.arg} is ignored"
        yield Change(label, function.lineno, function, "body", None, [assignment, *function.body])


def _replacements(holder: ast.AST, field: str, node: ast.AST) -> Iterator[tuple[str, Any]]:
    for kind in _SWAPS.get(type(node), ()):
        yield f"{type(node).__name__} becomes {kind.__name__}", kind()
    if isinstance(node, ast.Constant):
        yield from _constants(node, holder)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield f"{type(node.op).__name__} is left out", node.operand
    elif isinstance(node, ast.Attribute) and node.attr in _NAMES:
        other = _NAMES[node.attr]
        yield f"{node.attr} becomes {other}", ast.Attribute(node.value, other, node.ctx)
    elif isinstance(node, ast.Name) and node.id in _NAMES and isinstance(holder, ast.Call):
        yield f"{node.id} becomes {_NAMES[node.id]}", ast.Name(_NAMES[node.id], ast.Load())
    elif isinstance(node, ast.Call) and _changes_its_object(node, holder):
        assert isinstance(node.func, ast.Attribute)
        yield f"{node.func.attr} is left out", node.func.value
    elif isinstance(node, (ast.AugAssign, ast.Expr)):
        yield "a statement is left out", ast.Pass()
    elif isinstance(node, ast.Return) and not _is_none(node.value):
        yield "return gives None", ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Slice):
        yield from _slices(node)
    if isinstance(node, ast.expr):
        yield from _by_place(holder, field, node)


def _by_place(holder: ast.AST, field: str, node: ast.expr) -> Iterator[tuple[str, Any]]:
    """Changes of an expression for where it stands."""
    if field == "test" and isinstance(holder, _CONDITIONS):
        yield "a condition is turned round", ast.UnaryOp(ast.Not(), node)
        if not isinstance(holder, ast.While):
            yield "a branch is always taken", ast.Constant(True)
        yield "a branch is never taken", ast.Constant(False)
    elif field == "ifs" and isinstance(holder, ast.comprehension):
        yield "a filter is left out", ast.Constant(True)
    elif field == "values" and isinstance(holder, ast.BoolOp):
        yield "an operand is true", ast.Constant(True)
        yield "an operand is false", ast.Constant(False)
    elif field == "slice" and not isinstance(node, (ast.Slice, ast.Constant, ast.Tuple)):
        yield "an index is off by one", ast.BinOp(node, ast.Add(), ast.Constant(1))
    elif field in ("lower", "upper") and not isinstance(node, ast.Constant):
        yield "a slice is off by one", ast.BinOp(node, ast.Add(), ast.Constant(1))
    elif field == "args" and getattr(getattr(holder, "func", None), "id", "") == "range":
        yield "a range is off by one", ast.BinOp(node, ast.Add(), ast.Constant(1))


def _constants(node: ast.Constant, holder: ast.AST) -> Iterator[tuple[str, Any]]:
    value = node.value
    if isinstance(holder, ast.Expr):
        return
    if type(value) is bool:
        yield f"{value} becomes {not value}", ast.Constant(not value)
    elif type(value) in (int, float):
        yield "a number is one more", ast.Constant(value + 1)  # type: ignore[operator]
        yield "a number is one less", ast.Constant(value - 1)  # type: ignore[operator]
    elif type(value) is str:
        yield "a text is another one", ast.Constant(value[1:] if value else "x")
    elif type(value) is bytes:
        yield "a text is another one", ast.Constant(value[1:] if value else b"x")


def _slices(node: ast.Slice) -> Iterator[tuple[str, Any]]:
    if node.lower is not None:
        yield "a slice begins at the start", ast.Slice(None, node.upper, node.step)
    if node.upper is not None:
        yield "a slice goes to the end", ast.Slice(node.lower, None, node.step)


def _changes_its_object(node: ast.Call, holder: ast.AST) -> bool:
    """Whether a call is of a method without arguments, as `text.lower()`, whose value is used."""
    is_method = isinstance(node.func, ast.Attribute)
    return is_method and not node.args and not node.keywords and not isinstance(holder, ast.Expr)


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)
