"""Draws values of a kind, and changes known ones a little; runs in the sandbox.

    source = Inputs(Random("7"), constants=["r", 3], examples=[("a/b",)])
    source.draw("list[int]"); source.varied(("a/b",))

A kind is a type as it is written in a hint, one of `KINDS`. Texts come from several walks of life
(words, numbers, paths, markup, formats) and from the constants of the function that is tried.
Equal seeds draw equal values, whatever the hash seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

KINDS = (
    "int",
    "str",
    "float",
    "bool",
    "bytes",
    "None",
    "list[int]",
    "list[str]",
    "list[float]",
    "tuple[int]",
    "tuple[str]",
    "list[list[int]]",
    "list[tuple[int]]",
    "list[tuple[str]]",
    "dict[str,int]",
    "dict[str,str]",
    "set[int]",
)
# What a parameter's name says of its kind, most telling first.
_HINTS = (
    (("path", "file", "url", "uri", "host", "name", "text", "string", "str", "line"), "str"),
    (("pattern", "prefix", "suffix", "sep", "word", "key", "msg", "fmt", "char", "s", "p"), "str"),
    (("lines", "words", "names", "strings", "paths", "args", "argv", "parts"), "list[str]"),
    (("data", "bytes", "buf", "b"), "bytes"),
    (("seq", "list", "lst", "items", "values", "iterable", "numbers", "xs", "a"), "list[int]"),
    (("index", "count", "num", "width", "size", "i", "j", "k", "n", "x", "y", "year"), "int"),
    (("dict", "mapping", "map", "d"), "dict[str,int]"),
)
_WORDS_TEXT = (
    "a b ab abc aba foo bar spam eggs Hello hello WORLD x1 a_b camelCase snake_case "
    "__init__ the cat sat None True nan é ß ü 日本 1 12 007 -3 4.5 1e3 0x1f 0b11 1,234 "
    "12:30:05 10.0.0.1 ::1 2024-02-29 1999-12-31T23:59:59 Mon Jan 25 c:\\tmp\\x.py "
    "/usr/lib/x.tar.gz ../a/./b// ~/x http://a.org:80/p;q?k=v&w=%41#f user@host.org "
    "key=value a=b;c=d *.py [a-z]* a.b.c 1.2.3rc1 <b>x</b> &amp; %d %s {0} {x!r} $v (1+2)*3 "
    "'quoted' \"q\" \\n # note -- -x --long=1 text/html +1 1_000 aGVsbG8= =3D %20 .hidden "
    "file.TXT"
)
_WORDS = _WORDS_TEXT.split()
_GLUE = ("", " ", " ", ", ", "/", ".", "\n", "\t", "-", "_", ":", "=", "  ")
_ODD_TEXTS = ("", " ", "\n", "  lead", "trail  ", "a\nb\n", "\tx\n  y\n\n z", "A" * 30, "ab" * 9)
_LETTERS = "abcXYZ 019_-./:%\\\n'\"<&é"
_INTS = (0, 1, -1, 2, 3, 5, 7, 8, 10, 12, 13, 16, 31, 60, 64, 97, 100, 255, 256, 365, 1000, 2024)
_FLOATS = (0.0, 1.0, -1.0, 0.5, 2.5, -0.25, 1e-3, 10.0, 99.9, 1e6, 3.14159, 0.1)
_LONGEST = 7


class Inputs:
    """A stream of values.

    Args:
        random: where chance comes from.
        constants: numbers and texts that the tried function names.
        examples: argument lists that are known from calls.
    """

    def __init__(
        self, random: Random, constants: Sequence[Any], examples: Sequence[tuple[Any, ...]]
    ) -> None:
        self._random = random
        self._ints = [each for each in constants if type(each) is int]
        self._texts = [each for each in constants if type(each) is str]
        self._bytes = [each for each in constants if type(each) is bytes]
        self._examples = list(examples)
        self._makers: dict[str, Callable[[], Any]] = {
            "int": self._int,
            "str": self._text,
            "float": self._float,
            "bool": lambda: self._random.random() < 0.5,
            "bytes": self._some_bytes,
            "None": lambda: None,
        }

    def draw(self, kind: str) -> Any:
        """A value of a kind."""
        maker = self._makers.get(kind)
        if maker is not None:
            return maker()
        outer, _, rest = kind.partition("[")
        inner = rest[:-1]
        if outer == "dict":
            key, _, item = inner.partition(",")
            return {self.draw(key): self.draw(item) for _ in range(self._length())}
        members = [self.draw(inner) for _ in range(self._length())]
        if self._random.random() < 0.3 and outer in ("list", "tuple"):
            # Equal neighbours and order reach what chance does not.
            members = sorted(members + members[:2], key=repr)
        if outer == "tuple" and inner in ("int", "str") and self._random.random() < 0.7:
            members = [*members, self.draw(inner), self.draw(inner)][:2]
        made: Any = {"list": list, "tuple": tuple, "set": set}[outer](members)
        return made

    def varied(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Known arguments, one of them changed a little."""
        if not arguments:
            return arguments
        place = self._random.randrange(len(arguments))
        return tuple(
            self._changed(each) if index == place else each for index, each in enumerate(arguments)
        )

    def _length(self) -> int:
        return min(self._random.randrange(_LONGEST), self._random.randrange(_LONGEST))

    def _int(self) -> int:
        chance = self._random.random()
        if self._ints and chance < 0.25:
            return int(self._random.choice(self._ints) + self._random.choice((-1, 0, 0, 1)))
        if chance < 0.6:
            return self._random.choice(_INTS)
        return self._random.randrange(-20, 21) if chance < 0.85 else self._random.randrange(5000)

    def _float(self) -> float:
        if self._random.random() < 0.5:
            return self._random.choice(_FLOATS)
        return round(self._random.uniform(-50, 50), self._random.randrange(1, 4))

    def _text(self) -> str:
        chance = self._random.random()
        if chance < 0.1:
            return self._random.choice(_ODD_TEXTS)
        if chance < 0.2:
            return "".join(self._random.choice(_LETTERS) for _ in range(self._length() + 1))
        words = self._texts if self._texts and chance < 0.5 else _WORDS
        parts = [self._random.choice(words)]
        for _ in range(self._random.choice((0, 0, 1, 1, 2, 3))):
            pool = self._texts if self._texts and self._random.random() < 0.4 else _WORDS
            parts += [self._random.choice(_GLUE), self._random.choice(pool)]
        return "".join(parts)[:80]

    def _some_bytes(self) -> bytes:
        chance = self._random.random()
        if self._bytes and chance < 0.4:
            return bytes(self._random.choice(self._bytes)) + self._text().encode()[:4]
        if chance < 0.6:
            return bytes(self._random.randrange(256) for _ in range(self._length()))
        return self._text().encode()

    def _changed(self, value: Any) -> Any:
        random = self._random
        if value is None:
            return random.choice((None, 0, ""))
        if type(value) is bool:
            return not value
        if type(value) is int:
            return random.choice((value + 1, value - 1, -value, value * 2, value // 2, self._int()))
        if type(value) is float:
            return random.choice((value + 1, -value, value / 2, self._float()))
        if type(value) is str:
            return self._changed_text(value)
        if type(value) is bytes:
            return self._changed_text(value.decode("latin-1")).encode("latin-1", "replace")
        if type(value) in (list, tuple):
            return type(value)(self._changed_members(list(value)))
        if type(value) is dict and value:
            entries = self._changed_members(list(value.items()), deep=False)
            return dict(entries)
        if type(value) in (set, frozenset):
            return type(value)(self._changed_members(sorted(value, key=repr), deep=False))
        return value

    def _changed_members(self, members: list[Any], deep: bool = True) -> list[Any]:
        if not members:
            return members
        place = self._random.randrange(len(members))
        chance = self._random.random()
        if chance < 0.3:
            return members[:place] + members[place + 1 :]
        if chance < 0.5:
            return [*members, members[place]]
        if chance < 0.6:
            return members[::-1]
        if deep:
            members[place] = self._changed(members[place])
        return members

    def _changed_text(self, text: str) -> str:
        random = self._random
        place = random.randrange(len(text) + 1)
        chance = random.random()
        if chance < 0.25:
            return text[:place] + random.choice(_LETTERS) + text[place:]
        if chance < 0.5:
            return text[:place] + text[place + 1 :]
        if chance < 0.65:
            return text[place:] + text[:place]
        if chance < 0.75:
            return text.swapcase()
        if chance < 0.85 and self._texts:
            return text[:place] + random.choice(self._texts) + text[place:]
        return (text + random.choice(_GLUE) + random.choice(_WORDS))[:120]


def hinted_kinds(name: str, default: str) -> list[str]:
    """All kinds, those first that a parameter's name and default speak for."""
    first: list[str] = []
    for word, kind in (("'", "str"), ('"', "str"), ("b'", "bytes"), ("True", "bool")):
        if default.startswith(word):
            first.append(kind)
    if default == "False":
        first.append("bool")
    if default.lstrip("-").isdigit():
        first.append("int")
    if default.startswith("(") or default.startswith("["):
        first += ["list[str]", "list[int]"]
    lowered = name.lstrip("*_").lower()
    for words, kind in _HINTS:
        if lowered in words or any(len(word) > 2 and word in lowered for word in words):
            first.append(kind)
    if default == "None":
        first.append("None")
    return list(dict.fromkeys([*first, *KINDS]))
