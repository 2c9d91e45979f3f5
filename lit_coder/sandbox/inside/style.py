"""Facts of a program's style: what can never run, what is documented, its pieces as hashes.

    num_dead, documented = style(tree)
    pieces = shingles(tokens)             # of the tokens that `features` writes

Only called inside the child, before anything is executed. They are about statements, found with
an explicit stack, and say nothing about what a program does.
"""

from __future__ import annotations

import ast
from binascii import crc32

_MAX_NAMES = 50
_PIECE_TOKENS = 7
_MAX_PIECES = 512
_BLOCKS = ("body", "orelse", "finalbody")
_NO_PIECE = frozenset(("(Load ", "(Store ", "(Del ", "[", "]"))


def style(tree: ast.Module) -> tuple[int, tuple[str, ...]]:
    """The number of dead statements, and the top-level definitions that have a docstring.

    Dead is what stands behind a return, raise, break or continue of its block or under a
    condition that is written as a constant, a name or constant alone, `x = x`, and a `pass` that
    is not alone. Of a name that is defined again the last definition counts.
    """
    num_dead = 0
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.If, ast.While)) and isinstance(node.test, ast.Constant):
            num_dead += len(node.orelse if node.test.value else node.body)
        for name in _BLOCKS:
            block = getattr(node, name, None)
            # The body of a lambda or a conditional expression is no block.
            if isinstance(block, list) and block:
                num_dead += _num_dead(block, name == "body" and _is_documented_kind(node))
                stack += block
        for name in ("handlers", "cases"):
            stack += getattr(node, name, ())
    documented: dict[str, bool] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            documented[node.name] = _is_text(node.body[0])
    names = [name for name, has_text in documented.items() if has_text]
    return num_dead, tuple(names[:_MAX_NAMES])


def shingles(tokens: list[str]) -> str:
    """A hash of every few tokens in a row, each once: what near-duplicates share.

    Eight hexadecimal digits each, in order; of a long program the smallest ones, which are a fair
    choice.
    """
    known: dict[str, bytes] = {}
    written = bytearray()
    for token in tokens:
        if token not in _NO_PIECE:
            number = known.get(token)
            if number is None:
                text = token.encode("utf-8", "surrogatepass")
                number = known[token] = crc32(text).to_bytes(4, "big")
            written += number
    length = 4 * _PIECE_TOKENS
    last = max(0, len(written) - length)
    pieces = sorted({crc32(written[at : at + length]) for at in range(0, last + 1, 4)})
    return "".join([f"{piece:08x}" for piece in pieces[:_MAX_PIECES]])


def _num_dead(block: list[ast.stmt], may_have_docstring: bool) -> int:
    count = 0
    for place, statement in enumerate(block):
        if isinstance(statement, (ast.Return, ast.Raise, ast.Break, ast.Continue)):
            return count + len(block) - 1 - place
        if isinstance(statement, ast.Expr):
            value = statement.value
            is_docstring = may_have_docstring and place == 0 and _is_text(statement)
            is_ellipsis = isinstance(value, ast.Constant) and value.value is ...
            count += isinstance(value, (ast.Constant, ast.Name)) and not (
                is_docstring or is_ellipsis
            )
        elif isinstance(statement, ast.Pass):
            count += len(block) > 1
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name):
            target = statement.targets[0]
            count += isinstance(target, ast.Name) and target.id == statement.value.id
    return count


def _is_documented_kind(node: ast.AST) -> bool:
    return isinstance(node, (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
        and statement.value.value.strip() != ""
    )
