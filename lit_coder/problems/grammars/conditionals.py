"""Conditionals: a number, or two, are sorted by rules of which the first that applies counts.

    def rate(n):
        \"\"\"Return "low" if `n` is less than 3, "mid" if `n` is odd, and "high" otherwise.\"\"\"

Difficulty is the number of rules before the last. Every rule decides about at least two inputs.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import NamedTuple

from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import INTEGERS, PAIRS
from lit_coder.problems.grammars.integer_words import random_change, random_conditions
from lit_coder.problems.grammars.sketch import Sketch

_LABELS = (
    ("low", "mid", "high", "peak", "over", "none"),
    ("red", "green", "blue", "white", "black", "grey"),
    ("A", "B", "C", "D", "E", "F"),
    ("skip", "keep", "swap", "drop", "hold", "stop"),
    ("north", "east", "south", "west", "up", "down"),
    ("bronze", "silver", "gold", "iron", "tin", "lead"),
)
_NAMES = ("classify", "decide", "choose", "rate", "evaluate", "solve", "f")
_PATIENCE = 10


class _Rule(NamedTuple):
    """A condition and what is returned where it is the first that holds."""

    words: str
    expression: str


def one_number(difficulty: int, random: Random) -> Sketch:
    """Rules on one integer."""
    conditions = random_conditions(random, INTEGERS, difficulty)
    rules = [_Rule(f"`n` {condition.singular}", condition.of("n")) for condition in conditions]
    if difficulty > 1 and random.random() < 0.5:
        results = _labels(difficulty + 1, random)
    else:
        changes = [random_change(random, INTEGERS, plain_share=0.1) for _ in range(difficulty + 1)]
        if len({change.words for change in changes}) <= difficulty:
            raise DegenerateProblem("two rules give the same")
        results = [_Rule(change.said("`n`"), change.of("n")) for change in changes]
    returns = "str" if results[0].expression.startswith('"') else "int"
    return _sketch((("n", "int"),), returns, rules, results, random)


def two_numbers(difficulty: int, random: Random) -> Sketch:
    """Rules on two integers."""
    rules = _deciding(difficulty, random)
    if difficulty > 1 and random.random() < 0.3:
        results = _labels(difficulty + 1, random)
        returns = "str"
    else:
        results = random.sample(_PAIR_RESULTS, difficulty + 1)
        returns = "int"
    return _sketch((("a", "int"), ("b", "int")), returns, rules, results, random)


def _labels(count: int, random: Random) -> list[_Rule]:
    chosen = random.sample(random.choice(_LABELS), count)
    return [_Rule(f'"{label}"', f'"{label}"') for label in chosen]


def _sketch(
    parameters: tuple[tuple[str, str], ...],
    returns: str,
    rules: list[_Rule],
    results: list[_Rule],
    random: Random,
) -> Sketch:
    return Sketch(
        names=_NAMES,
        parameters=parameters,
        returns=returns,
        words=_words(rules, results, random),
        body=_body(rules, results, random),
        inputs=INTEGERS if len(parameters) == 1 else PAIRS,
    )


def _words(rules: list[_Rule], results: list[_Rule], random: Random) -> tuple[str, ...]:
    """The rules as a sentence, as several, or as a list."""
    pairs = list(zip(rules, results, strict=False))
    last = results[-1].words
    style = random.choice(("sentence", "steps", "list") if len(rules) > 1 else ("sentence", "if"))
    if style == "sentence":
        parts = [f"{result.words} if {rule.words}" for rule, result in pairs]
        joined = "; ".join(parts)
        opening = "Return " if len(rules) == 1 else "By the first rule that applies, return "
        return (f"{opening}{joined}; otherwise {last}.",)
    if style == "if":
        return (f"If {rules[0].words}, return {results[0].words}; if not, return {last}.",)
    if style == "steps":
        first, *others = [f"f {rule.words}, return {result.words}." for rule, result in pairs]
        middle = " ".join(f"Otherwise, i{other}" for other in others)
        return (f"I{first} {middle} In all other cases return {last}.",)
    opening = random.choice(
        ("Return what the first rule that applies says.", "Apply the first rule that fits.")
    )
    items = [f"- {rule.words}: {result.words}" for rule, result in pairs]
    return (opening, *items, f"- none of these: {last}")


def _body(rules: list[_Rule], results: list[_Rule], random: Random) -> tuple[str, ...]:
    """A chain of returns, or branches that assign."""
    pairs = list(zip(rules, results, strict=False))
    if len(rules) > 1 and random.random() < 0.3:
        lines: list[str] = []
        for index, (rule, result) in enumerate(pairs):
            lines += [f"{'elif' if index else 'if'} {rule.expression}:"]
            lines += [f"    result = {result.expression}"]
        return (*lines, "else:", f"    result = {results[-1].expression}", "return result")
    lines = []
    for rule, result in pairs:
        lines += [f"if {rule.expression}:", f"    return {result.expression}"]
    return (*lines, f"return {results[-1].expression}")


def _deciding(count: int, random: Random) -> list[_Rule]:
    """Rules on pairs that each decide about two inputs or more and leave two to the rest."""
    rules: list[_Rule] = []
    left = (1 << len(PAIRS.visible) + len(PAIRS.hidden)) - 1
    for _ in range(_PATIENCE * count):
        rule = random.choice(_PAIR_RULES)
        mask = _pair_truth(rule.expression)
        needed = 2 * (count - len(rules))
        if (left & mask).bit_count() < 2 or (left & ~mask).bit_count() < needed:
            continue
        rules.append(rule)
        left &= ~mask
        if len(rules) == count:
            return rules
    raise DegenerateProblem("a rule never decides")


def _pair_rules() -> tuple[_Rule, ...]:
    rules = [
        _Rule("`a` is greater than `b`", "a > b"),
        _Rule("`a` is less than `b`", "a < b"),
        _Rule("`a` and `b` are both even", "a % 2 == 0 and b % 2 == 0"),
        _Rule("`a` and `b` are both odd", "a % 2 == 1 and b % 2 == 1"),
        _Rule("`a` and `b` are both positive", "a > 0 and b > 0"),
        _Rule("`a` or `b` is negative", "a < 0 or b < 0"),
        _Rule("exactly one of `a` and `b` is even", "a % 2 != b % 2"),
    ]
    for k in range(2, 15):
        rules += [
            _Rule(f"the sum of `a` and `b` is at least {k}", f"a + b >= {k}"),
            _Rule(f"`a` and `b` differ by at most {k}", f"abs(a - b) <= {k}"),
            _Rule(f"the larger of `a` and `b` is above {k}", f"max(a, b) > {k}"),
            _Rule(f"the smaller of `a` and `b` is below {k}", f"min(a, b) < {k}"),
            _Rule(f"`a` is above {k}", f"a > {k}"),
            _Rule(f"`b` is below {k}", f"b < {k}"),
            _Rule(f"`a` plus twice `b` is above {k}", f"a + 2 * b > {k}"),
        ]
    for k in range(2, 7):
        rules += [
            _Rule(f"the sum of `a` and `b` is divisible by {k}", f"(a + b) % {k} == 0"),
            _Rule(f"the product of `a` and `b` is divisible by {k}", f"a * b % {k} == 0"),
            _Rule(f"`a` is divisible by {k}", f"a % {k} == 0"),
            _Rule(f"`b` is divisible by {k}", f"b % {k} == 0"),
        ]
    return tuple(rules)


def _pair_results() -> tuple[_Rule, ...]:
    results = [
        _Rule("`a`", "a"),
        _Rule("`b`", "b"),
        _Rule("their sum", "a + b"),
        _Rule("`a` minus `b`", "a - b"),
        _Rule("`b` minus `a`", "b - a"),
        _Rule("their product", "a * b"),
        _Rule("the larger of the two", "max(a, b)"),
        _Rule("the smaller of the two", "min(a, b)"),
        _Rule("the absolute difference of the two", "abs(a - b)"),
        _Rule("the sum of their squares", "a * a + b * b"),
    ]
    for k in range(2, 8):
        results += [
            _Rule(f"their sum plus {k}", f"a + b + {k}"),
            _Rule(f"{k} times `a`", f"{k} * a"),
            _Rule(f"{k} times `b`", f"{k} * b"),
            _Rule(f"`a` plus {k} times `b`", f"a + {k} * b"),
            _Rule(f"{k} times `a` minus `b`", f"{k} * a - b"),
        ]
    return tuple(results)


_PAIR_RULES = _pair_rules()
_PAIR_RESULTS = _pair_results()


@lru_cache(maxsize=1024)
def _pair_truth(expression: str) -> int:
    """Of which pairs the condition is true: bit i for the pair at i."""
    holds = eval(f"lambda a, b: {expression}")
    pairs = PAIRS.visible + PAIRS.hidden
    return sum(1 << index for index, pair in enumerate(pairs) if holds(*pair))


CONDITIONALS = DrawnFamily("conditionals", (one_number, two_numbers))
