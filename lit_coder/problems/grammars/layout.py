r'''Lays a docstring out: on one line where it fits, else wrapped at 88 columns.

    docstring(["Return the sum."], [">>> f([1])", "1"], indent=4)
    # '"""Return the sum.\n\n    >>> f([1])\n    1\n    """'

Paragraphs stand apart by an empty line, but items, which begin with "- ", stand together, and what
is indented stands under what is before it: the entries of "Args:".
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
        is_next_item = before.startswith("- ") and paragraph.startswith("- ")
        if not is_next_item and not paragraph.startswith("    "):
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
    margin = " " * (len(text) - len(text.lstrip()))
    if text.startswith("- "):
        margin = "  "
    elif margin and text.split()[0].endswith(":"):
        # An argument's further lines stand under its words.
        margin += "    "
    room = first_width
    while len(text) > room:
        cut = text.rfind(" ", 0, room + 1)
        if cut <= len(margin):
            break
        yield text[:cut]
        text = margin + text[cut + 1 :]
        room = width
    yield text


def collected(
    start: str, brackets: str, element: str, loop: str, tests: Sequence[str] = (), end: str = ""
) -> list[str]:
    """The lines of a comprehension in a function's body: on one where they fit.

    Args:
        start: what stands before it: "found = ".
        brackets: those it stands in: "[]".
        element: what is collected.
        loop: "for x in xs".
        tests: conditions that must hold together.
        end: what follows within outer brackets, as `, reverse=True`.
    """
    holds = joined_tests(tests)
    parts = [element, loop, *([f"if {holds}"] if holds else [])]
    line = f"{start}{brackets[0]}{' '.join(parts)}{brackets[1:]}{end}"
    if len(line) <= WIDTH - 4:
        return [line]
    return [f"{start}{brackets[0]}", *(f"    {part}" for part in parts), f"{brackets[1:]}{end}"]


def joined_tests(tests: Sequence[str]) -> str:
    """Conditions that must hold together, as one expression."""
    if len(tests) == 1:
        return tests[0]
    return " and ".join(f"({each})" if " or " in each else each for each in tests)


def joined(parts: Sequence[str], last: str = "and") -> str:
    """Words as a list: "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"
