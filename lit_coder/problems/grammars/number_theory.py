"""Number theory: divisors, primes, digits in other bases, common divisors, next numbers.

    def divisor_sum(n):
        \"\"\"Return the sum of the divisors of `n` that are odd.\"\"\"

Difficulty is the number of conditions and changes.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import Inputs, one_argument
from lit_coder.problems.grammars.integer_words import (
    PLAIN,
    Change,
    random_change,
    random_filters,
)
from lit_coder.problems.grammars.layout import collected, joined, joined_tests
from lit_coder.problems.grammars.sketch import Sketch

_POSITIVE = one_argument(
    (1, 2, 6, 7, 12, 30, 36, 60),
    (3, 4, 5, 8, 9, 10, 15, 16, 17, 24, 28, 45, 48, 49, 72, 84),
)
_SMALL = one_argument(tuple(range(1, 25)), (28, 30, 36, 42, 45, 48, 60, 72, 84))
_PRIMES = one_argument((2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47), ())
_LIMITS = one_argument((0, 1, 2, 10, 20, 31, 48), (3, 4, 5, 6, 7, 12, 15, 18, 25, 29, 37, 40))
_BASED = one_argument((0, 1, 6, 10, 27, 100, 255), (2, 5, 8, 9, 13, 31, 64, 77, 81, 144, 500, 999))
_TWO = Inputs(
    ((12, 18), (7, 7), (1, 9), (20, 30), (15, 4), (36, 24), (10, 25)),
    ((2, 3), (9, 6), (8, 32), (14, 49), (5, 1), (21, 6), (16, 40), (27, 18), (11, 13), (30, 12),
     (22, 33), (45, 60)),
)  # fmt: skip

_RESULTS: tuple[tuple[str, str, str], ...] = (
    ("the sum of {them}", "int", "return sum(found)"),
    ("the number of {them}", "int", "return len(found)"),
    ("the list of {them}, smallest first", "list[int]", "return found"),
    ("the largest of {them}, or 0 if there is none", "int", "return max(found, default=0)"),
    ("the smallest of {them}, or 0 if there is none", "int", "return min(found, default=0)"),
    ("the difference between the largest and the smallest of {them}, or 0 if there is none", "int",
     "return max(found) - min(found) if found else 0"),
)  # fmt: skip


def _chosen(
    what: str, names: tuple[str, ...], inputs: Inputs, members: Inputs, found: list[str],
    difficulty: int, random: Random, note: str = "",
) -> Sketch:  # fmt: skip
    """Something about the members of a list that the first lines find, under conditions."""
    conditions = random_filters(random, members, (1, 1, 2, 2, 3)[difficulty - 1])
    change = random_change(random, members) if difficulty in (2, 4, 5) else PLAIN
    result, returns, returned = random.choice(_RESULTS)
    plural = joined([condition.plural for condition in conditions])
    them = f"{what} that {plural}"
    tests = [condition.of("number") for condition in conditions]
    lines = [*found]
    if change.is_plain:
        sentence = f"Return {result.format(them=them)}."
    else:
        noun = change.said("the number")
        sentence = f"Take {them} and replace each by {noun}. Return "
        changed = result.format(them="the results").replace(", smallest first", ", in that order")
        sentence += f"{changed.replace('the number of the results', 'their sum')}."
        if "the number of" in result:
            returned = "return sum(found)"
    lines += collected("found = ", "[]", change.of("number"), "for number in numbers", tests)
    return Sketch(
        names=names,
        parameters=(("n", "int"),),
        returns=returns,
        words=(f"{sentence} {note}".strip(),),
        body=(*lines, returned),
        inputs=inputs,
    )


def divisors(difficulty: int, random: Random) -> Sketch:
    """The divisors of a number."""
    proper = random.random() < 0.3
    stop = "n" if proper else "n + 1"
    what = "the divisors of `n` less than `n` itself" if proper else "the divisors of `n`"
    found = [f"numbers = [number for number in range(1, {stop}) if n % number == 0]"]
    return _chosen(
        what, ("divisors", "divisor_value", "factors_of"), _POSITIVE, _SMALL, found, difficulty,
        random, "`n` is at least 1.",
    )  # fmt: skip


def primes(difficulty: int, random: Random) -> Sketch:
    """The primes up to a number."""
    found = [
        "is_prime = [True] * (n + 1)",
        "numbers = []",
        "for number in range(2, n + 1):",
        "    if is_prime[number]:",
        "        numbers.append(number)",
        "        for multiple in range(2 * number, n + 1, number):",
        "            is_prime[multiple] = False",
    ]
    return _chosen(
        "the primes up to `n` (inclusive)", ("primes", "prime_value", "sieve"), _LIMITS, _PRIMES,
        found, difficulty, random,
    )  # fmt: skip


def prime_factors(difficulty: int, random: Random) -> Sketch:
    """The prime factors of a number, each as often as it divides."""
    found = [
        "numbers = []",
        "divisor, rest = 2, n",
        "while rest > 1:",
        "    while rest % divisor == 0:",
        "        numbers.append(divisor)",
        "        rest //= divisor",
        "    divisor += 1",
    ]
    return _chosen(
        "the prime factors of `n`, each as often as it divides `n`,",
        ("factorize", "prime_factors", "factor_value"), _POSITIVE, _PRIMES, found, difficulty,
        random, "`n` is at least 1.",
    )  # fmt: skip


def digits_in_base(difficulty: int, random: Random) -> Sketch:
    """The digits of a number in some base, added up by rules."""
    base = random.randint(2, 9)
    rules, lines = [], ["total = 0", "while n > 0:", f"    digit = n % {base}"]
    count = min(difficulty, 2 if base < 5 else 3)
    digits = random.sample(range(base), min(count, base - 1))
    for index, digit in enumerate(digits):
        change = _digit_change(random)
        rules.append(f"- digit {digit}: {change.said('the total')}")
        lines += [f"    {'elif' if index else 'if'} digit == {digit}:"]
        added = change.expression.removeprefix("{x} + ")
        is_sum = added != change.expression
        lines += [
            f"        total += {added}" if is_sum else f"        total = {change.of('total')}"
        ]
    factor = random.randint(1, 4)
    added = "digit" if factor == 1 else f"{factor} * digit"
    said = "the digit" if factor == 1 else f"{factor} times the digit"
    lines += ["    else:", f"        total += {added}", f"    n //= {base}"]
    modulus = random.randint(7, 30) if difficulty > 3 else 0
    words = [
        f"Write `n` in base {base} and go through its digits, the last one first. A total starts "
        "at 0; each digit replaces it as follows. Return the total"
        + (f" modulo {modulus}." if modulus else "."),
        *rules,
        f"- any other digit: the total plus {said}",
    ]
    return Sketch(
        names=("digit_walk", "base_value", "weigh_digits", "checksum"),
        parameters=(("n", "int"),),
        returns="int",
        words=tuple(words),
        body=(*lines, f"return total % {modulus}" if modulus else "return total"),
        inputs=_BASED,
    )


def _digit_change(random: Random) -> Change:
    """What a digit does to the total."""
    constant = random.randint(2, 7)
    return random.choice(
        (
            Change(f"{{x}} plus {constant}", f"{{x}} + {constant}"),
            Change(f"{constant} times {{x}}", f"{constant} * {{x}}"),
            Change(f"{{x}} minus {constant}", f"{{x}} - {constant}"),
            Change("the negative of {x}", "-{x}"),
            Change(f"{{x}} plus {constant} times the digit", f"{{x}} + {constant} * digit"),
            Change("{x} doubled, plus 1", "2 * {x} + 1"),
        )
    )


def next_number(difficulty: int, random: Random) -> Sketch:
    """The first number above another one that has some properties."""
    kind = random.choice(("digit", "sum", "none") if difficulty > 2 else ("none",))
    # Coprime, so that every combination of remainders occurs.
    coprime = random.choice(((2, 3, 5, 7, 11), (4, 3, 5, 7), (2, 9, 5, 7), (8, 3, 5)))
    moduli = random.sample(coprime, min(difficulty, 3 if kind == "none" else 2))
    parts, tests = [], []
    for modulus in moduli:
        rest = random.randrange(modulus)
        parts.append(
            f"leaves remainder {rest} when divided by {modulus}" if rest
            else f"is divisible by {modulus}"
        )  # fmt: skip
        tests.append(f"number % {modulus} == {rest}")
    change = random.choice(_STARTS)
    if kind == "digit":
        digit = random.randint(1, 9)
        parts.append(f"contains the digit {digit}")
        tests.append(f'"{digit}" in str(number)')
    elif kind == "sum":
        bound = random.randint(4, 9)
        parts.append(f"has a digit sum of at least {bound}")
        tests.append(f"sum(map(int, str(number))) >= {bound}")
    nth = random.randint(2, 3) if difficulty > 3 else 1
    lines = [f"number = {change.of('n')}"]
    order = {1: "smallest", 2: "second smallest", 3: "third smallest"}[nth]
    if nth == 1:
        lines += [f"while not ({joined_tests(tests)}):", "    number += 1", "return number"]
    else:
        lines += [
            "found = 0",
            "while True:",
            f"    if {joined_tests(tests)}:",
            "        found += 1",
        ]
        lines += [f"        if found == {nth}:", "            return number", "    number += 1"]
    if len(tests) == 1 and nth == 1:
        lines[1] = f"while {tests[0].replace('==', '!=')}:"
    words = f"Return the {order} number that is at least {change.said('`n`')} and {joined(parts)}."
    return Sketch(
        names=("next_number", "search_up", "first_from", "following"),
        parameters=(("n", "int"),),
        returns="int",
        words=(words,),
        body=tuple(lines),
        inputs=_POSITIVE,
    )


_STARTS = (
    PLAIN,
    Change("{x} plus 1", "{x} + 1"),
    *(Change(f"{k} times {{x}}", f"{k} * {{x}}") for k in range(2, 6)),
    Change("the square of {x}", "{x} * {x}"),
    *(Change(f"{{x}} plus {k}", f"{{x}} + {k}") for k in range(2, 12)),
)


_OF_PAIR = (
    ("their greatest common divisor", "divisor"),
    ("their least common multiple", "a * b // divisor"),
    ("`a` divided by their greatest common divisor", "a // divisor"),
    ("`b` divided by their greatest common divisor", "b // divisor"),
    ("their sum divided by their greatest common divisor", "(a + b) // divisor"),
)


def common_divisor(difficulty: int, random: Random) -> Sketch:
    """Euclid's algorithm on two numbers, and something made of its result."""
    said, expression = random.choice(_OF_PAIR)
    change = random_change(random, _TWO)
    words = ["`a` and `b` are at least 1."]
    lines = []
    if difficulty > 2:
        side = random.choice("ab")
        constant = random.randint(1, 9)
        words.append(f"First add {constant} to `{side}`.")
        lines.append(f"{side} += {constant}")
    if difficulty > 3:
        factor = random.randint(2, 4)
        words.append(f"Then multiply `b` by {factor}.")
        lines.append(f"b *= {factor}")
    lines += ["divisor, rest = a, b", "while rest:", "    divisor, rest = rest, divisor % rest"]
    if difficulty == 1:
        words.append(f"Compute {said}, and return {change.said('it')}.")
        lines += [f"result = {expression}", f"return {change.of('result')}"]
    else:
        other, second = random.choice(_OF_PAIR)
        sign, how = random.choice((("+", "plus"), ("-", "minus"), ("*", "times")))
        words.append(f"Let p be {said} and q {other}. Return p {how} ({change.said('q')}).")
        lines += [f"p, q = {expression}, {second}"]
        changed = change.of("q")
        is_one = " " not in changed or changed.startswith(("abs(", "max(", "min("))
        lines += [f"return p {sign} {changed}" if is_one else f"return p {sign} ({changed})"]
    return Sketch(
        names=("reduce_pair", "common", "euclid", "divisor_of"),
        parameters=(("a", "int"), ("b", "int")),
        returns="int",
        words=(" ".join(words),),
        body=tuple(lines),
        inputs=_TWO,
    )


NUMBER_THEORY = DrawnFamily(
    "number_theory",
    (divisors, primes, prime_factors, digits_in_base, next_number, common_divisor),
)
