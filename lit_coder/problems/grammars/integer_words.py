"""Conditions on and changes of an integer, each in words and as an expression.

    condition = random_condition(random, NUMBER_LISTS.numbers)
    condition.singular, condition.of("number")     # "is a multiple of 3", "number % 3 == 0"

What the families of numbers are written with. A condition drawn for a set of numbers is true of
some and false of others, at least one in ten; a change changes at least half of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import NamedTuple

from lit_coder.problems.checks import DegenerateProblem

_MIN_SHARE = 0.1
_MAX_TRIES = 50


class Condition(NamedTuple):
    """A condition on x: "is even", "are even", "{x} % 2 == 0"."""

    singular: str
    plural: str
    expression: str

    def of(self, name: str) -> str:
        """The expression over the variable `name`."""
        return self.expression.replace("{x}", name)


class Change(NamedTuple):
    """A change of x as a noun: "the square of {x}", "{x} * {x}"."""

    words: str
    expression: str

    def of(self, name: str) -> str:
        """The expression over the variable `name`."""
        return self.expression.replace("{x}", name)

    def said(self, noun: str) -> str:
        """The words over a noun: "the square of the number"."""
        return self.words.replace("{x}", noun)

    @property
    def is_plain(self) -> bool:
        """Whether it leaves x as it is."""
        return self.expression == "{x}"


PLAIN = Change("{x}", "{x}")


def _clauses(words: str, expression: str) -> Condition:
    """A condition whose words are "is" or "are" and something."""
    return Condition(f"is {words}", f"are {words}", expression)


_CONDITIONS: tuple[tuple[Condition, ...], ...] = (
    (_clauses("even", "{x} % 2 == 0"), _clauses("odd", "{x} % 2 == 1")),
    (_clauses("positive", "{x} > 0"), _clauses("negative", "{x} < 0")),
    tuple(_clauses(f"greater than {k}", f"{{x}} > {k}") for k in range(-2, 16)),
    tuple(_clauses(f"less than {k}", f"{{x}} < {k}") for k in range(-2, 16)),
    tuple(_clauses(f"at least {k}", f"{{x}} >= {k}") for k in range(2, 16)),
    tuple(_clauses(f"at most {k}", f"{{x}} <= {k}") for k in range(-2, 13)),
    tuple(_clauses(f"divisible by {k}", f"{{x}} % {k} == 0") for k in range(3, 8)),
    tuple(_clauses(f"not divisible by {k}", f"{{x}} % {k} != 0") for k in range(3, 6)),
    tuple(
        Condition(
            f"leaves remainder {rest} when divided by {k}",
            f"leave remainder {rest} when divided by {k}",
            f"{{x}} % {k} == {rest}",
        )
        for k in range(3, 7)
        for rest in range(1, k)
    ),
    tuple(
        _clauses(f"from {low} to {low + width} inclusive", f"{low} <= {{x}} <= {low + width}")
        for low in range(-5, 12)
        for width in range(3, 12, 2)
    ),
    tuple(
        _clauses(f"outside the range {low} to {high}", f"{{x}} < {low} or {{x}} > {high}")
        for low in range(0, 8)
        for high in range(low + 2, low + 8, 2)
    ),
    tuple(
        Condition(
            f"ends in the digit {digit}",
            f"end in the digit {digit}",
            f"abs({{x}}) % 10 == {digit}",
        )
        for digit in range(10)
    ),
    tuple(
        Condition(f"has an absolute value {words} {k}", f"have an absolute value {words} {k}", text)
        for k in range(4, 11)
        for words, text in (
            ("above", f"abs({{x}}) > {k}"),
            ("below", f"abs({{x}}) < {k}"),
        )
    ),
)

_CHANGES: tuple[tuple[Change, ...], ...] = (
    tuple(Change(f"{{x}} plus {k}", f"{{x}} + {k}") for k in range(1, 13)),
    tuple(Change(f"{{x}} minus {k}", f"{{x}} - {k}") for k in range(1, 13)),
    tuple(Change(f"{k} times {{x}}", f"{k} * {{x}}") for k in range(2, 10)),
    tuple(Change(f"{k} minus {{x}}", f"{k} - {{x}}") for k in range(1, 13)),
    (Change("the square of {x}", "{x} * {x}"), Change("the cube of {x}", "{x} * {x} * {x}")),
    (Change("the absolute value of {x}", "abs({x})"), Change("the negative of {x}", "-{x}")),
    tuple(Change(f"the distance between {{x}} and {k}", f"abs({{x}} - {k})") for k in range(1, 11)),
    tuple(
        Change(f"the remainder of {{x}} divided by {k}", f"{{x}} % {k}") for k in (3, 4, 5, 6, 7, 8)
    ),
    tuple(Change(f"{{x}} divided by {k} and rounded down", f"{{x}} // {k}") for k in (2, 3, 4, 5)),
    tuple(Change(f"the larger of {{x}} and {k}", f"max({{x}}, {k})") for k in range(2, 10)),
    tuple(Change(f"the smaller of {{x}} and {k}", f"min({{x}}, {k})") for k in range(2, 12)),
    (Change("the last digit of {x}, ignoring the sign", "abs({x}) % 10"),),
)

Domain = tuple[int, ...]


def random_condition(random: Random, domain: Domain) -> Condition:
    """A condition that tells the numbers of the domain apart."""
    for _ in range(_MAX_TRIES):
        condition = random.choice(random.choice(_CONDITIONS))
        share = truth(condition.expression, domain).bit_count() / len(domain)
        if _MIN_SHARE <= share <= 1 - _MIN_SHARE:
            return condition
    raise DegenerateProblem("no condition tells the numbers apart")


def random_conditions(random: Random, domain: Domain, count: int) -> list[Condition]:
    """Conditions of which no two are true of the same numbers, nor of the other's rest.

    Raises:
        DegenerateProblem: two are alike.
    """
    found = [random_condition(random, domain) for _ in range(count)]
    everything = (1 << len(domain)) - 1
    seen: set[int] = set()
    for condition in found:
        mask = truth(condition.expression, domain)
        if mask in seen:
            raise DegenerateProblem(f"{condition.singular!r} repeats another condition")
        seen |= {mask, everything & ~mask}
    return found


def random_change(random: Random, domain: Domain, plain_share: float = 0.0) -> Change:
    """A change of the numbers of the domain; `plain_share` is the chance that it is none."""
    if plain_share and random.random() < plain_share:
        return PLAIN
    for _ in range(_MAX_TRIES):
        change = random.choice(random.choice(_CHANGES))
        if 2 * _num_changed(change.expression, domain) >= len(domain):
            return change
    raise DegenerateProblem("no change changes the numbers")


@lru_cache(maxsize=65536)
def truth(expression: str, domain: Domain) -> int:
    """Of which numbers the condition is true: bit i for the number at i."""
    holds = function_of(expression)
    return sum(1 << index for index, number in enumerate(domain) if holds(number))


@lru_cache(maxsize=65536)
def function_of(expression: str) -> Callable[[int], int]:
    """An expression over {x} as a function."""
    function: Callable[[int], int] = eval(f"lambda x: {expression.replace('{x}', 'x')}")
    return function


@lru_cache(maxsize=65536)
def _num_changed(expression: str, domain: Domain) -> int:
    """How many numbers the change changes."""
    changed = function_of(expression)
    return sum(changed(number) != number for number in domain)
