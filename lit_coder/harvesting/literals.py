"""Values as the Python text that makes them, the same in every process.

    literal({"b", "a"})       # "{'a', 'b'}"

`repr` gives the members of a set in the order of their hashes, which differs between processes.
"""

from __future__ import annotations

from lit_coder.problems.problem import Value


def literal(value: Value, prefers_double_quotes: bool = False) -> str:
    """The text of a plain value; members of sets in the order of their texts."""

    def text(each: Value) -> str:
        return literal(each, prefers_double_quotes)

    if isinstance(value, (set, frozenset)):
        members = ", ".join(sorted(map(text, value)))
        if isinstance(value, frozenset):
            return f"frozenset({{{members}}})" if members else "frozenset()"
        return f"{{{members}}}" if members else "set()"
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, tuple):
        members = ", ".join(map(text, value))
        return f"({members},)" if len(value) == 1 else f"({members})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{text(key)}: {text(item)}' for key, item in value.items())}}}"
    shown = repr(value)
    if prefers_double_quotes and isinstance(value, (str, bytes)) and '"' not in shown:
        start = shown.index("'")
        shown = f'{shown[:start]}"{shown[start + 1 : -1]}"'
    return shown


def call_text(name: str, arguments: tuple[Value, ...]) -> str:
    """A call as it is written."""
    return f"{name}({', '.join(map(literal, arguments))})"
