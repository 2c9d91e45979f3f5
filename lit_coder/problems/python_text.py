r"""Parses Python text of problem files without executing it and without a word on standard error.

    tree = parse_quietly('assert re.match("\d", f(1))')

Only for tests and benchmark solutions. What a model wrote is parsed in the sandbox alone.
"""

from __future__ import annotations

import ast
import warnings


def parse_quietly(text: str) -> ast.Module:
    """The syntax tree of `text`.

    Raises:
        SyntaxError: the text is no Python.
        ValueError: the text holds a null character.
    """
    with warnings.catch_warnings():
        # Old tests are full of "\d"; Python warns of it, and may be told to make that an error.
        warnings.simplefilter("ignore")
        return ast.parse(text)
