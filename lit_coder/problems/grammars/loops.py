"""Loops: integers are gone through or a number is changed step by step, and something is kept.

    def total(n):
        \"\"\"Return the sum of the square of every integer from 1 to `n` that is odd.\"\"\"

Difficulty is the number of rules that the loop obeys.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import COUNTS, NUMBER_LISTS
from lit_coder.problems.grammars.integer_words import (
    random_change,
    random_condition,
    random_conditions,
)
from lit_coder.problems.grammars.sketch import Sketch


def over_range(difficulty: int, random: Random) -> Sketch:
    """The integers up to n, each added or subtracted in one of several ways."""
    start = random.choice((0, 1, 1, 1, 2))
    step = random.choice((1, 1, 1, 2, 3)) if difficulty > 1 else 1
    if difficulty == 1:
        condition, change = random_condition(random, COUNTS), random_change(random, COUNTS, 0.3)
        sentence = random.choice(
            (
                "Return the sum of {change} for every integer from {start} to `n` that {holds}.",
                "Add up {change} for each integer from {start} to `n` inclusive that {holds}.",
                "For the integers from {start} to `n` inclusive, sum up {change} whenever the "
                "integer {holds}.",
            )
        )
        holds = condition.singular
        if change.is_plain:
            sentence = "Return the sum of the integers from {start} to `n` that {holds}."
            holds = condition.plural
        words = [sentence.format(change=change.said("the integer"), start=start, holds=holds)]
        body = [f"    if {condition.of('i')}:", f"        total += {change.of('i')}"]
    else:
        how = f" in steps of {step}" if step > 1 else ""
        items, body = _branches(difficulty, random)
        words = [
            f"Go through the integers from {start} to `n` inclusive{how} and keep a total that "
            "starts at 0. Return the total at the end.",
            *items,
        ]
    return Sketch(
        names=("total", "accumulate", "collect", "tally", "sum_up"),
        parameters=(("n", "int"),),
        returns="int",
        words=tuple(words),
        body=("total = 0", _range_head(start, step), *body, "return total"),
        inputs=COUNTS,
    )


def _range_head(start: int, step: int) -> str:
    if step > 1:
        return f"for i in range({start}, n + 1, {step}):"
    return f"for i in range({start}, n + 1):" if start else "for i in range(n + 1):"


def _branches(difficulty: int, random: Random) -> tuple[list[str], list[str]]:
    """For each integer the first rule that applies: items of the docstring and lines."""
    items, lines = [], []
    for index, condition in enumerate(random_conditions(random, COUNTS, difficulty - 1)):
        words, line = _addition(random)
        items.append(f"- {'else if' if index else 'if'} the integer {condition.singular}: {words}")
        lines += [f"    {'elif' if index else 'if'} {condition.of('i')}:", f"        {line}"]
    if random.random() < 0.3:
        return [*items, "- else: leave the total as it is"], lines
    words, line = _addition(random)
    lines += ["    else:", f"        {line}"]
    if any(one == other for one, other in pairwise(lines[1::2])):
        raise DegenerateProblem("two rules do the same")
    return [*items, f"- else: {words}"], lines


def _addition(random: Random) -> tuple[str, str]:
    """What is added to the total or subtracted from it, in words and as a line."""
    if random.random() < 0.2:
        constant = random.randint(1, 9)
        return f"subtract {constant}", f"total -= {constant}"
    change = random_change(random, COUNTS, plain_share=0.2)
    return f"add {change.said('the integer')}", f"total += {change.of('i')}"


def over_numbers(difficulty: int, random: Random) -> Sketch:
    """The numbers of a list in order, with rules that skip, stop, double and start again."""
    chosen = [random.choice(_EFFECTS) for _ in range(difficulty)]
    conditions = random_conditions(random, NUMBER_LISTS, difficulty)
    items, lines = [], []
    for (words, code), condition in zip(chosen, conditions, strict=True):
        items.append(f"- if the number {condition.singular}, {words}")
        lines += [f"    if {condition.of('number')}:", f"        {code}"]
    change = random_change(random, NUMBER_LISTS, plain_share=0.5)
    items.append(f"- add {change.said('the number')} to the total")
    lines.append(f"    total += {change.of('number')}")
    start = random.choice((0, 0, 0, 1, 10))
    opening = random.choice(
        (
            "Go through `numbers` in order and return the total, which starts at {start}. "
            "For each number, do these in turn:",
            "Start with a total of {start}, do the following for each number of `numbers`, and "
            "return the total.",
        )
    )
    return Sketch(
        names=("total", "running_total", "add_up", "process", "summarize"),
        parameters=(("numbers", "list[int]"),),
        returns="int",
        words=(opening.format(start=start), *items),
        body=_over_numbers(start, lines),
        inputs=NUMBER_LISTS,
        without=tuple(
            _over_numbers(start, lines[:index] + lines[index + 2 :])
            for index in range(0, 2 * difficulty, 2)
        ),
    )


def _over_numbers(start: int, lines: list[str]) -> tuple[str, ...]:
    return (f"total = {start}", "for number in numbers:", *lines, "return total")


_EFFECTS = (
    ("stop at once", "break"),
    ("go on with the next number", "continue"),
    ("set the total to 0", "total = 0"),
    ("double the total", "total *= 2"),
    ("negate the total", "total = -total"),
    ("subtract 5 from the total", "total -= 5"),
)


def until_small(difficulty: int, random: Random) -> Sketch:
    """A number is made smaller until it is small, by rules of which the first applies."""
    bound = random.randint(0, 6)
    moduli = random.sample((2, 3, 4, 5, 6, 7), difficulty)
    items, lines = [], []
    for index, modulus in enumerate(moduli):
        rest = random.choice((0, 0, random.randrange(1, modulus)))
        words, code = _shrinking(random)
        holds = f"leaves remainder {rest} when divided by {modulus}"
        holds = holds if rest else "is even" if modulus == 2 else f"is divisible by {modulus}"
        items.append(f"- {'else if' if index else 'if'} it {holds}, {words}")
        lines += [f"    {'elif' if index else 'if'} n % {modulus} == {rest}:", f"        {code}"]
    words, code = _shrinking(random)
    items.append(f"- else {words}")
    lines += ["    else:", f"        {code}"]
    wanted, start, kept, result = random.choice(_KEPT if difficulty > 1 else _KEPT[:2])
    opening = random.choice(
        (
            f"While `n` is greater than {bound}, change it by these rules. Return {wanted}.",
            f"Change `n` as follows as long as it is greater than {bound}, and return {wanted}.",
        )
    )
    return Sketch(
        names=("reduce_number", "shrink", "walk_down", "simulate"),
        parameters=(("n", "int"),),
        returns="list[int]" if result == "values" else "int",
        words=(opening, *items),
        body=(*start, f"while n > {bound}:", *lines, *kept, f"return {result}"),
        inputs=COUNTS,
    )


_KEPT: tuple[tuple[str, tuple[str, ...], tuple[str, ...], str], ...] = (
    ("how many changes were made", ("steps = 0",), ("    steps += 1",), "steps"),
    ("the sum of all its values, the first included", ("total = n",), ("    total += n",), "total"),
    ("its last value", (), (), "n"),
    (
        "the list of its values, the first included",
        ("values = [n]",),
        ("    values.append(n)",),
        "values",
    ),
)
"""What is returned: its words, the lines before the loop, the lines in it, its name."""


def _shrinking(random: Random) -> tuple[str, str]:
    """A change that makes any positive number smaller."""
    if random.random() < 0.5:
        divisor = random.randint(2, 4)
        words = "halve it" if divisor == 2 else f"divide it by {divisor}"
        return f"{words}, rounding down", f"n //= {divisor}"
    less = random.randint(1, 5)
    return f"subtract {less}", f"n -= {less}"


LOOPS = DrawnFamily("loops", (over_range, over_numbers, until_small))
