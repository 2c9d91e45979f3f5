"""Sets and tuples: what two or three lists share, and lists of points.

    def shared(a, b):
        \"\"\"Return the sorted list of the distinct numbers that are in `a` but not in `b`.\"\"\"

Difficulty is the number of rules beside the set operation.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import Inputs, one_argument
from lit_coder.problems.grammars.integer_words import (
    PLAIN,
    random_change,
    random_filters,
)
from lit_coder.problems.grammars.layout import collected, joined
from lit_coder.problems.grammars.parts import part
from lit_coder.problems.grammars.sketch import Sketch
from lit_coder.problems.problem import Value

_TWO_LISTS = Inputs(
    (
        ([1, 2, 3, 4], [3, 4, 5, 6]),
        ([5, 5, 7, 9], [9, 7, 11]),
        ([], [2, 8]),
        ([10, -4, 6, 3, 12], [6, 15, -4]),
        ([2, 4, 6, 8, 10, 12, 14], [4, 8, 12, 16, 1]),
        ([0, 7, 21, 14, -7], [14, 20, 0, 13]),
    ),
    (
        ([], []),
        ([3, 6, 9], []),
        ([1, 1, 2], [2, 2, 1]),
        ([8], [8, 8, 9]),
        ([-1, -2, -3, 5], [-2, 5, 11, 4]),
        ([17, 18, 19, 20, 25], [19, 16, 25, 30]),
        ([9, 3, 15, 27], [3, 27, 81, 6, 5]),
        ([100, 11, 7, 2], [13, 2, 100, 10]),
        ([4, -8, 16, 5], [-8, 5, 1, 22, 16]),
    ),
)
_THREE_LISTS = Inputs(
    tuple((a, b, [4, 6, 9, 3, 14, 21]) for a, b in _TWO_LISTS.visible),
    (
        *((a, b, [2, 5, 8, -3, 27, 25, 11]) for a, b in _TWO_LISTS.hidden),
        ([1, 2, 3], [2, 3, 4], []),
        ([7, 7], [7], [7, 1]),
    ),
)
_POINTS = one_argument(
    (
        [(1, 2), (3, 1), (1, 2), (4, 4)],
        [(0, 0), (-2, 5), (5, -2), (6, 3)],
        [],
        [(7, 7)],
        [(2, 9), (9, 2), (3, 3), (8, 1), (0, 5)],
        [(-1, -4), (10, 0), (4, -6), (-3, 8), (12, 5)],
    ),
    (
        [(1, 1), (1, 1)],
        [(2, 1), (4, 3), (6, 5), (8, 7)],
        [(0, 10), (10, 0), (5, 5)],
        [(-5, 2), (2, -5), (-5, 2), (3, 6)],
        [(15, 4), (4, 15), (7, 11)],
        [(3, 0), (0, 3), (-3, 0), (0, -3)],
        [(6, 6), (6, 5), (5, 6), (9, 14), (1, 13)],
        [(20, 1)],
        [(2, 2), (11, -7), (-8, 8), (5, 9), (4, 0)],
    ),
)

_OF_TWO = (
    ("that are in both `a` and `b`", "set(a) & set(b)"),
    ("that are in `a` but not in `b`", "set(a) - set(b)"),
    ("that are in `b` but not in `a`", "set(b) - set(a)"),
    ("that are in `a` or in `b` or in both", "set(a) | set(b)"),
    ("that are in exactly one of `a` and `b`", "set(a) ^ set(b)"),
)
_OF_THREE = (
    ("that are in all three lists", "set(a) & set(b) & set(c)"),
    ("that are in `a` and `b` but not in `c`", "(set(a) & set(b)) - set(c)"),
    ("that are in `a` but in neither `b` nor `c`", "set(a) - set(b) - set(c)"),
    ("that are in at least one of the three lists", "set(a) | set(b) | set(c)"),
    ("that are in `c` and in at least one of `a` and `b`", "set(c) & (set(a) | set(b))"),
    ("that are in `a` or `b` but not in `c`", "(set(a) | set(b)) - set(c)"),
    ("that are in `c` but not in both `a` and `b`", "set(c) - (set(a) & set(b))"),
    ("that are in exactly one of `a` and `b`, and in `c`", "(set(a) ^ set(b)) & set(c)"),
)
_RESULTS = (
    ("the list of {them}, smallest first", "list[int]", "return sorted({made})"),
    ("the list of {them}, largest first", "list[int]", "return sorted({made}, reverse=True)"),
    ("the sum of {them}", "int", "return sum({made})"),
    ("the set of {them}", "set[int]", "return {made}"),
    ("the largest of {them}, or None if there are none", "int | None",
     "return max({made}, default=None)"),
    ("the smallest of {them}, or -1 if there are none", "int", "return min({made}, default=-1)"),
    ("a tuple of their count and their sum", "tuple[int, int]", "return len({made}), sum({made})"),
)  # fmt: skip


def lists_as_sets(difficulty: int, random: Random) -> Sketch:
    """The numbers of some lists without their repetitions."""
    three = difficulty > 1 and random.random() < 0.6
    inputs = _THREE_LISTS if three else _TWO_LISTS
    said, expression = random.choice(_OF_THREE if three else _OF_TWO)
    num_filters = (random.choice((0, 1)), 1, 1, 2, 3)[difficulty - 1]
    conditions = random_filters(random, inputs, num_filters)
    is_changed = difficulty > 2 or not conditions
    change = random_change(random, inputs) if is_changed else PLAIN
    result, returns, returned = random.choice(_RESULTS)
    numbers = f"the distinct numbers {said}"
    if conditions:
        numbers += f" and {joined([condition.plural for condition in conditions])}"
    lines = [f"found = {expression}"]
    made = "found"
    if conditions or not change.is_plain:
        made = "chosen"
        tests = [condition.of("number") for condition in conditions]
        lines += collected("chosen = ", "{}", change.of("number"), "for number in found", tests)
    if change.is_plain:
        sentence = random.choice(("Return {it}.", "Compute {it}.")).format(
            it=result.format(them=numbers)
        )
        if "{them}" not in result:
            sentence = f"Take {numbers}, and return {result}."
    else:
        sentence = (
            f"Take {numbers}. Replace each by {change.said('the number')}, drop repetitions again, "
            f"and return {result.format(them='the results')}."
        )
    names = ("a", "b", "c")[: 3 if three else 2]
    return Sketch(
        names=("compare", "shared", "select_numbers", "distinct", "combine"),
        parameters=tuple((name, "list[int]") for name in names),
        returns=returns,
        words=(sentence,),
        body=(*lines, returned.format(made=made)),
        inputs=inputs,
    )


_PLACES = (
    ("above the diagonal (y greater than x)", "y > x"),
    ("below the diagonal (y less than x)", "y < x"),
    ("with x + y even", "(x + y) % 2 == 0"),
    ("with x + y odd", "(x + y) % 2 == 1"),
    *((f"with x at least {k}", f"x >= {k}") for k in range(1, 6)),
    *((f"with y at most {k}", f"y <= {k}") for k in range(1, 7)),
    *((f"whose sum x + y is above {k}", f"x + y > {k}") for k in range(2, 12)),
    *((f"whose coordinates differ by at least {k}", f"abs(x - y) >= {k}") for k in range(1, 8)),
    *((f"with |x| + |y| at most {k}", f"abs(x) + abs(y) <= {k}")
      for k in range(4, 13)),
)  # fmt: skip
_MOVES: tuple[tuple[tuple[str, str], ...], ...] = (
    (
        ("mirror each at the diagonal, so that (x, y) becomes (y, x)", "(y, x)"),
        ("mirror each at the x axis, so that (x, y) becomes (x, -y)", "(x, -y)"),
        ("mirror each at the y axis, so that (x, y) becomes (-x, y)", "(-x, y)"),
        ("turn each by half a turn: (x, y) becomes (-x, -y)", "(-x, -y)"),
        ("turn each left by a quarter: (x, y) becomes (-y, x)", "(-y, x)"),
    ),
    tuple(
        (f"add {dx} to each x and {dy} to each y", f"(x + {dx}, y + {dy})")
        for dx in range(1, 7)
        for dy in range(1, 7)
    ),
    tuple(
        (f"move each {dx} to the left and {dy} up", f"(x - {dx}, y + {dy})")
        for dx in range(1, 7)
        for dy in range(1, 7)
    ),
    tuple((f"multiply both coordinates by {k}", f"({k} * x, {k} * y)") for k in range(2, 6)),
    tuple((f"replace y by x + {k} * y", f"(x, x + {k} * y)") for k in range(1, 6)),
)
_ENDS = (
    ("the list of {them}, in the order given", "list[tuple[int, int]]", "return chosen"),
    ("the sorted list of {them}", "list[tuple[int, int]]", "return sorted(chosen)"),
    (
        "the list of {them}, each only once, where it comes first",
        "list[tuple[int, int]]",
        "return list(dict.fromkeys(chosen))",
    ),
    ("how many different points there are among {them}", "int", "return len(set(chosen))"),
    ("the set of {them}", "set[tuple[int, int]]", "return set(chosen)"),
    (
        "the largest sum x + y of {them}, or 0 if there are none",
        "int",
        "return max((x + y for x, y in chosen), default=0)",
    ),
    ("the sum of the products x * y of {them}", "int", "return sum(x * y for x, y in chosen)"),
)


def points(difficulty: int, random: Random) -> Sketch:
    """Points of the plane, chosen by place and moved."""
    num_places = (0 if random.random() < 0.4 else 1, 1, 1, 2, 2)[difficulty - 1]
    places = random.sample(_PLACES, num_places)
    num_moves = (0 if places else 1, 1, 2, 2, 3)[difficulty - 1]
    moves = [random.choice(group) for group in random.sample(_MOVES, num_moves)]
    result, returns, returned = random.choice(_ENDS)
    words = ["`points` is a list of tuples (x, y)."]
    if places:
        words.append(f"Keep the points {' and '.join(said for said, _ in places)}.")
    for index, (said, _) in enumerate(moves):
        opening = ("Then", "After that", "Finally")[index]
        words.append(f"{opening} {said}." if index or places else f"{said.capitalize()}.")
    words.append(f"Return {result.format(them='the points that result')}.")
    return Sketch(
        names=("points_of", "move_points", "select_points", "locate"),
        parameters=(("points", "list[tuple[int, int]]"),),
        returns=returns,
        words=(" ".join(words),),
        body=_moved(places, moves, returned),
        inputs=_POINTS,
        without=tuple(
            moving_function([each for each in places if each is not left], moves, returned)
            for left in places
        )
        + tuple(
            moving_function(places, [each for each in moves if each is not left], returned)
            for left in moves
            if len(moves) > 1
        ),
    )


def _moved(
    places: list[tuple[str, str]], moves: list[tuple[str, str]], returned: str
) -> tuple[str, ...]:
    """The body that chooses and moves points."""
    tests = [holds for _, holds in places]
    first = moves[0][1] if moves else "(x, y)"
    lines = collected("chosen = ", "[]", first, "for x, y in points", tests)
    lines += [f"chosen = [{code} for x, y in chosen]" for _, code in moves[1:]]
    return (*lines, returned)


def moving_function(
    places: list[tuple[str, str]], moves: list[tuple[str, str]], returned: str
) -> Callable[[list[tuple[int, int]]], Value]:
    """What the body of these places and moves gives, without compiling it as a whole."""
    tests = [part("x, y", holds) for _, holds in places]
    steps = [part("x, y", code) for _, code in moves]
    end = part("chosen", returned.removeprefix("return "))

    def moved(points: list[tuple[int, int]]) -> Value:
        chosen = [point for point in points if all(test(*point) for test in tests)]
        for step in steps:
            chosen = [step(*point) for point in chosen]
        return end(chosen)

    return moved


SETS_AND_TUPLES = DrawnFamily("sets_and_tuples", (lists_as_sets, points))
