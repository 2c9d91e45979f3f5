"""Dynamic programming on numbers: subsequences in some order, picks that stand apart, paths.

    sketch = picks(2, Random(0))       # grammars of the family `dynamic_programming`

Difficulty is the number of conditions and changes.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.inputs import NUMBER_LISTS, one_argument
from lit_coder.problems.grammars.integer_words import (
    PLAIN,
    random_change,
    random_condition,
    random_filters,
)
from lit_coder.problems.grammars.layout import joined, joined_tests
from lit_coder.problems.grammars.sketch import Sketch

_SMALL_GRIDS = one_argument(
    (
        [[1, 2, 3], [4, 5, 6]],
        [[7]],
        [[0, 5, 2, 8], [3, 3, 9, 1], [6, 4, 7, 2]],
        [[2, 2], [10, 4], [5, 12]],
        [[9, 1, 4], [2, 8, 6], [7, 3, 5]],
    ),
    (
        [[11, 1, 0, 4]],
        [[3], [8], [5]],
        [[0, 0], [0, 0]],
        [[15, 2, 9], [4, 4, 4], [1, 13, 6]],
        [[1, 3, 5], [2, 4, 6], [9, 7, 5]],
        [[6, 14, 3, 7], [2, 10, 1, 8]],
    ),
)


_ORDERS: tuple[tuple[str, str], ...] = (
    ("is greater than the one before it", "other < number"),
    ("is less than the one before it", "other > number"),
    ("is at least as large as the one before it", "other <= number"),
    ("has another parity than the one before it", "(number - other) % 2 == 1"),
    *((f"is at least {k} greater than the one before it", f"number - other >= {k}")
      for k in range(2, 6)),
    *((f"differs from the one before it by at most {k}", f"abs(number - other) <= {k}")
      for k in range(1, 6)),
    *((f"makes a sum divisible by {k} with the one before it", f"(number + other) % {k} == 0")
      for k in range(3, 7)),
)  # fmt: skip


def subsequence(difficulty: int, random: Random) -> Sketch:
    """The longest subsequence in some order, or that of the largest sum."""
    orders = random.sample(_ORDERS, (1, 1, 1, 2, 2)[difficulty - 1])
    conditions = random_filters(random, NUMBER_LISTS, (1, 1, 2, 1, 2)[difficulty - 1])
    is_sum = random.random() < 0.5
    change = random_change(random, NUMBER_LISTS, 0.0 if difficulty > 1 else 1.0)
    worth = change.of("number") if is_sum else "1"
    words = "Choose numbers of `numbers`, in their order, so that each but the first "
    words += joined([said for said, _ in orders])
    if conditions:
        words += f", and only numbers that {joined([each.plural for each in conditions])}"
    if is_sum and change.is_plain:
        words += ". Return the largest sum that they can have, or 0 if that is larger."
    elif is_sum:
        words += (
            f". Each chosen number is worth {change.said('the number')}. Return the largest total "
            "worth that they can have, or 0 if that is larger."
        )
    else:
        words += ". Return how many can be chosen at most."
    test = joined_tests([test for _, test in orders])
    skip = joined_tests([condition.of("number") for condition in conditions])
    inner = [
        f"value = {worth}",
        "for other, best in ends:",
        f"    if {test}:",
        f"        value = max(value, best + {worth})",
        "ends.append((number, value))",
    ]
    if worth.startswith("-"):
        inner[3] = f"        value = max(value, best - {worth[1:]})"
    lines = [f"    {line}" for line in inner]
    if skip:
        lines = [f"    if {skip}:", *(f"        {line}" for line in inner)]
    return Sketch(
        names=("longest", "best_chain", "subsequence", "chain"),
        parameters=(("numbers", "list[int]"),),
        returns="int",
        words=(words,),
        body=(
            "ends = []",
            "for number in numbers:",
            *lines,
            "return max((value for _, value in ends), default=0)",
        )
        if not is_sum
        else (
            "ends = []",
            "for number in numbers:",
            *lines,
            "return max([0] + [value for _, value in ends])",
        ),
        inputs=NUMBER_LISTS,
    )


def picks(difficulty: int, random: Random) -> Sketch:
    """The largest sum of numbers that stand apart."""
    gap = random.randint(1, 3)
    conditions = random_filters(random, NUMBER_LISTS, (1, 1, 2, 2, 3)[difficulty - 1])
    change = random_change(random, NUMBER_LISTS, 0.8 if difficulty in (1, 3) else 0.0)
    worth = change.of("number")
    apart = {1: "No two neighbours may be picked", 2: "Between two picks at least 2 numbers are "
             "left out", 3: "Between two picks at least 3 numbers are left out"}[gap]  # fmt: skip
    words = f"Pick some of `numbers`, or none. {apart}."
    if conditions:
        words += f" Only numbers that {joined([each.plural for each in conditions])} may be picked."
    if not change.is_plain:
        words += f" A pick is worth {change.said('the number')}; return the largest total worth."
    else:
        words += " Return the largest sum of the picks."
    test = joined_tests([condition.of("number") for condition in conditions])
    inner = [f"picked = best[max(i - {gap}, 0)] + {worth}"]
    if worth.startswith("-"):
        inner = [f"picked = best[max(i - {gap}, 0)] - {worth[1:]}"]
    if test:
        lines = ["    value = best[-1]", f"    if {test}:", f"        {inner[0]}"]
        lines += ["        value = max(value, picked)", "    best.append(value)"]
    else:
        lines = [f"    {inner[0]}", "    best.append(max(best[-1], picked))"]
    return Sketch(
        names=("pick", "best_picks", "choose_apart", "largest_sum"),
        parameters=(("numbers", "list[int]"),),
        returns="int",
        words=(words,),
        body=("best = [0]", "for i, number in enumerate(numbers):", *lines, "return best[-1]"),
        inputs=NUMBER_LISTS,
    )


def grid_paths(difficulty: int, random: Random) -> Sketch:
    """Ways from the first to the last cell of a grid, to the right and down."""
    condition = random_condition(random, _SMALL_GRIDS)
    is_count = difficulty == 1 and random.random() < 0.3
    is_changed = difficulty > 2 or (difficulty == 1 and not is_count)
    change = random_change(random, _SMALL_GRIDS) if is_changed else PLAIN
    order, word = random.choice((("min", "smallest"), ("max", "largest")))
    has_walls = difficulty > 1 or is_count
    diagonal = difficulty > 3 or (difficulty == 1 and random.random() < 0.5)
    moves = "one cell to the right or down"
    if diagonal:
        moves = "one cell to the right, down, or both at once"
    words = f"Go from the first cell of the first row to the last cell of the last row, {moves}."
    if has_walls:
        words += (
            f" Cells whose value {condition.singular} cannot be entered, but start and end can."
        )
    if is_count:
        words += " Return the number of paths."
    else:
        worth = change.said("its value")
        words += f" Each cell on the way, the first and the last included, adds {worth}."
        words += f" Return the {word} total" + (
            ", or None if there is no way." if has_walls else "."
        )
    wall = "is_end = (i, j) in ((0, 0), (len(grid) - 1, len(row) - 1))"
    lines = ["known = {}", "for i, row in enumerate(grid):", "    for j, cell in enumerate(row):"]
    if has_walls:
        test = condition.of("cell")
        test = f"({test})" if " or " in test else test
        lines += [f"        {wall}", f"        if {test} and not is_end:", "            continue"]
    places = ["(i - 1, j)", "(i, j - 1)"] + (["(i - 1, j - 1)"] if diagonal else [])
    lines += [f"        before = [known[at] for at in ({', '.join(places)}) if at in known]"]
    if is_count:
        lines += ["        known[i, j] = sum(before) if (i, j) != (0, 0) else 1"]
        lines += ["return known[len(grid) - 1, len(grid[0]) - 1]"]
    else:
        value = change.of("cell")
        added = f"- {value[1:]}" if value.startswith("-") else f"+ {value}"
        lines += ["        if (i, j) == (0, 0):", f"            known[i, j] = {value}"]
        lines += ["        elif before:", f"            known[i, j] = {order}(before) {added}"]
        lines += ["return known.get((len(grid) - 1, len(grid[0]) - 1))"]
    return Sketch(
        names=("paths", "best_path", "cross_grid", "walk"),
        parameters=(("grid", "list[list[int]]"),),
        returns="int" if is_count else "int | None",
        words=(words,),
        body=tuple(lines),
        inputs=_SMALL_GRIDS,
    )
