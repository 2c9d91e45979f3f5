"""Values as the Python text that makes them, the same in every process.

    literal({"b", "a"})       # "{'a', 'b'}"

`repr` gives the members of a set in the order of their hashes, which differs between processes.
"""

from __future__ import annotations

from lit_coder.problems.problem import Value


def literal(value: Value) -> str:
    """The text of a plain value; members of sets in the order of their texts."""
    if isinstance(value, (set, frozenset)):
        members = ", ".join(sorted(map(literal, value)))
        if isinstance(value, frozenset):
            return f"frozenset({{{members}}})" if members else "frozenset()"
        return f"{{{members}}}" if members else "set()"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        members = ", ".join(map(literal, value))
        return f"({members},)" if len(value) == 1 else f"({members})"
    if isinstance(value, dict):
        entries = (f"{literal(key)}: {literal(item)}" for key, item in value.items())
        return f"{{{', '.join(entries)}}}"
    return repr(value)


def call_text(name: str, arguments: tuple[Value, ...]) -> str:
    """A call as it is written."""
    return f"{name}({', '.join(map(literal, arguments))})"
