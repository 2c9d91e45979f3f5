r"""Code in an answer: the blocks between fences, and whether there is anything beside them.

    python_blocks("So:\n```python\nx = 1\n```\nDone.")      # ["x = 1\n"]
    only_program("```python\nx = 1\n```")                   # "x = 1\n"

A fence is a line that begins with three or more backquotes or tildes; it is closed by as many, or
by the end of the text. A block without a language counts as Python where no block names one. Text
is looked at as text: nothing is parsed.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([^\s`{]*)[^`]*$")
_PYTHON = frozenset(("python", "py", "python3", "py3", "python2", "ipython"))


class Block(NamedTuple):
    """A block's language in lower case, "" where it names none, and its lines."""

    language: str
    code: str


def blocks(text: str) -> tuple[list[Block], str]:
    """The blocks of a text, and what stands outside of them."""
    found: list[Block] = []
    outside: list[str] = []
    inside: list[str] = []
    fence = language = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not mark[2]:
                found.append(Block(language, _lines(inside)))
                fence, inside = "", []
            else:
                inside.append(line)
        elif mark:
            fence, language = mark[1], mark[2].lower().strip(":.")
        else:
            outside.append(line)
    if fence:
        found.append(Block(language, _lines(inside)))
    return found, "\n".join(outside)


def python_blocks(text: str) -> list[str]:
    """The blocks in Python, in their order; unnamed ones where none is named Python."""
    found, _ = blocks(text)
    named = [block.code for block in found if block.language in _PYTHON]
    if named or any(block.language for block in found):
        return named
    return [block.code for block in found]


def language_of(text: str) -> str:
    """The language of a text's blocks: "python" where there is one, else the first that is named.

    A text without a named block is taken for Python.
    """
    named = [block.language for block in blocks(text)[0] if block.language]
    if not named or any(language in _PYTHON for language in named):
        return "python"
    return named[0]


def only_program(text: str) -> str | None:
    """The program where a text is nothing else, perhaps in a fence; None where it has prose."""
    if "```" not in text and "~~~" not in text:
        return text
    found, outside = blocks(text)
    return found[0].code if len(found) == 1 and not outside.strip() else None


def _lines(lines: list[str]) -> str:
    return "\n".join(lines) + "\n" if lines else ""
