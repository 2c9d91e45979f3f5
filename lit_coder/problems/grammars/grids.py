"""Grids: lists of rows that are turned, changed cell by cell, summed up and looked at.

    def transform(grid):
        \"\"\"Mirror the grid left to right; then replace each cell that is even by 0.\"\"\"

Grids are rectangular; the empty one has no rows. Difficulty is the number of operations or of
conditions.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import one_argument
from lit_coder.problems.grammars.integer_words import (
    random_change,
    random_condition,
    random_filters,
)
from lit_coder.problems.grammars.layout import joined, joined_tests
from lit_coder.problems.grammars.parts import part
from lit_coder.problems.grammars.sketch import Sketch

_GRIDS = one_argument(
    (
        [[1, 2, 3], [4, 5, 6]],
        [[7]],
        [],
        [[0, 5, -2, 8], [3, 3, 9, 1], [6, -4, 7, 2]],
        [[2, 2], [10, 4], [5, 12]],
        [[9, 1, 4], [2, 8, 6], [7, 3, 5]],
    ),
    (
        [[11, -1, 0, 4, 6]],
        [[3], [8], [-5]],
        [[0, 0], [0, 0]],
        [[15, 2, 9], [4, 4, 4], [1, 13, 6], [8, 0, 7]],
        [[5, 10, 15, 20], [6, 12, 18, 24]],
        [[-3, -6], [7, 14]],
        [[1, 3, 5, 7], [2, 4, 6, 8], [9, 7, 5, 3], [8, 6, 4, 2]],
        [[21, 6, 3], [12, 5, 16], [2, 2, 11]],
    ),
)

_TURNS: tuple[tuple[str, str], ...] = (
    ("mirror the grid left to right", "grid = [row[::-1] for row in grid]"),
    ("turn the grid upside down by reversing the order of its rows", "grid = grid[::-1]"),
    ("exchange rows and columns", "grid = [list(column) for column in zip(*grid)]"),
    ("turn the grid clockwise by a quarter", "grid = [list(row) for row in zip(*grid[::-1])]"),
    ("sort each row, smallest first", "grid = [sorted(row) for row in grid]"),
    ("sort each row, largest first", "grid = [sorted(row, reverse=True) for row in grid]"),
    ("drop the first row", "grid = grid[1:]"),
    ("drop the last column", "grid = [row[:-1] for row in grid]"),
    ("keep every second row, beginning with the first", "grid = grid[::2]"),
    ("move each row by one to the left, its first cell to the end",
     "grid = [row[1:] + row[:1] for row in grid]"),
    ("move the last row to the top", "grid = grid[-1:] + grid[:-1]"),
    ("sort the rows by their sums, smallest first", "grid = sorted(grid, key=sum)"),
    ("put the sum of each row at its end", "grid = [[*row, sum(row)] for row in grid]"),
)  # fmt: skip


def transform(difficulty: int, random: Random) -> Sketch:
    """Operations on the whole grid and on its cells, one after the other."""
    plan = [_cell_step(random) if random.random() < 0.5 else random.choice(_TURNS)
            for _ in range(difficulty)]  # fmt: skip
    if difficulty == 1:
        plan = [_cell_step(random)]
    steps = [words for words, _ in plan]
    lines = [line for _, line in plan]
    words: tuple[str, ...]
    if difficulty == 1:
        words = (f"Return a new grid: {steps[0]}.",)
    else:
        opening = random.choice(
            ("Do the following with a grid of integers and return the result:",
             "Return the grid that these steps make, one after the other.")
        )  # fmt: skip
        words = (opening, *(f"- {step}" for step in steps))
    return Sketch(
        names=("transform", "change_grid", "rearrange", "process"),
        parameters=(("grid", "list[list[int]]"),),
        returns="list[list[int]]",
        words=words,
        body=_ended(lines),
        inputs=_GRIDS,
        without=tuple(
            grid_function(lines[:index] + lines[index + 1 :]) for index in range(len(lines))
        )
        if difficulty > 1
        else (),
    )


def grid_function(lines: list[str]) -> Callable[[list[list[int]]], list[list[int]]]:
    """What the lines make of a grid, without compiling them as a whole."""
    steps = [part("grid", line.removeprefix("grid = ")) for line in lines]

    def changed(grid: list[list[int]]) -> list[list[int]]:
        for step in steps:
            grid = step(grid)
        return grid

    return changed


def _ended(lines: list[str]) -> tuple[str, ...]:
    """The lines, of which the last is returned."""
    return (*lines[:-1], lines[-1].replace("grid = ", "return ", 1))


def _cell_step(random: Random) -> tuple[str, str]:
    """A change of the cells: of all, or of those that are something."""
    change = random_change(random, _GRIDS)
    if random.random() < 0.4:
        return (
            f"replace each cell by {change.said('its value')}",
            f"grid = [[{change.of('cell')} for cell in row] for row in grid]",
        )
    condition = random_condition(random, _GRIDS)
    if random.random() < 0.5:
        constant = random.choice((0, 0, 1, -1, 5, 9))
        value, said = str(constant), str(constant)
    else:
        value, said = change.of("cell"), change.said("its value")
    whole = f"[{value} if {condition.of('cell')} else cell for cell in row]"
    return (
        f"replace each cell that {condition.singular} by {said}",
        f"grid = [{whole} for row in grid]",
    )


_PLACES: tuple[tuple[str, str], ...] = (
    ("in a row with an even index", "i % 2 == 0"),
    ("in a column with an odd index", "j % 2 == 1"),
    ("in the first column", "j == 0"),
    ("not in the first row", "i > 0"),
    ("on the diagonal (row and column index are equal)", "i == j"),
    ("above the diagonal (column index greater than row index)", "j > i"),
    ("below the diagonal (column index less than row index)", "j < i"),
    ("on a white square (row and column index have an even sum)", "(i + j) % 2 == 0"),
    ("on a black square (row and column index have an odd sum)", "(i + j) % 2 == 1"),
    ("in the last row", "i == len(grid) - 1"),
    ("in the last column", "j == len(row) - 1"),
    ("not on the border",
     "0 < i < len(grid) - 1 and 0 < j < len(row) - 1"),
)  # fmt: skip


def cells(difficulty: int, random: Random) -> Sketch:
    """The cells at some place with some properties, summed or counted."""
    num_conditions = (1, 1, 1, 2, 3)[difficulty - 1]
    conditions = random_filters(random, _GRIDS, num_conditions)
    places = random.sample(_PLACES[:-1], 1) if difficulty > 1 else []
    if difficulty > 1 and random.random() < 0.1:
        places = [_PLACES[-1]]
    change = random_change(random, _GRIDS, 0.0 if difficulty > 2 else 0.7)
    tests = joined_tests([holds for _, holds in places] + [c.of("cell") for c in conditions])
    which = "".join(f" {said}" for said, _ in places)
    plural = joined([condition.plural for condition in conditions])
    if change.is_plain and random.random() < 0.5:
        wanted, step = "how many cells{which} {are}", "total += 1"
    elif change.is_plain:
        wanted, step = "the sum of the cells{which} that {are}", "total += cell"
    else:
        wanted = f"the sum of {change.said('the value')} over all cells{{which}} that {{are}}"
        step = f"total += {change.of('cell')}"
    uses_i = any(name in tests.split() or f"({name}" in tests for name in ("i", "j"))
    if uses_i:
        head = ["for i, row in enumerate(grid):", "    for j, cell in enumerate(row):"]
    else:
        head = ["for row in grid:", "    for cell in row:"]
    if uses_i and not any(part == "j" or part.startswith("j)") for part in tests.split()):
        head = ["for i, row in enumerate(grid):", "    for cell in row:"]
    elif uses_i and not any(part in ("i", "(i") for part in tests.split()):
        head = ["for row in grid:", "    for j, cell in enumerate(row):"]
    return Sketch(
        names=("total", "sum_cells", "grid_total", "measure"),
        parameters=(("grid", "list[list[int]]"),),
        returns="int",
        words=(f"Return {wanted.format(which=which, are=plural)}.",),
        body=("total = 0", *head, f"        if {tests}:", f"            {step}", "return total"),
        inputs=_GRIDS,
    )


_ROW_VALUES = (
    ("sum", "sum({row})"),
    ("largest cell", "max({row}, default=0)"),
    ("smallest cell", "min({row}, default=0)"),
    ("number of cells", "len({row})"),
)


def lines_of_cells(difficulty: int, random: Random) -> Sketch:
    """A value for each row or column, and what is made of the values."""
    conditions = random_filters(random, _GRIDS, (1, 1, 2, 2, 2)[difficulty - 1])
    is_column = random.random() < 0.5
    line = "column" if is_column else "row"
    said, value = random.choice(_ROW_VALUES)
    plural = joined([condition.plural for condition in conditions])
    tests = joined_tests([condition.of("cell") for condition in conditions])
    default = ", or 0 if there is none" if said in ("largest cell", "smallest cell") else ""
    what = {
        "sum": f"the sum of its cells that {plural}",
        "number of cells": f"the number of its cells that {plural}",
    }.get(said, f"the {said.split()[0]} of its cells that {plural}{default}")
    results = (
        (f"the list of these values, one for each {line}", "return values"),
        ("the largest of these values, or 0 for an empty grid", "return max(values, default=0)"),
        ("the list of these values, smallest first", "return sorted(values)"),
        (
            f"the index of the first {line} with the largest value, or -1 for an empty grid",
            "return values.index(max(values)) if values else -1",
        ),
        (
            f"how many {line}s have a value above {difficulty}",
            f"return sum(value > {difficulty} for value in values)",
        ),
        (
            "the difference between the largest and the smallest value, or 0 for an empty grid",
            "return max(values) - min(values) if values else 0",
        ),
    )
    result, returned = random.choice(results[:3] if difficulty == 1 else results)
    words = [f"Give each {line} of the grid a value: {what}."]
    steps = [f"    chosen = [cell for cell in {line} if {tests}]"]
    added = value.format(row="chosen")
    if difficulty > 3:
        change = random_change(random, _GRIDS)
        words.append(f"Then replace each value by {change.said('the value')}.")
        steps += [f"    value = {added}"]
        added = change.of("value")
    if difficulty == 5:
        words.append(f"The value of every second {line}, from the second on, is negated.")
        steps += [f"    values.append({added} if len(values) % 2 == 0 else -({added}))"]
    else:
        steps += [f"    values.append({added})"]
    words.append(f"Return {result}.")
    return Sketch(
        names=("rate_lines", f"{line}_values", "evaluate", "summary"),
        parameters=(("grid", "list[list[int]]"),),
        returns="list[int]" if "list" in result else "int",
        words=(" ".join(words),),
        body=(
            "values = []",
            "for column in zip(*grid):" if is_column else "for row in grid:",
            *steps,
            returned,
        ),
        inputs=_GRIDS,
    )


def neighbours(difficulty: int, random: Random) -> Sketch:
    """Cells with enough neighbours of some kind."""
    own = random_filters(random, _GRIDS, (0, 1, 1, 1, 2)[difficulty - 1])
    other = random_filters(random, _GRIDS, (1, 1, 2, 2, 2)[difficulty - 1])
    has_corners = random.random() < 0.4
    least = random.randint(1, 3) if difficulty > 1 else random.randint(1, 2)
    steps = "((-1, 0), (1, 0), (0, -1), (0, 1))"
    beside = "beside them (left, right, above, below)"
    if has_corners:
        beside = "around them (the corners too)"
    order, sign = random.choice((("at least", ">="), ("exactly", "==")))
    mine = joined([condition.plural for condition in own])
    theirs = joined([condition.plural for condition in other])
    result, step = random.choice(
        (("how many cells{mine} have", "total += 1"), ("the sum of the cells{mine} that have",
         "total += cell"))
    )  # fmt: skip
    said = f" that {mine}" if own else ""
    if "sum" in result and own:
        said = f" that {mine} and"
        result = "the sum of the cells{mine} have"
    if least == 1:
        theirs = joined([condition.singular for condition in other])
    cell = "cell" if least == 1 else "cells"
    words = f"Return {result.format(mine=said)} {order} {least} {cell} {beside} that {theirs}."
    inside = "0 <= y < len(grid) and 0 <= x < len(row)"
    tests = joined_tests([condition.of("grid[y][x]") for condition in other])
    look = [
        f"        for di, dj in {steps}:",
        "            y, x = i + di, j + dj",
        f"            if not ({inside}):",
        "                continue",
        f"            if {tests}:",
        "                found += 1",
    ]
    if has_corners:
        look = [
            "        for y in range(max(i - 1, 0), min(i + 2, len(grid))):",
            "            for x in range(max(j - 1, 0), min(j + 2, len(row))):",
            f"                if {joined_tests(['(y, x) != (i, j)', tests])}:",
            "                    found += 1",
        ]
    keep = joined_tests([condition.of("cell") for condition in own] + [f"found {sign} {least}"])
    return Sketch(
        names=("count_cells", "crowded", "beside", "look_around"),
        parameters=(("grid", "list[list[int]]"),),
        returns="int",
        words=(words,),
        body=(
            "total = 0",
            "for i, row in enumerate(grid):",
            "    for j, cell in enumerate(row):",
            "        found = 0",
            *look,
            f"        if {keep}:",
            f"            {step}",
            "return total",
        ),
        inputs=_GRIDS,
    )


GRIDS = DrawnFamily("grids", (transform, cells, lines_of_cells, neighbours))
