"""Searching: positions, runs, pairs and the best of a list; binary search in a sorted one.

    def find(numbers):
        \"\"\"Return the index of the last number that is odd and at least 3, or -1.\"\"\"

Difficulty is the number of conditions on what is searched.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import NUMBER_LISTS, Inputs
from lit_coder.problems.grammars.integer_words import random_change, random_filters
from lit_coder.problems.grammars.layout import collected, joined, joined_tests
from lit_coder.problems.grammars.sketch import Sketch

_SORTED = Inputs(
    (
        ([1, 3, 5, 7, 9, 11], 5),
        ([2, 2, 4, 4, 4, 8, 10], 4),
        ([-5, 0, 6, 12], 7),
        ([], 3),
        ([10, 20, 30, 40], 5),
        ([1, 2, 3, 4, 5, 6, 7, 8], 20),
        ([-9, -6, -3, 0, 3, 6], -4),
    ),
    (
        ([4], 4),
        ([4], 3),
        ([7, 7, 7], 7),
        ([1, 1, 2, 3, 5, 8, 13, 21], 6),
        ([0, 1, 4, 9, 16, 25], 16),
        ([-2, -1, 3, 14], -2),
        ([5, 6, 8, 15, 16, 23], 15),
        ([2, 3, 3, 3, 9, 12, 12], 3),
        ([11, 13, 17, 19, 23, 29], 18),
        ([-20, -10, 10, 20], 0),
        ([6, 9, 12, 15, 18], 11),
        ([1, 100], 50),
    ),
)

_BESIDE = (
    ("is greater than the number before it", "numbers[i] > numbers[i - 1]"),
    ("is less than the number before it", "numbers[i] < numbers[i - 1]"),
    ("differs from the number before it by more than 3", "abs(numbers[i] - numbers[i - 1]) > 3"),
    ("differs from the number before it by at most 4", "abs(numbers[i] - numbers[i - 1]) <= 4"),
    ("makes an even sum with the number before it", "(numbers[i] + numbers[i - 1]) % 2 == 0"),
    ("makes an odd sum with the number before it", "(numbers[i] + numbers[i - 1]) % 2 == 1"),
    ("makes a positive sum with the number before it", "numbers[i] + numbers[i - 1] > 0"),
)


def positions(difficulty: int, random: Random) -> Sketch:
    """Positions of the numbers with some properties; one of them or something about them."""
    has_beside = difficulty in (3, 5) or (difficulty == 2 and random.random() < 0.5)
    count = (1, 1 if has_beside else 2, 2, 3, 3)[difficulty - 1]
    conditions = random_filters(random, NUMBER_LISTS, count)
    parts = [condition.singular for condition in conditions]
    tests = [condition.of("numbers[i]") for condition in conditions]
    start = "for i in range(len(numbers))"
    if has_beside:
        said, test = random.choice(_BESIDE)
        parts.append(said)
        tests.append(test)
        start = "for i in range(1, len(numbers))"
    result, returned = random.choice(
        (
            ("the index of the first number that {it}, or -1 if there is none",
             "return found[0] if found else -1"),
            ("the index of the last number that {it}, or -1 if there is none",
             "return found[-1] if found else -1"),
            ("the index of the second number that {it}, or -1 if there are fewer than two",
             "return found[1] if len(found) > 1 else -1"),
            ("the list of the indices of all numbers that {them}", "return found"),
            ("how far the first and the last number that {it} are apart, as a difference of "
             "their indices, or 0 if there is none", "return found[-1] - found[0] if found else 0"),
            ("how many numbers {them}", "return len(found)"),
            ("the sum of the indices of the numbers that {them}", "return sum(found)"),
        )
    )  # fmt: skip
    plural = [condition.plural for condition in conditions] + parts[len(conditions) :]
    if has_beside:
        plural = parts
        result = result.replace("numbers that {them}", "numbers of which each {them}")
        if result.startswith("how many"):
            result = "how many numbers there are of which each {them}"
    words = [f"Return {result.format(it=joined(parts), them=joined(plural))}."]
    if has_beside:
        words.append("The first number has none before it and never counts.")
    return Sketch(
        names=("find", "locate", "search", "position", "look_up"),
        parameters=(("numbers", "list[int]"),),
        returns="list[int]" if "list" in result else "int",
        words=(" ".join(words),),
        body=(*collected("found = ", "[]", "i", start, tests), returned),
        inputs=NUMBER_LISTS,
    )


def best(difficulty: int, random: Random) -> Sketch:
    """The number with the largest or smallest value of something; at difficulty 5, pairs."""
    if difficulty == 5:
        return pairs(difficulty, random)
    change = random_change(random, NUMBER_LISTS)
    conditions = random_filters(random, NUMBER_LISTS, min(difficulty - 1, 3))
    order, sign = random.choice((("largest", ">"), ("smallest", "<")))
    is_last = random.random() < 0.5
    sign += "=" if is_last else ""
    tie = "last" if is_last else "first"
    default = random.choice((-1, 0, None))
    index = random.random() < 0.5
    which = (
        f" among those that {joined([each.plural for each in conditions])}" if conditions else ""
    )
    words = (
        f"Return {'the index of the number' if index else 'the number'} for which "
        f"{change.said('the number')} is {order}{which}. Of several take the {tie} one; "
        f"if there is none, return {default}."
    )
    tests = joined_tests([each.of("number") for each in conditions])
    inner = [
        f"value = {change.of('number')}",
        f"if best is None or value {sign} best:",
        f"    best, found = value, {'i' if index else 'number'}",
    ]
    body = ["best = None", f"found = {default}"]
    body.append("for i, number in enumerate(numbers):" if index else "for number in numbers:")
    if tests:
        body += [f"    if {tests}:", *(f"        {line}" for line in inner)]
    else:
        body += [f"    {line}" for line in inner]
    return Sketch(
        names=("best", "find_best", "champion", "extreme"),
        parameters=(("numbers", "list[int]"),),
        returns="int | None" if default is None else "int",
        words=(words,),
        body=(*body, "return found"),
        inputs=NUMBER_LISTS,
    )


def pairs(difficulty: int, random: Random) -> Sketch:
    """How many pairs of positions have some properties."""
    relations = random.sample(_RELATIONS, (1, 2, 1, 2, 2)[difficulty - 1])
    conditions = random_filters(random, NUMBER_LISTS, (1, 1, 2, 2, 3)[difficulty - 1])
    sides = [random.choice(("a", "b")) for _ in conditions]
    parts = [said for said, _ in relations]
    tests = [test for _, test in relations]
    for side, condition in zip(sides, conditions, strict=True):
        parts.append(f"{side} {condition.singular}")
        tests.append(condition.of(side))
    result, start, step, returned = random.choice(
        (
            ("how many pairs of numbers a and b, where a stands before b, have these properties",
             "0", "found += 1", "found"),
            ("the sum of a * b over all pairs of numbers a and b, where a stands before b, with "
             "these properties", "0", "found += a * b", "found"),
            ("the largest a + b of all pairs of numbers a and b, where a stands before b, with "
             "these properties, or 0 if that is greater", "0", "found = max(found, a + b)",
             "found"),
        )
    )  # fmt: skip
    test = joined_tests(tests)
    return Sketch(
        names=("count_pairs", "pairs", "match", "couples"),
        parameters=(("numbers", "list[int]"),),
        returns="int",
        words=(f"Return {result}: {joined(parts)}.",),
        body=(
            f"found = {start}",
            "for i, a in enumerate(numbers):",
            "    for b in numbers[i + 1 :]:",
            f"        if {test}:",
            f"            {step}",
            f"return {returned}",
        ),
        inputs=NUMBER_LISTS,
    )


_RELATIONS = (
    *((f"a + b is divisible by {k}", f"(a + b) % {k} == 0") for k in range(3, 8)),
    *((f"a + b is above {k}", f"a + b > {k}") for k in range(4, 16)),
    *((f"a + b equals {k}", f"a + b == {k}") for k in range(5, 13)),
    *((f"a and b differ by at most {k}", f"abs(a - b) <= {k}") for k in range(1, 7)),
    *((f"a and b differ by exactly {k}", f"abs(a - b) == {k}") for k in range(1, 7)),
    *((f"a is at least {k} greater than b", f"a >= b + {k}") for k in range(1, 7)),
    *((f"b is at least {k} greater than a", f"b >= a + {k}") for k in range(1, 7)),
)


_FOLLOWING = (
    ("each after the first is greater than the one before it", "number > previous"),
    ("each after the first is less than the one before it", "number < previous"),
    ("each after the first is at least as large as the one before it", "number >= previous"),
    ("each after the first differs from the one before it in parity",
     "number % 2 != previous % 2"),
    *((f"neighbours differ by at most {k}", f"abs(number - previous) <= {k}")
      for k in range(1, 7)),
    *((f"neighbours differ by at least {k}", f"abs(number - previous) >= {k}")
      for k in range(2, 7)),
)  # fmt: skip


def longest_run(difficulty: int, random: Random) -> Sketch:
    """The longest stretch of neighbours with some properties."""
    conditions = random_filters(random, NUMBER_LISTS, (1, 1, 2, 2, 3)[difficulty - 1])
    tests = joined_tests([condition.of("number") for condition in conditions])
    parts = [f"all {joined([condition.plural for condition in conditions])}"]
    follows = ""
    if difficulty != 3:
        said, follows = random.choice(_FOLLOWING)
        parts.append(said)
    has_index = random.random() < 0.4
    words = "Return the length of the longest stretch"
    if has_index:
        words = "Return the index of the last number of the first of the longest stretches"
    words += f" of neighbouring numbers of which {joined(parts)}" + (
        ", or -1 if there is none." if has_index else "."
    )
    step = f"current + 1 if {tests} else 0"
    lines = [f"    current = {step}"]
    if follows:
        lines = [
            f"    if {tests}:",
            f"        goes_on = current > 0 and {follows}",
            "        current = current + 1 if goes_on else 1",
            "    else:",
            "        current = 0",
            "    previous = number",
        ]
    ending = ["    best = max(best, current)", "return best"]
    if has_index:
        ending = ["    if current > best:", "        best, end = current, i", "return end"]
    start = ["best = current = 0"]
    start += ["end = -1"] if has_index else []
    start += ["previous = 0"] if follows else []
    head = "for i, number in enumerate(numbers):" if has_index else "for number in numbers:"
    return Sketch(
        names=("longest_run", "streak", "stretch", "longest"),
        parameters=(("numbers", "list[int]"),),
        returns="int",
        words=(words,),
        body=(*start, head, *lines, *ending),
        inputs=NUMBER_LISTS,
    )


_BOUNDS = (
    ("the first number that is at least {it}", "<"),
    ("the first number that is greater than {it}", "<="),
)
_AIMS = (
    ("`target`", "target"),
    *((f"`target` plus {k}", f"target + {k}") for k in range(1, 7)),
    *((f"`target` minus {k}", f"target - {k}") for k in range(1, 7)),
    *((f"{k} times `target`", f"{k} * target") for k in range(2, 5)),
)


def binary_search(difficulty: int, random: Random) -> Sketch:
    """A place in a sorted list, found by halving; from difficulty 4 on, pairs instead."""
    bound, sign = random.choice(_BOUNDS)
    if difficulty > 3:
        return pairs(difficulty, random)
    aim, value = random.choice(_AIMS)
    factor, shift = 1, 0
    if difficulty > 1:
        factor = random.randint(2, 5)
        shift = random.choice((-4, -3, -2, -1, 1, 2, 3, 4)) if difficulty > 2 else 0
    measure, said = "numbers[middle]", "number"
    if factor > 1:
        measure, said = f"{factor} * {measure}", f"{factor} times the number"
    if shift:
        measure += f" {'+' if shift > 0 else '-'} {abs(shift)}"
        said = f"{said} {'plus' if shift > 0 else 'minus'} {abs(shift)}"
    place = bound.format(it=aim)
    if factor > 1 or shift:
        said = said if said.startswith(str(factor) + " ") else f"the {said}"
        place = place.replace("number that is", f"number for which {said} is")
    results = (
        ("the index of {place}, or the length of the list if there is none", ("return low",)),
        ("how many numbers stand before {place}; all, if there is none", ("return low",)),
        ("how many numbers are left from {place} on", ("return len(numbers) - low",)),
        ("{place}, or None if there is none",
         ("return numbers[low] if low < len(numbers) else None",)),
        ("the number before {place}, the last number if there is no such number, or -1 if "
         "nothing stands before it", ("return numbers[low - 1] if low else -1",)),
        ("the sum of the numbers before {place}, or of all if there is none",
         ("return sum(numbers[:low])",)),
    )  # fmt: skip
    result, returned = random.choice(results)
    words = [f"`numbers` is sorted, smallest first. Return {result.format(place=place)}."]
    words.append("Halve the part to look at in each step.")
    return Sketch(
        names=("search", "bisect", "lower_bound", "find_place"),
        parameters=(("numbers", "list[int]"), ("target", "int")),
        returns="int | None" if "None" in result else "int",
        words=(" ".join(words),),
        body=(
            "low, high = 0, len(numbers)",
            "while low < high:",
            "    middle = (low + high) // 2",
            f"    if {measure} {sign} {value}:",
            "        low = middle + 1",
            "    else:",
            "        high = middle",
            *returned,
        ),
        inputs=_SORTED,
    )


SEARCHING = DrawnFamily("searching", (positions, best, pairs, longest_run, binary_search))
