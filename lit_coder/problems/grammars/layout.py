r'''Lays a docstring out: on one line where it fits, else wrapped at 88 columns.

    docstring(["Return the sum."], [">>> f([1])", "1"], indent=4)
    # '"""Return the sum.\n\n    >>> f([1])\n    1\n    """'

Paragraphs stand apart by an empty line, but items, which begin with "- ", stand together.
'''

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

WIDTH = 88
_QUOTES = '"""'


def docstring(paragraphs: Sequence[str], examples: Sequence[str], indent: int) -> str:
    """The docstring's text with its quotes; its first line is not indented."""
    first = paragraphs[0]
    if (
        len(paragraphs) == 1
        and not examples
        and len(first) <= WIDTH - indent - 6
        and not first.endswith('"')
    ):
        return f"{_QUOTES}{first}{_QUOTES}"
    margin = " " * indent
    lines = list(wrapped(first, WIDTH - indent - 3, WIDTH - indent))
    for before, paragraph in pairwise(paragraphs):
        if not (before.startswith("- ") and paragraph.startswith("- ")):
            lines.append("")
        lines += wrapped(paragraph, WIDTH - indent, WIDTH - indent)
    if examples:
        lines += ["", *examples]
    text = "\n".join(f"{margin}{line}" if line else "" for line in lines)
    return f"{_QUOTES}{text.lstrip()}\n{margin}{_QUOTES}"


def comment(paragraphs: Sequence[str]) -> str:
    """The paragraphs as comment lines."""
    lines: list[str] = []
    for index, paragraph in enumerate(paragraphs):
        if index and not (paragraph.startswith("- ") and paragraphs[index - 1].startswith("- ")):
            lines.append("")
        lines += wrapped(paragraph, WIDTH - 2, WIDTH - 2)
    return "\n".join(f"# {line}" if line else "#" for line in lines)


def wrapped(text: str, first_width: int, width: int) -> Iterator[str]:
    """The text's lines; those of an item that follow its first stand under its words."""
    margin = "  " if text.startswith("- ") else ""
    room = first_width
    while len(text) > room:
        cut = text.rfind(" ", 0, room + 1)
        if cut <= len(margin):
            break
        yield text[:cut]
        text = margin + text[cut + 1 :]
        room = width
    yield text
