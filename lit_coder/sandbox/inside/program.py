"""Loads a program's text in the child: features first, then compile, then execute.

    module = load(source, "candidate", send)     # None: `send` has said why

It runs in the process of the program itself, so nothing it says can be more than a claim of that
process; what must be believed is decided elsewhere.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import sys
from collections.abc import Callable
from types import ModuleType

from .features import describe_whole

Send = Callable[[tuple[object, ...]], None]

MAX_DETAIL_CHARS = 300

BUILTIN_EXCEPTIONS: dict[str, type[BaseException]] = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException) and kind.__name__ == name
}
_BUILTIN_EXCEPTION_NAMES = {kind: name for name, kind in BUILTIN_EXCEPTIONS.items()}


def builtin_name(error: BaseException) -> str:
    """The name of the nearest built-in class of an exception; only such names cross."""
    for kind in type.mro(type(error)):
        if kind in _BUILTIN_EXCEPTION_NAMES:
            return _BUILTIN_EXCEPTION_NAMES[kind]
    return "BaseException"


def exception_text(error: BaseException) -> str:
    """The exception's first argument, where it is plain text or a small number.

    The program's own `__str__` is not called.
    """
    arguments: object = error.args
    text = arguments[0] if type(arguments) is tuple and arguments else ""
    if type(text) is int and abs(text) < 2**63:
        return str(text)
    return text[:MAX_DETAIL_CHARS] if type(text) is str else ""


def load(source: str, module_name: str, send: Send) -> ModuleType | None:
    """Parse, describe, compile and execute the program.

    Sends ("features", ...) and ("loaded",), or ("syntax_error", text), or
    ("error", exception name, text).
    """
    try:
        tree = ast.parse(source)
        facts = describe_whole(tree, source)
        code = compile(tree, "<program>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        # Zero bytes are a ValueError up to 3.11; nesting is a RecursionError or MemoryError.
        line = f" (line {error.lineno})" if isinstance(error, SyntaxError) else ""
        text = error.msg if isinstance(error, SyntaxError) else exception_text(error)
        send(("syntax_error", f"{type(error).__name__}: {text}{line}"[:MAX_DETAIL_CHARS]))
        return None
    del tree
    send(("features", facts))
    module = ModuleType(module_name)
    module.__dict__["__builtins__"] = builtins
    # Dataclasses and typing look a class's module up by its name.
    sys.modules[module_name] = module
    try:
        exec(code, module.__dict__)
    # The program may raise anything, SystemExit and its own BaseExceptions included.
    except BaseException as error:
        send(("error", builtin_name(error), exception_text(error)))
        return None
    send(("loaded",))
    return module


def flush_output() -> None:
    """Write out what the program printed; it may have put anything in place of the streams."""
    for stream in (sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(Exception):
            if stream is not None:
                stream.flush()
