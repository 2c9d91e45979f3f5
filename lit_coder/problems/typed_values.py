"""Python values in JSON, with their exact types: JSON knows no tuple, set, bytes or complex.

    value_from_json({"tuple": [1, 2]})            # (1, 2)
    value_to_json((1, 2))                         # {"tuple": [1, 2]}

null, true, false, numbers, strings and lists stand for themselves, and so does an object, as a
dict with string keys. An object whose only key is one of the names of `TYPE_NAMES` is a value of
that type: `tuple`, `set`, `frozenset` (a list of members), `dict` (a list of [key, value] pairs,
for keys that are no strings), `bytes` (hexadecimal digits), `complex` ([real, imaginary]).
A dict that happens to look like that is written with `dict`.
"""

from __future__ import annotations

from lit_coder.problems.problem import Value

TYPE_NAMES = ("tuple", "set", "frozenset", "dict", "bytes", "complex")


def value_from_json(raw: object) -> Value:
    """The Python value that parsed JSON stands for.

    Raises:
        ValueError: the content of a typed value does not fit its type.
    """
    if isinstance(raw, list):
        return [value_from_json(member) for member in raw]
    if not isinstance(raw, dict):
        return raw
    if len(raw) == 1 and (name := next(iter(raw))) in TYPE_NAMES:
        content = raw[name]
        try:
            return _typed(name, content)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{content!r} is no content of a {name} ({error})") from error
    return {key: value_from_json(item) for key, item in raw.items()}


def value_to_json(value: Value) -> object:
    """What `value_from_json` makes the value of; members of sets in the order of their texts."""
    if isinstance(value, list):
        return [value_to_json(member) for member in value]
    if isinstance(value, tuple):
        return {"tuple": [value_to_json(member) for member in value]}
    if isinstance(value, (set, frozenset)):
        return {type(value).__name__: [value_to_json(each) for each in sorted(value, key=repr)]}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value) and not set(value) & set(TYPE_NAMES):
            return {key: value_to_json(item) for key, item in value.items()}
        return {"dict": [[value_to_json(key), value_to_json(each)] for key, each in value.items()]}
    return value


def _typed(name: str, content: object) -> Value:
    """A value of the type `name`."""
    if name == "bytes":
        if not isinstance(content, str):
            raise TypeError("hexadecimal digits in a string are needed")
        return bytes.fromhex(content)
    if not isinstance(content, list):
        raise TypeError("a list is needed")
    if name == "complex":
        real, imaginary = map(float, content)
        return complex(real, imaginary)
    members = [value_from_json(member) for member in content]
    if name == "dict":
        pairs: dict[object, object] = {}
        for pair in members:
            if not isinstance(pair, list):
                raise TypeError("a list of [key, value] pairs is needed")
            key, item = pair
            pairs[key] = item
        return pairs
    if name == "tuple":
        return tuple(members)
    return set(members) if name == "set" else frozenset(members)
