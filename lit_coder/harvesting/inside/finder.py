r"""Finds the functions of a file that can stand alone, with what they need; runs in the sandbox.

    find("import re\n\ndef words(text):\n    return re.findall(r'\w+', text)\n", "", 12)

Gives (functions, refused, calls): plain dictionaries of those that may be pure, the names of the
others with why, and the literal arguments with which any function is called in the file. A slice
is the function and, in the order of the file, the imports, constants, functions and classes that
it reaches by name. Nothing of the file is executed.
"""

from __future__ import annotations

import ast
import doctest
import warnings
from typing import Any

from lit_coder.harvesting.inside.hints import hint_of
from lit_coder.harvesting.inside.purity import decorator_fault, impurity
from lit_coder.harvesting.inside.slicing import Module, Unsliceable
from lit_coder.harvesting.inside.source_text import FunctionText, Unreadable

_MOST_PARAMETERS = 6
_MOST_CONTEXT_CHARS = 6000
_MOST_BODY_LINES = 80
_MOST_CALLS = 24
_MOST_LITERAL_CHARS = 300


def find(
    text: str, package: str, least_nodes: int
) -> tuple[list[dict[str, Any]], list[tuple[str, str]], dict[str, list[tuple[Any, ...]]]]:
    """Functions, refused names with reasons, and literal calls of a file of `package`.

    A function whose body has fewer syntax nodes than `least_nodes` does too little.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return [], [("", "the file does not parse")], {}
    module = Module(tree, text, package)
    found, refused = [], []
    for node in tree.body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        try:
            found.append(_function(module, node, least_nodes))
        except (Unsliceable, Unreadable) as reason:
            refused.append((node.name, str(reason)))
    return found, refused, _literal_calls(tree)


def _function(
    module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef, least_nodes: int
) -> dict[str, Any]:
    fault = impurity(node)
    if fault or not isinstance(node, ast.FunctionDef):
        raise Unsliceable(fault)
    if decorator_fault(node):
        raise Unsliceable(decorator_fault(node))
    if any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in _own_nodes(node)):
        raise Unsliceable("is a generator")
    parameters = _parameters(node)
    text = FunctionText.of(module.lines, node)
    if text.body.count("\n") > _MOST_BODY_LINES:
        raise Unsliceable("is too long")
    body = [each for statement in node.body for each in ast.walk(statement)]
    num_nodes = sum(not isinstance(each, (ast.Load, ast.Store, ast.Del)) for each in body)
    if num_nodes < least_nodes:
        raise Unsliceable("does too little")
    context = module.context(node)
    if len(context) > _MOST_CONTEXT_CHARS:
        raise Unsliceable("needs too much of its module")
    return {
        "name": node.name,
        "is_exported": module.binds_once(node.name),
        "line": node.lineno,
        "context": context,
        "header": text.header,
        "docstring": text.docstring,
        "body": text.body,
        "indent": text.indent,
        "parameters": parameters,
        "num_nodes": num_nodes,
        "complexity": 1 + sum(isinstance(each, _BRANCHES) for each in body),
        "fingerprint": _fingerprint(node),
        "constants": _constants(node),
        "examples": _doctest_calls(node),
    }


_BRANCHES = (
    ast.If,
    ast.For,
    ast.While,
    ast.ExceptHandler,
    ast.IfExp,
    ast.BoolOp,
    ast.comprehension,
)


def _own_nodes(function: ast.FunctionDef) -> list[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    nodes: list[ast.AST] = []
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))
    return nodes


def _parameters(function: ast.FunctionDef) -> list[tuple[str, Any, bool, str]]:
    """Name, hint, whether a value must be given, and the default, of each positional one."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    if any(default is None for default in arguments.kw_defaults):
        raise Unsliceable("needs arguments by name")
    if not positional and arguments.vararg is None:
        raise Unsliceable("takes no argument")
    if positional and positional[0].arg in ("self", "cls"):
        raise Unsliceable("is a method")
    if len(positional) > _MOST_PARAMETERS:
        raise Unsliceable("takes too many arguments")
    missing = len(positional) - len(arguments.defaults)
    defaults = [""] * missing + [ast.unparse(each) for each in arguments.defaults]
    found = [
        (each.arg, hint_of(each.annotation), not default, default)
        for each, default in zip(positional, defaults, strict=True)
    ]
    if arguments.vararg is not None:
        rest = ("*" + arguments.vararg.arg, hint_of(arguments.vararg.annotation))
        found += [(*rest, not positional, "")] * 2
    return found


def _fingerprint(function: ast.FunctionDef) -> str:
    """Equal for functions that differ in name, docstring, comments and layout."""
    bare = ast.parse(ast.unparse(function)).body[0]
    assert isinstance(bare, ast.FunctionDef)
    if ast.get_docstring(bare) is not None:
        bare.body = bare.body[1:] or [ast.Pass()]
    for node in ast.walk(bare):
        if isinstance(node, ast.Name) and node.id == function.name:
            node.id = "_"
    bare.name = "_"
    return ast.dump(bare)


def _constants(function: ast.FunctionDef) -> list[Any]:
    """Numbers and texts that the function names: what it compares with reaches its branches."""
    found: dict[str, Any] = {}
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    for statement in function.body:
        if statement is docstring:
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and type(node.value) in (int, float, str, bytes):
                text = repr(node.value)
                if len(text) <= 40 and text not in ("inf", "nan"):
                    found[text] = node.value
    return list(found.values())[:40]


def _doctest_calls(function: ast.FunctionDef) -> list[tuple[Any, ...]]:
    """The literal arguments of calls in the docstring's examples."""
    try:
        examples = doctest.DocTestParser().get_examples(ast.get_docstring(function) or "")
    except ValueError:
        return []
    calls: list[tuple[Any, ...]] = []
    for example in examples:
        try:
            calls += _literal_calls(ast.parse(example.source)).get(function.name, [])
        except (SyntaxError, ValueError):
            continue
    return calls[:_MOST_CALLS]


def _literal_calls(tree: ast.AST) -> dict[str, list[tuple[Any, ...]]]:
    """By the function's name the argument lists that are literals throughout."""
    found: dict[str, dict[str, tuple[Any, ...]]] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args or node.keywords:
            continue
        name = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        known = found.setdefault(name, {})
        if not name or len(known) >= _MOST_CALLS:
            continue
        try:
            arguments = tuple(ast.literal_eval(argument) for argument in node.args)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            continue
        text = repr(arguments)
        if len(text) <= _MOST_LITERAL_CHARS and Ellipsis not in arguments:
            known[text] = arguments
    return {name: list(calls.values()) for name, calls in found.items() if calls}
