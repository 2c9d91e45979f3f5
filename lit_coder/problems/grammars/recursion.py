"""Recursion: a sequence, a number's digits, a nested list, the halves of a list.

    def term(n):
        \"\"\"s(0) = 2, and s(n) = 3 * s(n - 1) + 1 for n > 0. Return s(`n`).\"\"\"
        if n == 0:
            return 2
        return 3 * term(n - 1) + 1

Difficulty is the number of terms or rules that the definition has.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import NUMBER_LISTS, one_argument
from lit_coder.problems.grammars.integer_words import random_change, random_conditions
from lit_coder.problems.grammars.sketch import Sketch

# Two calls in each call: larger numbers would take long.
_INDICES = one_argument((0, 1, 2, 3, 5, 7), (4, 6, 8, 9))
_DIGITS = one_argument(tuple(range(10)), ())
_DIGIT_STRINGS = one_argument(
    (0, 7, 10, 42, 105, 999, 12345, 80706),
    (3, 9, 11, 28, 64, 100, 561, 1234, 2468, 13579, 90210, 777),
)
_NESTED = one_argument(
    (
        [1, [2, 3], 4],
        [],
        [5],
        [[[7]], -2, [6, [9, 10]]],
        [[1, 2], [3, [4, [5, 6]]]],
        [12, [-3, 8], [[11]], 0],
    ),
    (
        [[]],
        [0, [0, [0]]],
        [9, 9, [9, [9]]],
        [[2], [4], [6], 8],
        [-1, [-2, [-3, [-4]]]],
        [15, [3, [7, 1], 20], 4],
        [[[[13]]], 5, [14, 6]],
        [3, 1, [4, 1, [5, 9]], 2, 6],
    ),
)
_TERMS = ("f", "term", "value", "compute", "seq")


def sequence(difficulty: int, random: Random) -> Sketch:
    """A sequence whose terms are made of the terms before them."""
    name = random.choice(_TERMS)
    depth = (1, 2, 2, 2, 3)[difficulty - 1]
    starts = [random.randint(0, 6) for _ in range(depth)]
    rules = [_recurrence(depth, difficulty, random)]
    modulus = 0
    if difficulty >= 4 and random.random() < 0.8:
        modulus = random.choice((2, 3))
        rules.append(_recurrence(depth, difficulty - 2, random))
    given = [f"s({index}) = {start}" for index, start in enumerate(starts)]
    lines = []
    if depth == 1:
        lines += ["if n == 0:", f"    return {starts[0]}"]
    else:
        for index, start in enumerate(starts):
            lines += [f"if n == {index}:", f"    return {start}"]
    above = f"n > {depth - 1}"
    if modulus:
        when = "n is even" if modulus == 2 else "n is divisible by 3"
        lines += [f"if n % {modulus} == 0:", f"    return {rules[1].replace('s(', name + '(')}"]
        said = f"s(n) = {rules[1]} where {above} and {when}, and s(n) = {rules[0]} for any other n"
    else:
        said = f"s(n) = {rules[0]} for {above}"
    lines.append(f"return {rules[0].replace('s(', name + '(')}")
    sentence = random.choice(
        (
            "A sequence is defined by {given} and {said}. Return s(`n`).",
            "Return s(`n`) of the sequence with {given}, where {said}.",
            "Compute the term s(`n`), where {given}, and {said}.",
        )
    ).format(given=", ".join(given), said=said)
    return Sketch((name,), (("n", "int"),), "int", (sentence,), tuple(lines), _INDICES)


def _recurrence(depth: int, difficulty: int, random: Random) -> str:
    """The right side of a recurrence, over s."""
    parts: list[str] = []
    for back in range(1, depth + 1):
        factor = random.choice((1, 1, 2, 3) if depth > 1 else (1, 2, 3, 4))
        sign = random.choice("+++-") if parts else "+"
        term = f"s(n - {back})" if factor == 1 else f"{factor} * s(n - {back})"
        parts.append(f"{sign} {term}")
    if difficulty >= 3:
        parts.append(random.choice(("+ n", "- n", "+ 2 * n", "+ n * n", "+ n % 3", "+ n // 2")))
    constant = random.randint(-7, 9)
    if constant:
        parts.append(f"{'+' if constant > 0 else '-'} {abs(constant)}")
    return " ".join(parts)[2:]


def digits(difficulty: int, random: Random) -> Sketch:
    """The digits of a number, each counted by the first rule that applies to it."""
    name = random.choice(("digits_value", "digit_score", "weigh", "fold"))
    conditions = random_conditions(random, _DIGITS, difficulty)
    changes = [random_change(random, _DIGITS, plain_share=0.3) for _ in range(difficulty)]
    rest = random.choice(("0", "0", "1", "digit"))
    items, lines = [], ["if n == 0:", "    return 0", "digit = n % 10"]
    for index, (condition, change) in enumerate(zip(conditions, changes, strict=True)):
        items.append(
            f"- {'else if' if index else 'if'} the digit {condition.singular}: "
            f"{change.said('the digit')}"
        )
        lines += [
            f"if {condition.of('digit')}:",
            f"    return {change.of('digit')} + {name}(n // 10)",
        ]
    items.append(f"- else: {'the digit' if rest == 'digit' else rest}")
    lines.append(f"return {name}(n // 10)" if rest == "0" else f"return {rest} + {name}(n // 10)")
    opening = random.choice(
        (
            "Return the sum of what the decimal digits of `n` are worth, and 0 if `n` is 0.",
            "Every decimal digit of `n` is worth something. Return the sum; if `n` is 0, return 0.",
        )
    )
    return Sketch((name,), (("n", "int"),), "int", (opening, *items), tuple(lines), _DIGIT_STRINGS)


def nested(difficulty: int, random: Random) -> Sketch:
    """A nested list, the sum of what its members are worth."""
    name = random.choice(("nested_value", "deep_sum", "worth", "measure"))
    factor = random.choice((1, 2, 2, 3, -1))
    bonus = random.choice((0, 0, 1, 2, 5, -1))
    inner = f"{name}(item)" if factor == 1 else f"{factor} * {name}(item)"
    worth = {1: "its worth", -1: "the negative of its worth"}.get(
        factor, f"{factor} times its worth"
    )
    if factor == -1:
        inner = f"-{name}(item)"
    if bonus:
        inner += f" {'+' if bonus > 0 else '-'} {abs(bonus)}"
        worth += f" {'plus' if bonus > 0 else 'minus'} {abs(bonus)}"
    conditions = random_conditions(random, _NESTED, difficulty)
    items = [f"- an inner list: {worth}"]
    lines = ["    if isinstance(item, list):", f"        total += {inner}"]
    for condition in conditions:
        change = random_change(random, _NESTED, plain_share=0.3)
        items.append(f"- an integer that {condition.singular}: {change.said('the integer')}")
        lines += [f"    elif {condition.of('item')}:", f"        total += {change.of('item')}"]
    rest = random.randint(0, 3)
    items.append(f"- any other integer: {rest}")
    if rest:
        lines += ["    else:", f"        total += {rest}"]
    opening = random.choice(
        (
            "Return the worth of a nested list of integers: the sum of what its members count. "
            "The first line that fits a member says how much.",
            "The worth of a list is the sum over its members, each counted by the first of these "
            "that fits. Return the worth of `items`.",
        )
    )
    return Sketch(
        names=(name,),
        parameters=(("items", "list"),),
        returns="int",
        words=(opening, *items),
        body=("total = 0", "for item in items:", *lines, "return total"),
        inputs=_NESTED,
    )


_COMBINATIONS = (
    ("left minus right", "left - right"),
    ("twice left plus right", "2 * left + right"),
    ("left plus twice right", "left + 2 * right"),
    ("the larger of the two plus 1", "max(left, right) + 1"),
    ("the smaller of the two plus 2", "min(left, right) + 2"),
    ("the absolute difference of the two", "abs(left - right)"),
    ("3 times left minus right", "3 * left - right"),
    ("left", "left"),
    ("right minus left", "right - left"),
    ("their sum plus 3", "left + right + 3"),
)
_TELLING = (
    ("left is greater than right", "left > right"),
    ("left is even", "left % 2 == 0"),
    ("right is odd", "right % 2 == 1"),
    ("their sum is positive", "left + right > 0"),
    ("their sum is divisible by 3", "(left + right) % 3 == 0"),
)


def halves(difficulty: int, random: Random) -> Sketch:
    """A list is cut into halves, whose results are combined."""
    name = random.choice(("fold", "combine", "evaluate", "halve"))
    base = random.randint(0, 5)
    change = random_change(random, NUMBER_LISTS, plain_share=0.5)
    telling = random.sample(_TELLING, difficulty - 1)
    combined = random.sample(_COMBINATIONS, difficulty)
    lines = [
        "if not numbers:",
        f"    return {base}",
        "if len(numbers) == 1:",
        f"    return {change.of('numbers[0]')}",
        "middle = len(numbers) // 2",
        f"left = {name}(numbers[:middle])",
        f"right = {name}(numbers[middle:])",
    ]
    items = [
        f"- the empty list gives {base}",
        f"- a list of one number gives {change.said('the number')}",
        "- a longer list is cut in the middle, where the left part is the shorter one if they "
        "differ; both parts are evaluated, which gives left and right",
    ]
    for (said, holds), (words, expression) in zip(telling, combined, strict=False):
        items.append(f"- if {said}, the result is {words}")
        lines += [f"if {holds}:", f"    return {expression}"]
    items.append(f"- {'otherwise ' if telling else ''}the result is {combined[-1][0]}")
    lines.append(f"return {combined[-1][1]}")
    opening = random.choice(
        ("Evaluate a list recursively.", "Return the value of a list, defined by its halves.")
    )
    return Sketch(
        names=(name,),
        parameters=(("numbers", "list[int]"),),
        returns="int",
        words=(opening, *items),
        body=tuple(lines),
        inputs=NUMBER_LISTS,
    )


RECURSION = DrawnFamily("recursion", (sequence, digits, nested, halves))
