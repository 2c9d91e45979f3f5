"""Bits: an integer's bits are set, moved, counted, gone through and taken apart.

    def change(n):
        \"\"\"Return what becomes of `n` in these steps: set bit 3, then shift it right by 2.\"\"\"

Bit 0 is the lowest; `n` is not negative. Difficulty is the number of steps or rules.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import one_argument
from lit_coder.problems.grammars.integer_words import random_change, random_filters
from lit_coder.problems.grammars.layout import joined, joined_tests
from lit_coder.problems.grammars.parts import part
from lit_coder.problems.grammars.sketch import Sketch

_NUMBERS = one_argument(
    (0, 1, 6, 13, 37, 90, 255, 1000),
    (2, 3, 4, 5, 7, 8, 10, 21, 44, 64, 100, 127, 170, 219, 300, 481, 1023, 2024),
)
_POSITIONS = one_argument(tuple(range(11)), ())

_STEPS: tuple[tuple[tuple[str, str], ...], ...] = (
    tuple((f"set bit {k}", f"n | {1 << k}") for k in range(1, 8)),
    tuple((f"clear bit {k}", f"n & ~{1 << k}") for k in range(7)),
    tuple((f"flip bit {k}", f"n ^ {1 << k}") for k in range(7)),
    tuple((f"shift it left by {k}", f"n << {k}") for k in range(1, 5)),
    tuple((f"shift it right by {k}", f"n >> {k}") for k in range(1, 4)),
    tuple((f"take the exclusive or with {k}", f"n ^ {k}") for k in range(3, 32, 2)),
    tuple((f"keep only the lowest {k} bits", f"n & {(1 << k) - 1}") for k in range(3, 8)),
    tuple((f"flip the lowest {k} bits", f"n ^ {(1 << k) - 1}") for k in range(3, 9)),
    (
        ("clear the lowest bit that is 1", "n & (n - 1)"),
        ("set the lowest bit that is 0", "n | (n + 1)"),
        ("keep only the lowest bit that is 1", "n & -n"),
        ("take the exclusive or with itself shifted right by 1", "n ^ (n >> 1)"),
        ("exchange bit 0 and bit 1", "n & ~3 | (n & 1) << 1 | (n & 2) >> 1"),
        ("turn the order of the lowest 4 bits round", "n & ~15 | int(f\"{n & 15:04b}\"[::-1], 2)"),
    ),
    tuple(
        (
            f"turn the lowest 8 bits left by {k} and drop all others",
            f"(n << {k} & 255) | (n & 255) >> {8 - k}",
        )
        for k in range(1, 8)
    ),
)  # fmt: skip


def steps(difficulty: int, random: Random) -> Sketch:
    """An integer that is changed step by step."""
    plan = [random.choice(random.choice(_STEPS)) for _ in range(difficulty)]
    opening = random.choice(
        (
            "Return what becomes of `n`, of which bit 0 is the lowest, when you",
            "Change the bits of `n`, of which bit 0 is the lowest, and return the result:",
        )
    )
    said = f"{opening} {', then '.join(words for words, _ in plan)}."
    codes = [code for _, code in plan]
    body = (*(f"n = {code}" for code in codes[:-1]), f"return {codes[-1]}")
    return Sketch(
        names=("change", "change_bits", "mix", "encode"),
        parameters=(("n", "int"),),
        returns="int",
        words=(said,),
        body=body,
        inputs=_NUMBERS,
        without=tuple(_function(codes[:index] + codes[index + 1 :]) for index in range(len(codes))),
    )


def _function(codes: list[str]) -> Callable[[int], int]:
    """The steps one after the other, without being compiled as a whole."""
    functions = [part("n", code) for code in codes]

    def changed(n: int) -> int:
        for function in functions:
            n = function(n)
        return n

    return changed


_RESULTS = (
    ("the number of {bits}{where}", "total += 1"),
    ("the sum of the positions of {bits}{where}", "total += i"),
    ("the sum of {change} over all positions of {bits}{where}", "total += {change}"),
    ("the number whose bits are 1 at exactly the positions of {bits}{where}", "total |= 1 << i"),
)


def positions(difficulty: int, random: Random) -> Sketch:
    """The positions of some bits, counted, summed or made a number of."""
    conditions = random_filters(random, _POSITIONS, (0, 1, 1, 2, 2)[difficulty - 1])
    value = random.choice((1, 1, 0))
    beside = random.choice(_BESIDE) if difficulty in (3, 5) else ("", "")
    result, step = random.choice(_RESULTS if difficulty > 1 else _RESULTS[:3])
    change = random_change(random, _POSITIONS)
    where = f" that {joined([each.plural for each in conditions])}" if conditions else ""
    bits = f"bits of `n` that are {value}{beside[0]}"
    if where:
        # Else "that" would be said of the bits twice.
        where = f", counting only positions{where}"
    words = [
        f"Return {result.format(bits=bits, where=where, change=change.said('the position'))}.",
        "The lowest bit has position 0, and there are no bits above the highest 1.",
    ]
    tests = [f"n >> i & 1 == {value}", *([beside[1]] if beside[1] else [])]
    tests += [each.of("i") for each in conditions]
    return Sketch(
        names=("bit_positions", "look_at_bits", "weigh", "total"),
        parameters=(("n", "int"),),
        returns="int",
        words=(" ".join(words),),
        body=(
            "total = 0",
            "for i in range(n.bit_length()):",
            f"    if {joined_tests(tests)}:",
            f"        {step.format(change=change.of('i'))}",
            "return total",
        ),
        inputs=_NUMBERS,
    )


_BESIDE = (
    (" and have a 1 at the next higher position", "n >> i + 1 & 1 == 1"),
    (" and have a 0, or nothing, at the next higher position", "n >> i + 1 & 1 == 0"),
    (" and are equal to the bit two positions higher (0 where there is none)",
     "n >> i & 1 == n >> i + 2 & 1"),
)  # fmt: skip

_EVENTS: tuple[tuple[str, str], ...] = (
    ("is 1", "bit == 1"),
    ("is 0", "bit == 0"),
    ("is equal to the one before it", "bit == before"),
    ("differs from the one before it", "bit != before"),
    ("is 1 and so was the one before it", "bit == before == 1"),
    ("is 0 and the one before it was 1", "bit < before"),
)
_EFFECTS: tuple[tuple[str, str], ...] = (
    *((f"add {k} to the total", f"total += {k}") for k in range(1, 7)),
    *((f"subtract {k} from the total", f"total -= {k}") for k in range(1, 7)),
    ("double the total", "total *= 2"),
    ("negate the total", "total = -total"),
    ("halve the total, rounding down", "total //= 2"),
    *((f"keep only the total's remainder when divided by {k}", f"total %= {k}")
      for k in (5, 7, 9, 11)),
)  # fmt: skip


def walk(difficulty: int, random: Random) -> Sketch:
    """The bits in their order, with rules of what each does to a total."""
    events = random.sample(_EVENTS, min(difficulty + 1, len(_EVENTS)))
    effects = random.sample(_EFFECTS, len(events))
    is_upward = random.random() < 0.5
    start = random.choice((0, 0, 1, 3, 10))
    order = "lowest to the highest" if is_upward else "highest to the lowest"
    digits = "bin(n)[:1:-1]" if is_upward else "bin(n)[2:]"

    def body(chosen: list[tuple[tuple[str, str], tuple[str, str]]]) -> tuple[str, ...]:
        lines = [
            f"total = {start}",
            "before = 0",
            f"for digit in {digits}:",
            "    bit = int(digit)",
        ]
        for (_, test), (_, effect) in chosen:
            lines += [f"    if {test}:", f"        {effect}"]
        return (*lines, "    before = bit", "return total")

    rules = list(zip(events, effects, strict=True))
    return Sketch(
        names=("walk_bits", "read_bits", "score", "check_sum"),
        parameters=(("n", "int"),),
        returns="int",
        words=(
            f"Go through the bits of `n` as it is written in binary, from the {order} (0 is "
            f"written as one 0), and return a total that starts at {start}. The first bit has a 0 "
            "before it. For each bit, do these in turn:",
            *(f"- if the bit {event}, {effect}" for (event, _), (effect, _) in rules),
        ),
        body=body(rules),
        inputs=_NUMBERS,
        without=(body(rules[:-1]),) if difficulty > 1 else (),
    )


_COMBINED: tuple[tuple[str, str], ...] = (
    ("the sum of {a} and {b}", "{a} + {b}"),
    ("{a} minus {b}", "{a} - {b}"),
    ("the product of {a} and {b}", "{a} * {b}"),
    ("the larger of {a} and {b}", "max({a}, {b})"),
    ("the distance between {a} and {b}", "abs({a} - {b})"),
    ("the exclusive or of {a} and {b}", "{a} ^ {b}"),
)


def fields(difficulty: int, random: Random) -> Sketch:
    """Two numbers that are packed into one, taken out and combined."""
    low, width = random.randint(2, 5), random.randint(2, 5)
    other = random.randint(0, 2) if difficulty > 1 else 0
    said, combined = random.choice(_COMBINED)
    change = random_change(random, _NUMBERS) if difficulty > 2 else None
    lines = [f"a = n >> {other} & {(1 << low) - 1}" if other else f"a = n & {(1 << low) - 1}"]
    lines += [f"b = n >> {low} & {(1 << width) - 1}"]
    words = [
        f"Let a be the number in bits {other} to {other + low - 1} of `n`, and b that in bits "
        f"{low} to {low + width - 1}; bit 0 is the lowest."
    ]
    if difficulty in (2, 4, 5):
        k = random.randint(1, 6)
        words.append(f"If a is less than b, {k} is added to a; otherwise the two are exchanged.")
        lines += ["if a < b:", f"    a += {k}", "else:", "    a, b = b, a"]
    if difficulty == 5:
        words.append("If bit 6 of `n` is 1, a is then negated.")
        lines += ["if n >> 6 & 1:", "    a = -a"]
    made = combined.format(a="a", b="b")
    if change:
        words.append(f"Let c be {said.format(a='a', b='b')}. Return {change.said('c')}.")
        lines += [f"c = {made}", f"return {change.of('c')}"]
    else:
        words.append(f"Return {said.format(a='a', b='b')}.")
        lines.append(f"return {made}")
    return Sketch(
        names=("unpack", "combine_fields", "decode", "take_apart"),
        parameters=(("n", "int"),),
        returns="int",
        words=(" ".join(words),),
        body=tuple(lines),
        inputs=_NUMBERS,
    )


BITS = DrawnFamily("bits", (steps, positions, walk, fields))
