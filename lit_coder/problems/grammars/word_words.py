"""Conditions on, keys of and changes of a word, each in words and as an expression.

    condition = random.choice(WORD_CONDITIONS)
    condition.plural, condition.of("word")      # "start with a vowel", "word[0] in ..."

Words are not empty and hold letters only.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from lit_coder.problems.grammars.integer_words import Change, Condition


class Key(NamedTuple):
    """What a word, or a number, is told from others by."""

    words: str
    expression: str
    kind: str

    def of(self, name: str) -> str:
        """The expression over the variable `name`."""
        return self.expression.replace("{x}", name)


def _conditions() -> tuple[tuple[Condition, ...], ...]:
    lengths = range(3, 7)
    return (
        tuple(
            Condition(
                f"has at least {k} letters", f"have at least {k} letters", f"len({{x}}) >= {k}"
            )
            for k in lengths
        ),
        tuple(
            Condition(
                f"has fewer than {k} letters", f"have fewer than {k} letters", f"len({{x}}) < {k}"
            )
            for k in lengths
        ),
        (
            Condition(
                "has an even number of letters",
                "have an even number of letters",
                "len({x}) % 2 == 0",
            ),
            Condition(
                "has an odd number of letters", "have an odd number of letters", "len({x}) % 2 == 1"
            ),
        ),
        tuple(
            Condition(
                f'contains the letter "{letter}"',
                f'contain the letter "{letter}"',
                f'"{letter}" in {{x}}',
            )
            for letter in "aeionrlt"
        ),
        tuple(
            Condition(
                f'does not contain "{letter}"',
                f'do not contain "{letter}"',
                f'"{letter}" not in {{x}}',
            )
            for letter in "aeior"
        ),
        (
            Condition("starts with a vowel", "start with a vowel", '{x}[0].lower() in "aeiou"'),
            Condition(
                "starts with a capital letter", "start with a capital letter", "{x}[0].isupper()"
            ),
            Condition("is all lower case", "are all lower case", "{x}.islower()"),
            Condition("reads the same backwards", "read the same backwards", "{x} == {x}[::-1]"),
        ),
        tuple(
            Condition(
                f'ends with "{letter}"', f'end with "{letter}"', f'{{x}}.endswith("{letter}")'
            )
            for letter in "aenrey"
        ),
    )


WORD_CONDITIONS = _conditions()

WORD_KEYS: tuple[Key, ...] = (
    Key("its length", "len({x})", "int"),
    Key("its first letter", "{x}[0]", "str"),
    Key("its last letter", "{x}[-1]", "str"),
    Key("its lower-case form", "{x}.lower()", "str"),
    Key("its first two letters", "{x}[:2]", "str"),
    Key("its reversal", "{x}[::-1]", "str"),
    Key("its first letter in lower case", "{x}[0].lower()", "str"),
    Key('its number of "e"', '{x}.count("e")', "int"),
    Key('its number of "o"', '{x}.count("o")', "int"),
    Key("its last two letters", "{x}[-2:]", "str"),
    Key("its length modulo 3", "len({x}) % 3", "int"),
)

WORD_CHANGES: tuple[Change, ...] = (
    Change("{x} in upper case", "{x}.upper()"),
    Change("{x} in lower case", "{x}.lower()"),
    Change("{x} reversed", "{x}[::-1]"),
    Change("{x} without its first letter", "{x}[1:]"),
    Change("{x} without its last letter", "{x}[:-1]"),
    Change("the first two letters of {x}", "{x}[:2]"),
    Change("the first three letters of {x}", "{x}[:3]"),
    Change("the last two letters of {x}", "{x}[-2:]"),
    Change("{x} written twice", "{x} * 2"),
    Change("{x} with its case swapped", "{x}.swapcase()"),
    Change('{x} followed by "!"', '{x} + "!"'),
    Change('{x} with every "o" replaced by "0"', '{x}.replace("o", "0")'),
    Change('{x} with every "e" removed', '{x}.replace("e", "")'),
    Change("the first letter of {x} followed by a dot", '{x}[0] + "."'),
)


def random_word_condition(random: Random) -> Condition:
    """A condition on a word."""
    return random.choice(random.choice(WORD_CONDITIONS))
