"""Plain Python values as bytes, by exact type: the only way anything crosses between processes.

    data = encode((1, {"a": {2.5, None}}))
    value = decode(data)

JSON underneath, so that reading hostile bytes can build nothing but plain values. Containers
and what JSON cannot say are arrays that start with a tag. `type(v) is int` decides, never
`isinstance`: a subclass with its own `__eq__` does not cross. It does not keep aliasing: the
same list twice becomes two lists.
"""

from __future__ import annotations

import json
import math
from collections.abc import Hashable
from typing import NoReturn

MAX_DEPTH = 100
MAX_VALUE_BYTES = 2**20

# Integers up to this are JSON numbers; larger ones are hexadecimal text, which has no digit limit.
_PLAIN_INTEGER = 2**53
_MANY_KEYS = 64


class CodecError(ValueError):
    """The value cannot cross, or the bytes are not an encoded value."""


class _Budget:
    """Bounds the size while a value is walked: shared substructure can be exponentially large."""

    def __init__(self, max_bytes: int) -> None:
        self.remaining = max_bytes

    def spend(self, amount: int) -> None:
        self.remaining -= amount
        if self.remaining < 0:
            raise CodecError("the value is too large")


def encode(value: object, max_bytes: int = MAX_VALUE_BYTES) -> bytes:
    """The bytes of a plain value.

    Raises:
        CodecError: a type that cannot cross exactly, too deep or too large.
    """
    tree = _to_tree(value, 0, _Budget(max_bytes))
    data = json.dumps(tree, check_circular=False, separators=(",", ":")).encode("ascii")
    if len(data) > 3 * max_bytes:
        # Escapes: a character can become six bytes, twelve beyond the basic plane.
        raise CodecError("the value is too large")
    return data


def decode(data: bytes) -> object:
    """The value of encoded bytes.

    Raises:
        CodecError: the bytes are not what `encode` writes.
    """
    try:
        return _from_tree(json.loads(data, parse_constant=_refuse_constant), 0)
    except CodecError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CodecError(f"not an encoded value: {type(error).__name__}") from None


def _refuse_constant(text: str) -> NoReturn:
    raise CodecError(f"not an encoded value: {text}")


def _to_tree(value: object, depth: int, budget: _Budget) -> object:
    if depth > MAX_DEPTH:
        raise CodecError("the value is nested too deeply")
    if value is None or type(value) is bool:
        budget.spend(5)
        return value
    if type(value) is int:
        budget.spend(8 + value.bit_length() // 4)
        return value if -_PLAIN_INTEGER <= value <= _PLAIN_INTEGER else ["i", hex(value)]
    if type(value) is float:
        budget.spend(20)
        return value if math.isfinite(value) else ["n", repr(value)]
    if type(value) is str:
        return _text_to_tree(value, budget)
    if type(value) is bytes:
        budget.spend(8 + 2 * len(value))
        return ["b", value.hex()]
    if type(value) is complex:
        budget.spend(48)
        return ["c", repr(value.real), repr(value.imag)]
    return _container_to_tree(value, depth, budget)


def _text_to_tree(text: str, budget: _Budget) -> object:
    budget.spend(2 + len(text))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        # JSON would join two lone surrogates that stand side by side into one character.
        return ["u", text.encode("utf-8", "surrogatepass").hex()]
    return text


def _container_to_tree(value: object, depth: int, budget: _Budget) -> list[object]:
    budget.spend(5)
    items: list[object]
    tag = _CONTAINER_TAGS.get(type(value))
    if tag is None:
        raise CodecError(f"a value of type {type(value).__name__[:80]} cannot cross")
    # A copy first: a thread of the program may change the container under the walk.
    if type(value) is dict:
        items = [part for pair in list(value.items()) for part in pair]
    else:
        assert isinstance(value, (list, tuple, set, frozenset))
        items = list(value)
    tree: list[object] = [tag]
    tree.extend(_to_tree(item, depth + 1, budget) for item in items)
    return tree


_CONTAINER_TAGS: dict[type, str] = {list: "l", tuple: "t", set: "e", frozenset: "f", dict: "d"}


def _from_tree(tree: object, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise CodecError("the value is nested too deeply")
    if not isinstance(tree, list):
        if isinstance(tree, dict):
            raise CodecError("not an encoded value: object")
        return tree
    tag = tree[0] if tree else None
    if tag in ("l", "t", "e", "f", "d"):
        items = [_from_tree(item, depth + 1) for item in tree[1:]]
        if tag == "l":
            return items
        if tag == "t":
            return tuple(items)
        if tag == "d":
            if len(items) % 2:
                raise CodecError("not an encoded value: odd dictionary")
            keys = _spread_keys(items[::2])
            return dict(zip(keys, items[1::2], strict=True))
        return set(_spread_keys(items)) if tag == "e" else frozenset(_spread_keys(items))
    return _scalar_from_tree(tag, tree[1:])


def _spread_keys(keys: list[object]) -> list[Hashable]:
    """The keys, unless most of them share a hash: such a dictionary takes minutes to build."""
    hashable: list[Hashable] = []
    for key in keys:
        if not isinstance(key, Hashable):
            raise CodecError("not an encoded value: unhashable key")
        hashable.append(key)
    if len(keys) > _MANY_KEYS and 4 * len({hash(key) for key in hashable}) < len(keys):
        raise CodecError("the keys collide")
    return hashable


def _scalar_from_tree(tag: object, parts: list[object]) -> object:
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) != len(parts) or len(texts) != (2 if tag == "c" else 1):
        raise CodecError("not an encoded value: malformed scalar")
    if tag == "i":
        return int(texts[0], 16)
    if tag == "n":
        return float(texts[0])
    if tag == "u":
        return bytes.fromhex(texts[0]).decode("utf-8", "surrogatepass")
    if tag == "b":
        return bytes.fromhex(texts[0])
    if tag == "c":
        return complex(float(texts[0]), float(texts[1]))
    raise CodecError("not an encoded value: unknown tag")
