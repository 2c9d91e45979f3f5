"""Plain Python values as bytes, by exact type: the only way anything crosses between processes.

    data = encode((1, {"a": {2.5, None}}))
    value = decode(data, MAX_VALUE_BYTES)      # refuses what `encode` would not have written

JSON underneath, so that reading hostile bytes can build nothing but plain values. Containers
and what JSON cannot say are arrays that start with a tag. `type(v) is int` decides, never
`isinstance`: a subclass with its own `__eq__` does not cross. It does not keep aliasing: the
same list twice becomes two lists.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Iterable
from itertools import chain
from json.encoder import encode_basestring_ascii
from typing import Any, NoReturn

MAX_DEPTH = 100
MAX_VALUE_BYTES = 2**20

# Integers up to this are JSON numbers; larger ones are hexadecimal text, which has no digit limit.
_PLAIN_INTEGER = 2**53
# So many keys of one container may have the same hash.
_MAX_EQUAL_HASHES = 64
# No item costs more for each of its bytes: a float is 20 for `0.0` and a comma.
_MAX_COST_PER_BYTE = 5
# The JavaScript driver does not count the message around a value, and numbers a little less.
_MARGIN = 16
_CONTAINER_HEADS: dict[type, str] = {
    list: '["l"',
    tuple: '["t"',
    set: '["e"',
    frozenset: '["f"',
    dict: '["d"',
}


class CodecError(ValueError):
    """The value cannot cross, or the bytes are not an encoded value."""


def encode(value: object, max_bytes: int = MAX_VALUE_BYTES) -> bytes:
    """The bytes of a plain value.

    Raises:
        CodecError: a type that cannot cross exactly, too deep or too large.
    """
    texts: list[str] = []
    _append_texts((value,), 0, max_bytes, texts)
    data = texts[0].encode("ascii")
    if len(data) > 3 * max_bytes:
        # Escapes: a character can become six bytes, twelve beyond the basic plane.
        raise CodecError("the value is too large")
    return data


def _append_texts(items: Iterable[Any], depth: int, budget: int, texts: list[str]) -> int:
    """Append the JSON text of every item; what is left of the budget.

    The budget bounds the size while the value is walked: shared substructure can be exponentially
    large. The frequent types are handled here, without a call for each item.
    """
    for item in items:
        if depth > MAX_DEPTH:
            raise CodecError("the value is nested too deeply")
        kind = type(item)
        if kind is int and -_PLAIN_INTEGER <= item <= _PLAIN_INTEGER:
            budget -= 8 + item.bit_length() // 4
            texts.append(repr(item))
        elif kind is float and math.isfinite(item):
            budget -= 20
            texts.append(repr(item))
        elif kind is str and item.isascii() and len(item) < budget:
            budget -= 2 + len(item)
            texts.append(encode_basestring_ascii(item))
        elif item is None or kind is bool:
            budget -= 5
            texts.append("null" if item is None else "true" if item else "false")
        elif (head := _CONTAINER_HEADS.get(kind)) is not None:
            parts = [head]
            budget = _append_texts(_items(item), depth + 1, _spend(budget, 5), parts)
            texts.append(",".join(parts) + "]")
        else:
            budget = _spend(budget, _cost(item))
            texts.append(_rare_text(item))
        if budget < 0:
            raise CodecError("the value is too large")
    return budget


def _spend(budget: int, cost: int) -> int:
    if cost > budget:
        raise CodecError("the value is too large")
    return budget - cost


def _items(container: Any) -> Iterable[object]:
    # A copy of what can change: a thread of the program may change it under the walk.
    if type(container) is dict:
        return chain.from_iterable(list(container.items()))
    return container if type(container) in (tuple, frozenset) else list(container)


def _cost(value: object) -> int:
    """The cost of a value, known before its text is built."""
    if type(value) is int:
        return 8 + value.bit_length() // 4
    if type(value) is float:
        return 20
    if type(value) is str:
        return 2 + len(value)
    if type(value) is bytes:
        return 8 + 2 * len(value)
    if type(value) is complex:
        return 48
    # The name may be of a class whose `__format__` is the program's own.
    name = str.__getitem__(type(value).__name__, slice(0, 80))
    raise CodecError(f"a value of type {name} cannot cross")


def _rare_text(value: object) -> str:
    if type(value) is str:
        return _unicode_text(value)
    if type(value) is int:
        return f'["i","{value:#x}"]'
    if type(value) is float:
        return f'["n","{value!r}"]'
    if type(value) is bytes:
        return f'["b","{value.hex()}"]'
    assert type(value) is complex
    return f'["c","{value.real!r}","{value.imag!r}"]'


def _unicode_text(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        # JSON would join two lone surrogates that stand side by side into one character.
        return f'["u","{text.encode("utf-8", "surrogatepass").hex()}"]'
    return encode_basestring_ascii(text)


def decode(data: bytes, max_bytes: int = MAX_VALUE_BYTES) -> object:
    """The value of encoded bytes, which may be no larger than `encode` allows.

    Raises:
        CodecError: the bytes are not what `encode` writes with that `max_bytes`.
    """
    allowed = max_bytes + max_bytes // _MARGIN
    try:
        # Below this length nothing can be too large, and most values are far below it.
        if _MAX_COST_PER_BYTE * len(data) <= allowed:
            tree = _JSON.decode(data.decode("utf-8"))
        else:
            tree = _large_tree(data, allowed)
        return _from_tree(tree, 0) if type(tree) in (list, dict) else tree
    except CodecError:
        raise
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise CodecError(f"not an encoded value: {type(error).__name__}") from None


def _large_tree(data: bytes, budget: int) -> Any:
    """The parsed text, if the value is within the budget.

    A few bytes can become an object of a hundred: the items are counted before there are any, and
    their exact cost is known before they become sets and dictionaries, which are larger still.
    """
    # With the escapes gone, every quotation mark begins or ends a text.
    if len(data) <= 3 * budget:
        marks = _TEXT.sub(b"", data.replace(rb"\\", b"").replace(rb"\"", b""))
        # An item costs at least 2, an array 5 with its comma; a text of lone surrogates, 3, is
        # an array of two.
        if 2 * marks.count(b",") + 3 * marks.count(b"[") - 4 * data.count(b'["u"') <= budget:
            tree = _JSON.decode(data.decode("utf-8"))
            _spend_tree(tree, budget)
            return tree
    raise CodecError("the value is too large")


def _spend_tree(tree: object, budget: int) -> None:
    """Refuse a tree that costs more than the budget, by the encoder's own rule."""
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if item is None or type(item) is bool:
            budget = _spend(budget, 5)
        elif type(item) is not list:
            budget = _spend(budget, _cost(item))
        elif item and item[0] in _CONTAINER_TAGS:
            budget = _spend(budget, 5)
            waiting += item[1:]
        else:
            tag = item[0] if item else None
            budget = _spend(budget, _cost(_scalar_from_tree(tag, item[1:])))


def _refuse_constant(text: str) -> NoReturn:
    raise CodecError(f"not an encoded value: {text}")


# Building one takes longer than reading a small value.
_JSON = json.JSONDecoder(parse_constant=_refuse_constant)
_TEXT = re.compile(rb'"[^"]*"')
_CONTAINER_TAGS = ("l", "t", "d", "e", "f")


def _from_tree(tree: Any, depth: int) -> object:
    """The value of an array, which is taken apart; a JSON object is refused."""
    if type(tree) is dict:
        raise CodecError("not an encoded value: object")
    tag = tree.pop(0) if tree else None
    if tag not in _CONTAINER_TAGS:
        return _scalar_from_tree(tag, tree)
    if depth == MAX_DEPTH and tree:
        raise CodecError("the value is nested too deeply")
    for index, item in enumerate(tree):
        if type(item) is list or type(item) is dict:
            tree[index] = _from_tree(item, depth + 1)
    if tag == "l":
        return tree
    if tag == "t":
        return tuple(tree)
    if tag == "d":
        if len(tree) % 2:
            raise CodecError("not an encoded value: odd dictionary")
        return dict(zip(_spread_keys(tree[::2]), tree[1::2], strict=True))
    return set(_spread_keys(tree)) if tag == "e" else frozenset(_spread_keys(tree))


def _spread_keys(keys: list[Any]) -> list[Any]:
    """The keys, unless many share a hash: time would grow with the square of their number.

    Hashes that differ only in high bits cost a dozen probes each and are let through.
    """
    if len(keys) > _MAX_EQUAL_HASHES:
        # Sorted, as a set or a dictionary of hashes can collide itself.
        hashes = sorted(map(hash, keys))
        if any(map(operator.eq, hashes, hashes[_MAX_EQUAL_HASHES:])):
            raise CodecError("the keys collide")
    return keys


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
