"""What of a module a function needs: its slice, in the order of the file; runs in the sandbox.

    Module(tree, text, "json").context(function)      # imports, constants, helpers as they stand

Names are followed through functions, classes and constants of the module to its imports. Of an
import only the names that are needed stay; a relative one is written out. A name that is bound in
more than one way, or whose object a function changes, cannot be taken.
"""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from typing import NamedTuple

from lit_coder.harvesting.inside.purity import (
    changes_of,
    decorator_fault,
    import_fault,
    impurity,
)

_BUILTINS = frozenset(dir(builtins)) | {"__name__"}
_MOST_PARTS = 30


class Unsliceable(ValueError):
    """The function cannot stand alone; the message says why."""


class _Import(NamedTuple):
    """One name that an import binds: `module` alone, or `name` of it."""

    module: str
    name: str
    bound: str
    line: int


class Module:
    """The first level of a file: which statement gives which name."""

    def __init__(self, tree: ast.Module, text: str, package: str) -> None:
        self.lines = text.splitlines(keepends=True)
        self._package = package
        self._imports: dict[str, _Import] = {}
        self._givers: dict[str, list[ast.stmt]] = defaultdict(list)
        self._has_postponed_annotations = False
        for statement in tree.body:
            self._note(statement)

    def context(self, function: ast.FunctionDef) -> str:
        """The text of everything that the function needs, without the function itself.

        Raises:
            Unsliceable: it needs what cannot be taken along.
        """
        imports: dict[str, _Import] = {}
        statements: dict[int, ast.stmt] = {}
        waiting = [(function, name) for name in sorted(_free_names(function))]
        self._refuse_changes(function)
        seen = {function.name}
        while waiting:
            _, name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            for statement in self._given(name, imports):
                if statement is function or statement.lineno in statements:
                    continue
                statements[statement.lineno] = statement
                self._check(statement)
                waiting += [(function, each) for each in sorted(_free_names(statement))]
            if len(statements) > _MOST_PARTS:
                raise Unsliceable("needs too much of its module")
        return self._text(imports, statements)

    def binds_once(self, name: str) -> bool:
        """Whether an import of the name from the module gives what is looked at here."""
        return len(self._givers.get(name, [])) == 1 and name not in self._imports

    def _note(self, statement: ast.stmt) -> None:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            self._givers[statement.name].append(statement)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            self._note_import(statement)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            return
        else:
            # Imports inside: `try: import x` and the like are taken as they are.
            for name in sorted(_bound_names(statement) | changes_of(statement)):
                self._givers[name].append(statement)

    def _note_import(self, statement: ast.Import | ast.ImportFrom) -> None:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                bound = alias.asname or alias.name.partition(".")[0]
                self._imports[bound] = _Import(alias.name, "", bound, statement.lineno)
            return
        module = statement.module or ""
        if module == "__future__":
            self._has_postponed_annotations |= any(
                alias.name == "annotations" for alias in statement.names
            )
            return
        if statement.level:
            parts = self._package.split(".")[: 1 - statement.level or None] if self._package else []
            module = ".".join([*parts, *([module] if module else [])]) if parts else ""
        for alias in statement.names:
            bound = alias.asname or alias.name
            self._imports[bound] = _Import(module, alias.name, bound, statement.lineno)

    def _given(self, name: str, imports: dict[str, _Import]) -> list[ast.stmt]:
        """The statements that make up a name; an import is put into `imports`."""
        givers = self._givers.get(name, [])
        definitions = [
            each
            for each in givers
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        ]
        if definitions:
            # A faster one from C may follow; the one in Python is what we look at.
            if len(definitions) > 1:
                raise Unsliceable("needs a name that is defined twice")
            return list(definitions)
        if givers:
            if sum(name in _bound_names(each) for each in givers) != 1 or name in self._imports:
                raise Unsliceable("needs a name that is bound twice")
            return givers
        found = self._imports.get(name)
        if found is not None:
            fault = import_fault(found.module, found.name) if found.module else "imports relatively"
            if fault or found.name == "*":
                raise Unsliceable(fault or "imports a star")
            imports[name] = found
            return []
        if name in _BUILTINS:
            return []
        raise Unsliceable("needs a name that its module does not give")

    def _check(self, statement: ast.stmt) -> None:
        fault = impurity(statement)
        if not fault and isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            fault = decorator_fault(statement)
            self._refuse_changes(statement)
        if fault:
            raise Unsliceable(fault)

    def _refuse_changes(self, definition: ast.stmt) -> None:
        """A function that changes an object of its module has a memory."""
        if (
            changes_of(definition)
            & _free_names(definition)
            & (set(self._givers) | set(self._imports))
        ):
            raise Unsliceable("has state outside of a call")

    def _text(self, imports: dict[str, _Import], statements: dict[int, ast.stmt]) -> str:
        head = ["from __future__ import annotations\n"] * self._has_postponed_annotations
        lines = {_import_line(each) for each in imports.values()}
        head += sorted(lines, key=lambda line: (line.startswith("from"), line))
        parts = ["".join(head)] if head else []
        plain = ""
        for line in sorted(statements):
            statement = statements[line]
            decorators = getattr(statement, "decorator_list", [])
            first = min([line, *(each.lineno for each in decorators)])
            text = "".join(self.lines[first - 1 : statement.end_lineno])
            text = text if text.endswith("\n") else text + "\n"
            if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                parts += [plain] * bool(plain) + [text]
                plain = ""
            else:
                plain += text
        parts += [plain] * bool(plain)
        return "\n\n".join(parts)


def _import_line(item: _Import) -> str:
    renamed = f" as {item.bound}" if item.bound != (item.name or item.module) else ""
    if item.name:
        return f"from {item.module} import {item.name}{renamed}\n"
    return f"import {item.module}{renamed if '.' not in item.module else ''}\n"


def _bound_names(node: ast.AST) -> set[str]:
    """Names that a node binds anywhere inside."""
    bound = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            bound.add(each.id)
        elif isinstance(each, (ast.FunctionDef, ast.ClassDef)):
            bound.add(each.name)
        elif isinstance(each, ast.arg):
            bound.add(each.arg)
        elif isinstance(each, (ast.Import, ast.ImportFrom)):
            bound |= {alias.asname or alias.name.partition(".")[0] for alias in each.names}
        elif isinstance(each, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and each.name:
            bound.add(each.name)
    return bound


def _free_names(node: ast.AST) -> set[str]:
    """Names that a definition or a statement reads and does not bind itself."""
    read = {
        each.id
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)
    }
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return read - (_bound_names(node) - {node.name})
    return read - _bound_names(node)
