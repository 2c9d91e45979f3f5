"""Conditions on and changes of an integer, each in words and as an expression.

    condition = random_condition(random, NUMBER_LISTS)
    condition.singular, condition.of("number")     # "is a multiple of 3", "number % 3 == 0"

What the families of numbers are written with. A condition drawn for a set of numbers is true of
some and false of others, at least one in ten; a change changes at least half of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from random import Random
from typing import NamedTuple

from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.grammars.inputs import Inputs

_MIN_SHARE = 0.1
_PATIENCE = 10


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
            f"{{x}} % 10 == {digit}",
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
    (Change("the last digit of {x}", "{x} % 10"),),
)


def random_condition(random: Random, inputs: Inputs) -> Condition:
    """A condition that tells the numbers of the inputs apart."""
    return random.choice(random.choice(_usable_conditions(inputs)))


def random_conditions(random: Random, inputs: Inputs, count: int) -> list[Condition]:
    """Conditions of which each is the first to hold for two numbers or more, and none for two.

    Raises:
        DegenerateProblem: no such conditions were found.
    """
    found: list[Condition] = []
    left = (1 << len(inputs.numbers)) - 1
    for _ in range(_PATIENCE * count):
        condition = random_condition(random, inputs)
        mask = truth(condition, inputs)
        needed = 2 * (count - len(found))
        if (left & mask).bit_count() < 2 or (left & ~mask).bit_count() < needed:
            continue
        found.append(condition)
        left &= ~mask
        if len(found) == count:
            return found
    raise DegenerateProblem("a condition never decides")


def random_filters(random: Random, inputs: Inputs, count: int) -> list[Condition]:
    """Conditions that hold together for some numbers, and of which none follows from the others.

    Raises:
        DegenerateProblem: no such conditions were found.
    """
    found: list[Condition] = []
    masks: list[int] = []
    for _ in range(_PATIENCE * count):
        if len(found) == count:
            return found
        condition = random_condition(random, inputs)
        mask = truth(condition, inputs)
        if _are_independent([*masks, mask], len(inputs.numbers)):
            found.append(condition)
            masks.append(mask)
    if len(found) == count:
        return found
    raise DegenerateProblem("a condition follows from others")


def _are_independent(masks: list[int], count: int) -> bool:
    """Whether all hold of one number in ten, and each takes a number away that the rest leaves."""
    everything = (1 << count) - 1
    together = everything
    for mask in masks:
        together &= mask
    if together.bit_count() < _MIN_SHARE * count:
        return False
    for index in range(len(masks)):
        rest = everything
        for mask in (*masks[:index], *masks[index + 1 :]):
            rest &= mask
        if rest == together:
            return False
    return True


def random_change(random: Random, inputs: Inputs, plain_share: float = 0.0) -> Change:
    """A change of the numbers of the inputs; `plain_share` is the chance that it is none."""
    if plain_share and random.random() < plain_share:
        return PLAIN
    return random.choice(random.choice(_usable_changes(inputs)))


@lru_cache(maxsize=65536)
def truth(condition: Condition, inputs: Inputs) -> int:
    """Of which numbers of the inputs the condition is true: bit i for the number at i."""
    holds = function_of(condition.expression)
    return sum(1 << index for index, number in enumerate(inputs.numbers) if holds(number))


@cache
def function_of(expression: str) -> Callable[[int], int]:
    """An expression over {x} as a function."""
    function: Callable[[int], int] = eval(f"lambda x: {expression.replace('{x}', 'x')}")
    return function


@cache
def _usable_conditions(inputs: Inputs) -> tuple[tuple[Condition, ...], ...]:
    """Groups of conditions that are true of some numbers of the inputs and false of others.

    Nothing is said of the last digit where some are negative, nor of absolute values where none is.
    """
    count, signed = len(inputs.numbers), min(inputs.numbers) < 0
    groups = (
        tuple(
            condition
            for condition in group
            if _MIN_SHARE <= truth(condition, inputs).bit_count() / count <= 1 - _MIN_SHARE
            and ("digit" if signed else "absolute") not in condition.singular
        )
        for group in _CONDITIONS
    )
    return tuple(group for group in groups if group)


@cache
def _usable_changes(inputs: Inputs) -> tuple[tuple[Change, ...], ...]:
    """Groups of changes that change at least half of the inputs' numbers."""
    unfit = "digit" if min(inputs.numbers) < 0 else "absolute"
    groups = (
        tuple(
            change
            for change in group
            if _changes_half(change, inputs.numbers) and unfit not in change.words
        )
        for group in _CHANGES
    )
    return tuple(group for group in groups if group)


def _changes_half(change: Change, numbers: tuple[int, ...]) -> bool:
    changed = function_of(change.expression)
    return 2 * sum(changed(number) != number for number in numbers) >= len(numbers)
