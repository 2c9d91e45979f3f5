r"""The signs of a program that comments, strings, layout and names of variables do not change.

    signs = program_signs(text)
    signs.shape                     # numbers of keywords, operators, numerals; names alike
    signs.skeleton                  # the same with names: one hash for the whole program
    signs.comment_share             # characters in comments and in triple-quoted strings

Two programs with the same syntax tree have the same signs, unless they spell a number differently;
the reverse need not hold. They are found by two regular expressions, several times as fast as a
syntax tree is, and say which few programs are worth parsing. Strings, round brackets, commas,
colons, semicolons and line ends do not count, as they may come and go with layout; `elif` counts as
the `if` of an `else`.
"""

from __future__ import annotations

import keyword
import re
from typing import NamedTuple

import numpy

from lit_coder.corpora.rolling_hashes import Hashes, RollingHashes, sha_number

_COMMENT_OR_STRING = re.compile(
    r"#[^\n]*"
    r'|"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r'|"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
    r"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'",
    re.DOTALL,
)
# An attribute's name goes with its dot, as it is not a variable's, the bracket of a call with what
# is called, and the letters before a string with it. What stands for a string is one quote.
_SIGN = re.compile(r"(?:\.[^\W\d]\w*|\w+)(?:[ \t]*\(|\")?|[^\w\s(),:;\\\"]")
_MOST_REMEMBERED = 2**18


class ProgramSigns(NamedTuple):
    """What is left of a program without its comments, strings and layout.

    Attributes:
        shape: numbers of its keywords, operators, numerals and attributes, in their order, with one
            number for all other names.
        skeleton: one number for the whole program, names included; 0 where nothing is left.
        comment_share: share of its characters that are in comments or triple-quoted strings.
    """

    shape: Hashes
    skeleton: int
    comment_share: float


def program_signs(text: str) -> ProgramSigns:
    """The signs of a text, whether it is a program or not."""
    num_commented = 0

    def blank(found: re.Match[str]) -> str:
        nonlocal num_commented
        piece = found.group()
        if piece[0] == "#" or piece.startswith(('"""', "'''")):
            num_commented += len(piece)
        return '"' if piece[0] != "#" else " "

    signs = _SIGN.findall(_COMMENT_OR_STRING.sub(blank, text))
    numbers = _NUMBERS.of_all(signs)
    shape = numbers[1][numbers[1] != 0]
    numbers = numbers[0][numbers[0] != 0]
    return ProgramSigns(
        shape=shape,
        skeleton=RollingHashes(numbers).whole(),
        comment_share=num_commented / max(1, len(text)),
    )


def _sign_number(sign: str) -> int:
    """The sign's number, 0 where it does not count."""
    word = sign.rstrip('( \t"')
    if word == "else" or (sign[-1] == '"' and not keyword.iskeyword(word)):
        return 0
    return sha_number("if" if word == "elif" else word)


def _shape_number(sign: str) -> int:
    """The same, one number for all names and one for everything that is called by name."""
    word = sign.rstrip('( \t"')
    is_name = (word[0].isalpha() or word[0] == "_") and not keyword.iskeyword(word)
    is_called = sign[-1] == "("
    if word[0] == ".":
        return sha_number(f"{word}(" if is_called else word)
    if not is_name or sign[-1] == '"':
        return _sign_number(sign)
    return sha_number("name(" if is_called else "name")


class _SignNumbers(dict[str, int]):
    """Both numbers of each sign, looked up at once: signs are rows of a table."""

    def __init__(self) -> None:
        super().__init__()
        self._table = numpy.zeros((2, _MOST_REMEMBERED), numpy.uint64)

    def __missing__(self, sign: str) -> int:
        row = self[sign] = len(self)
        self._table[:, row] = _sign_number(sign), _shape_number(sign)
        return row

    def of_all(self, signs: list[str]) -> Hashes:
        """The numbers with names and those without, shape (2, number of signs)."""
        if len(self) + len(signs) > _MOST_REMEMBERED:
            self.clear()
        if len(signs) > _MOST_REMEMBERED:
            halves = (signs[: len(signs) // 2], signs[len(signs) // 2 :])
            return numpy.concatenate([self.of_all(half) for half in halves], axis=1)
        rows = numpy.fromiter(map(self.__getitem__, signs), numpy.int64, len(signs))
        return self._table[:, rows]


_NUMBERS = _SignNumbers()
