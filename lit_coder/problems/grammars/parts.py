"""Expressions of our own grammars as functions, made once for each text.

    part("x, y", "x + y > 3")(1, 2)           # False

Whether a rule is idle is asked of nearly every problem that is drawn. Compiling a program without
the rule costs more than all the rest; its parts are few, so the program is put together of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=16384)
def part(arguments: str, expression: str) -> Callable[..., Any]:
    """The expression, one of a grammar's and never anyone else's text, as a function."""
    function: Callable[..., Any] = eval(f"lambda {arguments}: {expression}")
    return function


def defined(text: str, name: str) -> Callable[..., Any]:
    """The function that a text of our own defines."""
    namespace: dict[str, Any] = {}
    exec(compile(text, "<part>", "exec"), namespace)
    function: Callable[..., Any] = namespace[name]
    return function
