"""Which code counts as pure by its syntax; runs in the sandbox.

    impurity(function)                     # "" or why not, as "uses open"
    import_fault("os", "path")             # "" where the module may be imported

Only what is known to neither read nor change the world passes: a list of modules and of names.
What syntax cannot show (state behind a method, an order that depends on hashes) is left to the
trials, which run every function twice.
"""

from __future__ import annotations

import ast

_PURE_MODULES_TEXT = (
    "__future__ _collections_abc abc array ast base64 binascii bisect calendar cmath codecs "
    "collections colorsys contextlib copy dataclasses datetime decimal difflib enum fnmatch "
    "fractions functools genericpath heapq hashlib hmac html ipaddress itertools json "
    "keyword math ntpath numbers opcode operator posixpath pprint quopri re reprlib shlex "
    "sre_compile sre_constants sre_parse stat statistics string stringprep struct textwrap "
    "token tokenize types typing unicodedata urllib warnings zlib encodings"
)
PURE_MODULES = frozenset(_PURE_MODULES_TEXT.split())
_SOME_OF = {
    "sys": {"maxsize", "maxunicode", "byteorder", "float_info", "hash_info", "intern"},
    "os": {"fspath", "sep", "altsep", "curdir", "pardir", "extsep", "linesep", "path", "PathLike"},
}
_PURE_URLLIB = ("urllib.parse", "urllib")
_BANNED_NAMES_TEXT = (
    "open input print exec eval compile __import__ globals locals vars id hash breakpoint "
    "exit quit help dir setattr delattr memoryview super"
)
_BANNED_NAMES = frozenset(_BANNED_NAMES_TEXT.split())
_BANNED_ATTRIBUTES_TEXT = (
    "now today utcnow time sleep random getrandom urandom environ getenv getcwd system "
    "popen read write readline readlines writelines seek flush close connect send recv "
    "exists isfile isdir stat lstat realpath abspath expanduser samefile getsize getmtime "
    "listdir walk glob urlopen fromtimestamp localtime __dict__ __globals__ __code__ "
    "__subclasses__ settrace setlocale filterwarnings simplefilter"
)
_BANNED_ATTRIBUTES = frozenset(_BANNED_ATTRIBUTES_TEXT.split())
_CHANGING_METHODS_TEXT = (
    "append extend insert remove pop clear update add discard setdefault popitem sort "
    "reverse appendleft popleft extendleft write"
)
_CHANGING_METHODS = frozenset(_CHANGING_METHODS_TEXT.split())
_PURE_DECORATORS = {"lru_cache", "cache", "staticmethod", "wraps", "total_ordering", "dataclass"}


def import_fault(module: str, name: str = "") -> str:
    """Why a program must not import the module, or this name of it; "" where it may."""
    root = module.partition(".")[0]
    if root in _SOME_OF and name and name not in _SOME_OF[root]:
        return f"uses {root}.{name}"
    if root == "urllib" and module not in _PURE_URLLIB:
        return f"imports {module}"
    if root not in PURE_MODULES and root not in _SOME_OF:
        return f"imports {root or 'its own package'}"
    return ""


def impurity(node: ast.AST) -> str:
    """Why a definition or a statement is not pure, by its syntax; "" where nothing shows it."""
    own = {
        each.arg if isinstance(each, ast.arg) else each.id
        for each in ast.walk(node)
        if isinstance(each, ast.arg)
        or (isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load))
    }
    for each in ast.walk(node):
        fault = _fault(each)
        if isinstance(each, ast.Name) and each.id in own:
            continue
        if fault:
            return fault
    return ""


def changes_of(node: ast.AST) -> set[str]:
    """Names whose objects a statement changes: `x[i] = ...`, `x.append(...)`, `x += ...`."""
    changed = set()
    for each in ast.walk(node):
        targets: list[ast.expr] = []
        if isinstance(each, (ast.Assign, ast.Delete)):
            targets = each.targets
        elif isinstance(each, (ast.AugAssign, ast.AnnAssign, ast.For)):
            targets = [each.target]
        is_sum = isinstance(each, ast.AugAssign)
        for target in targets:
            if is_sum or isinstance(target, (ast.Subscript, ast.Attribute)):
                changed.add(_root(target))
        called = each.func if isinstance(each, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in _CHANGING_METHODS:
            changed.add(_root(called.value))
    return changed - {""}


def decorator_fault(function: ast.FunctionDef | ast.ClassDef) -> str:
    """Why a decorator may change what a function does; "" where none does."""
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name not in _PURE_DECORATORS:
            return f"is decorated with {name or 'an expression'}"
    return ""


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _fault(node: ast.AST) -> str:
    if isinstance(node, (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)):
        return "is asynchronous"
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        return "has state outside of a call"
    if isinstance(node, ast.Name) and node.id in _BANNED_NAMES:
        return f"uses {node.id}"
    if isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        if owner in _SOME_OF and node.attr not in _SOME_OF[owner]:
            return f"uses {owner}.{node.attr}"
        if node.attr in _BANNED_ATTRIBUTES:
            return f"uses .{node.attr}"
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return _imports_fault(node)
    return ""


def _imports_fault(node: ast.Import | ast.ImportFrom) -> str:
    if isinstance(node, ast.Import):
        return next(filter(None, (import_fault(alias.name) for alias in node.names)), "")
    module = "" if node.level else node.module or ""
    return next(filter(None, (import_fault(module, alias.name) for alias in node.names)), "")
