"""Dynamic programming: coins, steps, subsequences, edits, picks with gaps, paths.

    def fewest(n):
        \"\"\"Return the fewest coins of 1, 4 and 6 that add up to `n`, or -1 if none do.\"\"\"

Difficulty is the number of coins, steps, costs or conditions.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import COUNTS, NUMBER_LISTS, Inputs, one_argument
from lit_coder.problems.grammars.integer_words import (
    PLAIN,
    random_change,
    random_condition,
    random_filters,
)
from lit_coder.problems.grammars.layout import joined, joined_tests
from lit_coder.problems.grammars.sketch import Sketch

_AMOUNTS = one_argument((0, 1, 3, 6, 11, 18, 23), (2, 4, 5, 7, 8, 9, 10, 12, 13, 15, 20, 27))
_STAIRS = one_argument((0, 1, 2, 4, 7, 10), (3, 5, 6, 8, 9, 11, 12, 13))
_TWO_TEXTS = Inputs(
    (
        ("kitten", "sitting"),
        ("abc", "abc"),
        ("", "xyz"),
        ("flaw", "lawn"),
        ("aabba", "abab"),
        ("door", "d"),
    ),
    (
        ("", ""),
        ("a", ""),
        ("ab", "ba"),
        ("xaxbxc", "abc"),
        ("moon", "noon"),
        ("aaaa", "aa"),
        ("river", "vier"),
        ("cab", "abcab"),
        ("e", "eerie"),
    ),
)
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


def coins(difficulty: int, random: Random) -> Sketch:
    """The fewest coins for an amount, or the number of ways to pay it."""
    chosen = sorted(random.sample(range(1, 17), (2, 3, 4, 5, 5)[difficulty - 1]))
    fee = random.choice((1, 2, 3)) if difficulty > 2 else 0
    said = joined([str(coin) for coin in chosen])
    values = f"({', '.join(map(str, chosen))})"
    kind = random.choice(("fewest", "ways", "orders", "most"))
    if kind in ("ways", "orders"):
        of_order = "not make" if kind == "ways" else "make"
        words = (
            f"Return in how many ways coins of {said} add up to exactly `n`. There are as many "
            f"coins of each kind as needed, and their order does {of_order} a difference."
        )
        start = ["ways = [1] + [0] * n"]
        if kind == "ways":
            lines = [
                f"for coin in {values}:",
                "    for amount in range(coin, n + 1):",
                "        ways[amount] += ways[amount - coin]",
            ]
        else:
            lines = [
                "for amount in range(1, n + 1):",
                f"    for coin in {values}:",
                "        if coin <= amount:",
                "            ways[amount] += ways[amount - coin]",
            ]
        body = (*start, *lines, "return ways[n]")
    else:
        order = "min" if kind == "fewest" else "max"
        words = f"Return the {kind} coins of {said} that add up to exactly `n`, or -1 if none do."
        price = "1"
        if fee:
            dear = random.choice(chosen)
            words += f" A coin of {dear} counts as {fee + 1} coins."
            price = f"({fee + 1} if coin == {dear} else 1)"
        body = (
            "best = [0] + [None] * n",
            "for amount in range(1, n + 1):",
            f"    for coin in {values}:",
            "        if coin <= amount and best[amount - coin] is not None:",
            f"            count = best[amount - coin] + {price}",
            "            if best[amount] is None:",
            "                best[amount] = count",
            f"            best[amount] = {order}(best[amount], count)",
            "return -1 if best[n] is None else best[n]",
        )
    return Sketch(
        names=("pay", "change", "coins", "make_amount"),
        parameters=(("n", "int"),),
        returns="int",
        words=(words,),
        body=body,
        inputs=_AMOUNTS,
    )


def stairs(difficulty: int, random: Random) -> Sketch:
    """In how many ways a stair can be climbed, or how dear that is."""
    steps = sorted(random.sample(range(1, 8), (2, 2, 3, 3, 4)[difficulty - 1]))
    condition = random_condition(random, COUNTS)
    change = random_change(random, COUNTS, 0.3)
    said = joined([str(step) for step in steps], "or")
    values = f"({', '.join(map(str, steps))})"
    has_broken = difficulty > 1
    test = f"if {condition.of('stair')}:"
    is_cost = random.random() < 0.5
    words = f"Climb from stair 0 to stair `n`, {said} stairs at a time."
    if has_broken:
        words += f" Stairs whose number {condition.singular} are broken: nobody can land there"
        words += ", but the last stair `n` is never broken."
        test = f"if stair < n and ({condition.of('stair')}):"
        if " or " not in condition.expression:
            test = f"if stair < n and {condition.of('stair')}:"
    broken = [f"    {test}", "        continue"] if has_broken else []
    if is_cost:
        cost = change.of("stair")
        words += (
            f" Landing on a stair costs {change.said('its number')}. Return the smallest total "
            "cost, or None if there is no way."
        )
        body = [
            "costs = [0] + [None] * n",
            "for stair in range(1, n + 1):",
            *broken,
            f"    below = [costs[stair - step] for step in {values} if step <= stair]",
            "    known = [cost for cost in below if cost is not None]",
            "    if known:",
            f"        costs[stair] = min(known) + {cost}",
            "return costs[n]",
        ]
        if cost.startswith("-"):
            body[-2] = f"        costs[stair] = min(known) - {cost[1:]}"
    else:
        words += " Return the number of ways to do so."
        body = [
            "ways = [1] + [0] * n",
            "for stair in range(1, n + 1):",
            *broken,
            f"    for step in {values}:",
            "        if step <= stair:",
            "            ways[stair] += ways[stair - step]",
            "return ways[n]",
        ]
    if difficulty > 3:
        modulus = random.randint(5, 40)
        words = words.replace("Return the number of ways to do so.",
                              f"Return the number of ways to do so, modulo {modulus}.")  # fmt: skip
        body[-1] = body[-1].replace("return ways[n]", f"return ways[n] % {modulus}")
    return Sketch(
        names=("climb", "stairs", "ways_up", "ascend"),
        parameters=(("n", "int"),),
        returns="int | None" if is_cost else "int",
        words=(words,),
        body=tuple(body),
        inputs=_STAIRS,
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


def edits(difficulty: int, random: Random) -> Sketch:
    """How dear it is to turn a text into another one, or what two texts have in common."""
    insert, delete, replace = (random.randint(1, 9) for _ in range(3))
    vowel = random.randint(1, 3) if difficulty > 2 else 0
    words = (
        f"Return the smallest cost of turning the text `a` into `b`. Inserting a letter costs "
        f"{insert} and deleting one costs {delete}"
    )
    has_replace = difficulty > 1
    if has_replace:
        words += f"; replacing one by another letter costs {replace}."
    else:
        words += "; nothing else can be done."
    if vowel:
        words += (
            f" Deleting a vowel (a, e, i, o or u) costs {vowel} more. No letter is changed twice."
        )
    swap = random.randint(1, 4) if difficulty > 3 else 0
    if swap:
        words += f" Exchanging two neighbouring letters of `a` to match `b` costs {swap}."
    if difficulty == 5:
        words += f" Deleting the first letter of `a` costs at least {delete + vowel + 4}."
    extra = f' + ({vowel} if a[i - 1] in "aeiou" else 0)' if vowel else ""
    lines = [
        "rows, columns = len(a) + 1, len(b) + 1",
        "cost = [[0] * columns for _ in range(rows)]",
        "for i in range(rows):",
        "    for j in range(columns):",
        "        options = []",
        "        if i > 0:",
        f"            dear = {delete}{extra}",
        "            options.append(cost[i - 1][j] + dear)",
        "        if j > 0:",
        f"            options.append(cost[i][j - 1] + {insert})",
        "        if i > 0 and j > 0 and a[i - 1] == b[j - 1]:",
        "            options.append(cost[i - 1][j - 1])",
    ]
    if not vowel:
        lines[6:8] = [f"            options.append(cost[i - 1][j] + {delete})"]
    if difficulty == 5:
        lines.insert(7, "            if i == 1:")
        lines.insert(8, f"                dear = max(dear, {delete + vowel + 4})")
    if has_replace:
        lines += [
            "        elif i > 0 and j > 0:",
            f"            options.append(cost[i - 1][j - 1] + {replace})",
        ]
    if swap:
        lines += [
            "        if i > 1 and j > 1 and a[i - 2 : i] == b[j - 1] + b[j - 2]:",
            f"            options.append(cost[i - 2][j - 2] + {swap})",
        ]
    lines += ["        if options:", "            cost[i][j] = min(options)", "return cost[-1][-1]"]
    return Sketch(
        names=("edit_cost", "distance", "turn_into", "transform_cost"),
        parameters=(("a", "str"), ("b", "str")),
        returns="int",
        words=(words,),
        body=tuple(lines),
        inputs=_TWO_TEXTS,
    )


def picks(difficulty: int, random: Random) -> Sketch:
    """The largest sum of numbers that stand apart."""
    gap = random.randint(1, 3)
    conditions = random_filters(random, NUMBER_LISTS, (0, 1, 1, 2, 3)[difficulty - 1])
    change = random_change(random, NUMBER_LISTS, 0.5 if difficulty == 2 else 0.1)
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
    change = random_change(random, _SMALL_GRIDS) if difficulty > 2 else PLAIN
    order, word = random.choice((("min", "smallest"), ("max", "largest")))
    has_walls = difficulty != 2
    diagonal = difficulty > 3
    moves = "one cell to the right or down"
    if diagonal:
        moves = "one cell to the right, down, or both at once"
    words = f"Go from the first cell of the first row to the last cell of the last row, {moves}."
    if has_walls:
        words += (
            f" Cells whose value {condition.singular} cannot be entered, but start and end can."
        )
    is_count = difficulty == 1
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


DYNAMIC_PROGRAMMING = DrawnFamily(
    "dynamic_programming", (coins, stairs, subsequence, edits, picks, grid_paths)
)
