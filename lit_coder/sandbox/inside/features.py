"""Facts of a program's syntax tree: fingerprints, size, complexity, unused names.

    facts = describe(ast.parse(source), source)      # plain values that cross the codec
    more = describe_whole(ast.parse(source), source)     # with those of `style` behind them

Only called inside the child, on a tree it has parsed: the trainer never parses model text. The
fingerprints ignore comments, layout and docstrings; the renamed one also ignores what function
arguments and local variables are called. One walk finds everything, with an explicit stack,
because a tree may be deeper than Python's recursion limit. It does not resolve names as a
compiler does: every name bound anywhere inside an outermost function counts as local to it.
"""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

from .style import shingles, style

# As the standard library's own `random` does it: hashlib brings all of OpenSSL into every child.
try:
    from _sha2 import sha256
except ImportError:
    try:
        from _sha256 import sha256
    except ImportError:
        from hashlib import sha256

_MAX_UNUSED_NAMES = 50
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DOCUMENTED = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.IfExp)
_NOT_COUNTED = (ast.Load, ast.Store, ast.Del)
_LEFT_OUT = ("type_comment", "kind", "type_ignores")
_VARIABLES: dict[type[ast.AST], str] = {
    ast.FunctionDef: "name",
    ast.AsyncFunctionDef: "name",
    ast.ExceptHandler: "name",
    ast.arg: "arg",
    ast.alias: "asname",
    ast.Nonlocal: "names",
}
_NOTED = {
    *_VARIABLES,
    *(ast.Lambda, ast.Global, ast.Import, ast.ImportFrom, ast.BoolOp, ast.comprehension),
}


class _Plan(NamedTuple):
    """What the walk does with a node of one class."""

    head: str
    fields: tuple[str, ...]
    variable: str
    num_nodes: int
    num_branches: int
    is_noted: bool


class _Variable(str):
    """A variable's name on the walk's stack; other text there is ready to be written."""

    __slots__ = ()


class _NameTexts(dict[str, str]):
    """Names as they are written."""

    def __missing__(self, name: str) -> str:
        text = self[name] = f"{name!r},"
        return text


def _plan(kind: type[ast.AST]) -> _Plan:
    return _Plan(
        head=f"({kind.__name__} ",
        # The walk's stack turns them round.
        fields=tuple(field for field in reversed(kind._fields) if field not in _LEFT_OUT),
        variable=_VARIABLES.get(kind, ""),
        num_nodes=int(kind not in _NOT_COUNTED),
        num_branches=int(kind in _BRANCHES or kind is ast.match_case),
        is_noted=kind in _NOTED,
    )


_PLANS: dict[type, _Plan] = {
    kind: _plan(kind)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
_FUNCTION_END = object()


def describe(tree: ast.Module, source: str) -> tuple[str, str, int, int, int, tuple[str, ...]]:
    """Fingerprint, renamed fingerprint, nodes, non-blank lines, complexity, unused names."""
    walk = _Walk()
    walk.run(tree)
    return _facts(walk, source)


def describe_whole(tree: ast.Module, source: str) -> tuple[object, ...]:
    """What `describe` says, dead statements, documented definitions, shingles renamed."""
    walk = _Walk()
    walk.run(tree)
    # In this order: the tokens are renamed then.
    facts = _facts(walk, source)
    return (*facts, *style(tree), shingles(walk.tokens))


def _facts(walk: _Walk, source: str) -> tuple[str, str, int, int, int, tuple[str, ...]]:
    fingerprint = renamed_fingerprint = _hash(walk.tokens)
    if walk.renamed:
        for position, text in walk.renamed:
            walk.tokens[position] = text
        renamed_fingerprint = _hash(walk.tokens)
    return (
        fingerprint,
        renamed_fingerprint,
        walk.num_nodes,
        len(list(filter(str.strip, source.splitlines()))),
        1 + walk.num_branches,
        walk.unused_names(),
    )


def _hash(tokens: list[str]) -> str:
    text = "".join(tokens)
    digest: str = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return digest[:32]


class _Walk:
    """Writes the tree as tokens in one fixed order, and notes what names are used for.

    Empty fields are left out, as they differ by version. What is noted of names is about the
    outermost function that the walk is in, and is closed when that function ends.
    """

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.renamed: list[tuple[int, str]] = []
        self.num_nodes = 0
        self.num_branches = 0
        self._stack: list[Any] = []
        self._texts = _NameTexts()
        self._is_inside = False
        self._own_name = 0
        self._positions: list[int] = []
        self._bound: dict[str, str] = {}
        self._read: set[str] = set()
        self._stored: set[str] = set()
        self._global: set[str] = set()
        self._declared: set[str] = set()
        self._imported: set[str] = set()
        self._read_anywhere: set[str] = set()
        self._closed: list[tuple[set[str], set[str]]] = []

    def run(self, tree: ast.Module) -> None:
        """Walk the whole tree; everything else reads what this found."""
        tokens, texts, stack = self.tokens, self._texts, self._stack
        stack.append(tree)
        while stack:
            item = stack.pop()
            kind = type(item)
            if kind is str:
                tokens.append(item)
            elif kind is ast.Name:
                self._write_name(item)
            elif kind is ast.Constant:
                self.num_nodes += 1
                tokens.append(f"(Constant {_leaf(item.value)}")
            elif (plan := _PLANS.get(kind)) is not None:
                tokens.append(plan.head)
                self.num_nodes += plan.num_nodes
                self.num_branches += plan.num_branches
                if plan.is_noted:
                    self._note(item, kind, plan.variable)
                self._push_fields(item, plan)
            elif kind is _Variable:
                self._positions.append(len(tokens))
                tokens.append(texts[item])
            elif item is _FUNCTION_END:
                self._close_function()
            else:
                tokens.append(_leaf(item))
        self._read_anywhere |= self._read

    def _write_name(self, node: ast.Name) -> None:
        name = node.id
        text = self._texts[name]
        self.num_nodes += 1
        self._positions.append(len(self.tokens) + 1)
        if type(node.ctx) is ast.Store:
            self._stored.add(name)
            if text not in self._bound:
                self._bound[text] = f"'_{len(self._bound)}',"
            self.tokens += ("(Name ", text, "(Store ")
        else:
            self._read.add(name)
            self.tokens += ("(Name ", text, _PLANS[type(node.ctx)].head)

    def _push_fields(self, node: ast.AST, plan: _Plan) -> None:
        push = self._stack.append
        for field in plan.fields:
            value = getattr(node, field)
            if type(value) in _PLANS:
                push(value)
            elif type(value) is list:
                if value:
                    self._push_list(node, field, value, plan)
            elif type(value) is str:
                push(_Variable(value) if field == plan.variable else self._texts[value])
            elif value is not None:
                push(_leaf(value))

    def _push_list(self, node: ast.AST, field: str, values: list[Any], plan: _Plan) -> None:
        if field == "body" and type(node) in _DOCUMENTED and _has_docstring(values):
            # The statement and its text are nodes all the same.
            self.num_nodes += 2
            values = values[1:]
        elif type(values[0]) is str:
            make = _Variable if field == plan.variable else self._texts.__getitem__
            values = [make(value) for value in values]
        self._stack.append("]")
        self._stack += values[::-1]
        self._stack.append("[")

    def _note(self, node: Any, kind: type, variable: str) -> None:
        """What a node of one of the classes `_NOTED` says about names and branches."""
        if kind in _FUNCTIONS and not self._is_inside:
            self._open_function()
        elif kind is ast.Global:
            self._global.update(node.names)
            self._declared.update(node.names)
        elif kind is ast.Nonlocal:
            self._declared.update(node.names)
        elif kind is ast.BoolOp:
            self.num_branches += len(node.values) - 1
        elif kind is ast.comprehension:
            self.num_branches += 1 + len(node.ifs)
        elif kind is ast.Import or kind is ast.ImportFrom:
            self._note_import(node)
        elif variable and getattr(node, variable) is not None:
            text = self._texts[getattr(node, variable)]
            if text not in self._bound:
                self._bound[text] = f"'_{len(self._bound)}',"

    def _note_import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            if name != "*":
                self._imported.add(name)

    def _open_function(self) -> None:
        self._forget()
        self._is_inside = True
        # Its own name, which comes next, belongs to the scope around it.
        self._own_name = len(self.tokens)
        self._stack.append(_FUNCTION_END)

    def _close_function(self) -> None:
        self._is_inside = False
        for name in self._global:
            self._bound.pop(self._texts[name], None)
        for position in self._positions:
            text = self._bound.get(self.tokens[position])
            if text is not None and position != self._own_name:
                self.renamed.append((position, text))
        unread = {name for name in self._stored - self._read if not name.startswith("_")}
        self._closed.append((unread, self._declared.copy()))
        self._forget()

    def _forget(self) -> None:
        self._read_anywhere |= self._read
        self._positions.clear()
        self._bound.clear()
        for names in (self._read, self._stored, self._global, self._declared):
            names.clear()

    def unused_names(self) -> tuple[str, ...]:
        """Imports never read anywhere, and locals of an outermost function not read inside it."""
        unused = self._imported - self._read_anywhere
        # In this order a declaration takes back what a later function left unread.
        for unread, declared in reversed(self._closed):
            unused |= unread
            unused -= declared
        return tuple(sorted(unused)[:_MAX_UNUSED_NAMES])


def _leaf(value: object) -> str:
    # Hexadecimal, because decimal text of a long integer is refused.
    return f"{hex(value) if type(value) is int else repr(value)},"


def _has_docstring(body: list[Any]) -> bool:
    first = body[0]
    return (
        type(first) is ast.Expr
        and type(first.value) is ast.Constant
        and type(first.value.value) is str
        and first.value.value != ""
    )
