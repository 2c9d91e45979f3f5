"""Dynamic programming: coins, steps and edits here, and what `best_choices` has.

    def fewest(n):
        \"\"\"Return the fewest coins of 1, 4 and 6 that add up to `n`, or -1 if none do.\"\"\"

Difficulty is the number of coins, steps, costs or conditions.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.best_choices import grid_paths, picks, subsequence
from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import COUNTS, Inputs, one_argument
from lit_coder.problems.grammars.integer_words import random_change, random_condition
from lit_coder.problems.grammars.layout import joined
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


def coins(difficulty: int, random: Random) -> Sketch:
    """The fewest coins for an amount, or the number of ways to pay it."""
    chosen = sorted(random.sample(range(1, 17), (random.randint(2, 3), 3, 4, 5, 5)[difficulty - 1]))
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


def edits(difficulty: int, random: Random) -> Sketch:
    """How dear it is to turn a text into another one."""
    insert, delete, replace = (random.randint(1, 9) for _ in range(3))
    vowel = random.randint(1, 3) if difficulty > 1 else 0
    words = (
        f"Return the smallest cost of turning the text `a` into `b`. Inserting a letter costs "
        f"{insert} and deleting one costs {delete}"
    )
    words += f"; replacing one by another letter costs {replace}."
    if vowel:
        words += (
            f" Deleting a vowel (a, e, i, o or u) costs {vowel} more. No letter is changed twice."
        )
    swap = random.randint(1, 4) if difficulty > 2 else 0
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


DYNAMIC_PROGRAMMING = DrawnFamily(
    "dynamic_programming", (coins, stairs, subsequence, edits, picks, grid_paths)
)
