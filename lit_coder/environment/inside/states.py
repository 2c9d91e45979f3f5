"""The state of a program between two statements, as short digests; runs in the sandbox.

    described(value)                   # a text that equal values share, also of other processes
    State.of(frames, place, output)    # local variables of all frames, and where the program is

Two digests: in one, variables go by name, in the other by the order in which the function first
names them, for programs that call the same things differently. Values of the program's own classes
are described by their attributes, iterators by what they have left. What has only an address is
described by its type.
"""

from __future__ import annotations

import contextlib
import warnings
from _blake2 import blake2b
from collections import deque
from collections.abc import Iterable
from types import FrameType, FunctionType, GeneratorType
from typing import Any, NamedTuple

from lit_coder.environment.inside.numbering import FILE_NAME

MODULE_NAME = "candidate"
_MOST_PARTS = 20_000
_MOST_DEPTH = 30
_LONG_INTEGER = 4000
_CONTAINERS = (list, tuple, dict, set, frozenset, deque)
_ITERATED: tuple[Iterable[Any], ...] = ([], (), "", range(0), {}, set(), {}.values(), {}.items())
_ITERATORS: tuple[type, ...] = (
    *(type(iter(each)) for each in _ITERATED),
    type(reversed([])),
    enumerate,
    zip,
)
_HIDDEN = ("__builtins__", "__name__", "__doc__", "__loader__", "__package__", "__spec__")


class State(NamedTuple):
    """Digests of a state, and the place: function, and statement counted from its first."""

    by_name: str
    by_order: str
    place: tuple[str, int]

    @staticmethod
    def of(frames: list[FrameType], place: tuple[str, int], more: Iterable[str]) -> State:
        """The state of these frames, the innermost first; `more` is what else belongs to it."""
        by_name, by_order = [repr(place), *more], [repr(place), *more]
        for frame in frames:
            code = frame.f_code
            local = frame.f_locals
            if code.co_name == "<module>":
                names: tuple[str, ...] = tuple(name for name in local if name not in _HIDDEN)
            else:
                names = (*code.co_varnames, *code.co_cellvars, *code.co_freevars) or tuple(local)
            texts = {name: described(local[name]) for name in names if name in local}
            by_name += [f"{name}={texts[name]}" for name in sorted(texts)]
            by_order += list(texts.values())
        return State(_digest(by_name), _digest(by_order), place)


def globals_text(names: dict[str, Any]) -> str:
    """The plain values among a module's names."""
    plain = {
        name: value
        for name, value in names.items()
        if name not in _HIDDEN and isinstance(value, (int, float, str, bytes, *_CONTAINERS))
    }
    return described(plain) if plain else ""


def described(value: Any) -> str:
    """A text of a value that an equal value has, too."""
    parts: list[str] = []
    _describe(value, parts, ())
    return "".join(parts)


def _digest(texts: list[str]) -> str:
    return blake2b("\0".join(texts).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _describe(value: Any, parts: list[str], above: tuple[int, ...]) -> None:
    kind = type(value)
    if len(parts) > _MOST_PARTS or len(above) > _MOST_DEPTH or id(value) in above:
        parts.append("...")
    elif kind is int and value.bit_length() > _LONG_INTEGER:
        parts.append(hex(value))
    elif value is None or kind in (bool, int, float, complex, str, bytes, range, slice):
        parts.append(repr(value))
    elif isinstance(value, _CONTAINERS):
        _describe_container(value, parts, (*above, id(value)))
    else:
        parts.append(f"{kind.__module__}.{kind.__qualname__}")
        _describe_all(_attributes(value), parts, (*above, id(value)))


def _describe_container(value: Any, parts: list[str], above: tuple[int, ...]) -> None:
    parts.append(type(value).__name__)
    if isinstance(value, dict):
        for key, item in dict.items(value):
            _describe_all((key, item), parts, above)
    elif isinstance(value, (set, frozenset)):
        # The order of hashes differs between processes.
        texts = []
        for each in value:
            text: list[str] = []
            _describe(each, text, above)
            texts.append("".join(text))
        parts += ["{", ",".join(sorted(texts)), "}"]
    else:
        _describe_all(value, parts, above)
    if type(value).__module__ == MODULE_NAME:
        _describe_all(_attributes(value), parts, above)


def _describe_all(values: Iterable[Any], parts: list[str], above: tuple[int, ...]) -> None:
    parts.append("(")
    for value in values:
        _describe(value, parts, above)
        parts.append(",")
    parts.append(")")


def _attributes(value: Any) -> list[Any]:
    """What an object is made of, as far as that can be looked at without running the program."""
    kind = type(value)
    if kind is FunctionType:
        cells = []
        for cell in value.__closure__ or ():
            with contextlib.suppress(ValueError):  # an empty cell
                cells.append(cell.cell_contents)
        return [value.__qualname__, value.__defaults__, cells]
    if kind is GeneratorType:
        frame = value.gi_frame
        is_own = frame is not None and frame.f_code.co_filename == FILE_NAME
        return [value.__qualname__, list(frame.f_locals.values()) if is_own else None]
    if kind.__module__ == MODULE_NAME:
        slots = [
            getattr(value, name, None)
            for each in kind.__mro__
            for name in vars(each).get("__slots__", ())
            if isinstance(name, str) and type(vars(each).get(name)).__name__ == "member_descriptor"
        ]
        return [getattr(value, "__dict__", None), *slots, *_of_exception(value)]
    if isinstance(value, BaseException):
        return _of_exception(value)
    if isinstance(value, _ITERATORS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(value.__reduce__()[1:])
    text = repr(value)
    return [] if " at 0x" in text else [text]


def _of_exception(value: Any) -> list[Any]:
    return [value.args] if isinstance(value, BaseException) else []
