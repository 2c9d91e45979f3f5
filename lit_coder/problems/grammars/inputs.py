"""The arguments that every problem of one interface is asked, so that behaviours can be compared.

    INTEGERS.operations("f")      # visible and hidden calls of f, the same objects every time
    INTEGERS.numbers              # every integer in them: does a condition tell any apart?

Problems of different families that take the same kind of arguments share a set: a rule that two of
them write in other words is then seen to be the same. Edge cases (nothing, one, equal, negative,
sorted, repeated) are in every set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lit_coder.problems.problem import Call, Operation, Value

Sequences = tuple[tuple[Operation, ...], ...]


@dataclass(frozen=True, eq=False)
class Inputs:
    """Argument lists of the visible and of the hidden tests.

    Args:
        visible: tuples of positional arguments.
        hidden: more of them; none is visible.
    """

    visible: tuple[tuple[Value, ...], ...]
    hidden: tuple[tuple[Value, ...], ...]

    @cached_property
    def _known(self) -> dict[str, tuple[Sequences, Sequences]]:
        return {}

    def operations(self, name: str) -> tuple[Sequences, Sequences]:
        """One call of the function `name` for each argument list: visible ones, hidden ones."""
        if name not in self._known:
            self._known[name] = (
                tuple((Call(name, each),) for each in self.visible),
                tuple((Call(name, each),) for each in self.hidden),
            )
        return self._known[name]

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """Every integer inside the arguments, in their order, with repetitions."""
        return tuple(_integers((*self.visible, *self.hidden)))


def _integers(value: Value) -> Iterator[int]:
    """The integers inside a value."""
    if isinstance(value, dict):
        value = list(value.items())
    if isinstance(value, (list, tuple)):
        for member in value:
            yield from _integers(member)
    elif isinstance(value, int):
        yield value


def one_argument(visible: tuple[Value, ...], hidden: tuple[Value, ...]) -> Inputs:
    """Inputs of functions that take one argument."""
    return Inputs(tuple((each,) for each in visible), tuple((each,) for each in hidden))


INTEGERS = one_argument(
    (0, 1, 2, 4, 7, 10, 15, 24, -3, -12),
    (3, 5, 6, 8, 9, 11, 12, 13, 14, 16, 21, 30, -1, -2, -7, -25, 99),
)
"""Any integer."""

COUNTS = one_argument(
    (0, 1, 2, 5, 8, 10, 17, 30),
    (3, 4, 6, 7, 9, 12, 13, 16, 20, 21, 25, 36),
)
"""Sizes: small integers that are not negative."""

PAIRS = Inputs(
    ((0, 0), (1, 2), (5, 3), (4, 4), (10, -3), (-6, 9), (12, 5), (7, 14), (20, 6), (-8, -8)),
    (
        *((2, 1), (3, 3), (0, 7), (9, 0), (6, -6), (-1, -5), (15, 10), (11, 22), (30, 4), (8, 13)),
        *((-20, 3), (16, 17), (25, 24), (13, 40)),
    ),
)
"""Two integers."""

NUMBER_LISTS = one_argument(
    (
        [5, 2, 9, 2, 7, 4, 6, 3],
        [-3, 8, -3, 0, 11, 5],
        [10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
        [],
        [4, 4, 6],
        [1, 12, 3, 10, -5, 8, 7, 7, 2],
        [14, -2, 21, 0, 9, 16, -7],
    ),
    (
        [1],
        [6, -2],
        [2, 4, 6, 8, 10, 12],
        [0, 0, 1, 1, 2, 2, 3, 3],
        [-9, -8, -7, -6, -5],
        [15, 3, 15, 4, 3, 8],
        [7, 1, 8, 2, 9, 3, 10, 4, 11, 5],
        [20, -20, 13, -13, 5, -5, 6],
        [9, 9, 9, 8, 8, 7],
        [18, 6, 12, 7, 30, 1, 25, 10],
    ),
)
"""A list of integers."""

WORD_LISTS = one_argument(
    (
        ["pear", "fig", "apple", "plum", "fig", "kiwi"],
        ["stone", "tree", "Tree", "sky"],
        [],
        ["a", "bb", "ccc", "dddd", "eeeee"],
        ["moon", "noon", "soon", "noon", "Moon", "spoon"],
        ["level", "radar", "otter", "lamp"],
    ),
    (
        ["zebra"],
        ["one", "two", "three", "four", "five", "six"],
        ["Echo", "echo", "ECHO"],
        ["to", "be", "or", "not", "to", "be"],
        ["banana", "bandana", "cabana"],
        ["red", "Green", "blue", "green", "Blue", "red", "red"],
        ["x"],
        ["river", "lake", "sea", "ocean", "pond", "brook"],
        ["aa", "ab", "ba", "bb", "ab"],
        ["queue", "eerie", "audio", "rhythm", "sky"],
    ),
)
"""A list of words without blanks, some of them capitalized."""

TEXTS = one_argument(
    (
        "the quick brown fox",
        "Hello World",
        "",
        "a",
        "Madam, in Eden",
        "aaabbbccd",
        "x1 y22 z333",
    ),
    (
        " ",
        "LOUD and quiet",
        "mississippi",
        "one  two   three",
        "Zz",
        "no-vowels: rhythm",
        "1234567890",
        "The rain in Spain stays mainly",
        "abcabcabc",
        "Is this it? Yes!",
        "tab and space",
    ),
)
"""A text of several words."""

SMALL_NUMBERS = one_argument(tuple(range(-8, 24)), ())
"""Numbers of the size that conditions are about."""
