"""Intervals: merged, laid over each other, chosen so that none overlap, cut to a window.

    def merge(intervals):
        \"\"\"Merge the intervals that overlap, and return how many of what results are long.\"\"\"

An interval is a tuple (start, end) with start < end that holds the integers from start to end - 1.
Difficulty is the number of rules.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import one_argument
from lit_coder.problems.grammars.integer_words import Condition, random_change, random_filters
from lit_coder.problems.grammars.layout import collected, joined, joined_tests
from lit_coder.problems.grammars.sketch import Sketch

_INTERVALS = one_argument(
    (
        [(1, 4), (3, 7), (9, 12)],
        [(5, 6)],
        [],
        [(0, 10), (2, 3), (4, 9), (10, 14), (16, 17)],
        [(8, 11), (1, 3), (2, 5), (6, 8)],
        [(-4, 2), (0, 6), (13, 20), (6, 7), (15, 18)],
        [(3, 12), (3, 5), (3, 8), (20, 26)],
    ),
    (
        [(2, 5), (2, 5), (2, 5)],
        [(7, 9), (5, 7), (3, 5), (1, 3)],
        [(0, 1), (3, 4), (6, 7), (9, 10), (12, 13)],
        [(1, 16), (2, 15), (4, 11)],
        [(-10, -6), (-7, -1), (4, 5)],
        [(11, 19), (0, 5), (4, 6), (18, 24), (7, 8)],
        [(6, 13), (14, 15), (10, 17), (1, 2)],
        [(5, 25), (24, 30)],
        [(3, 6), (1, 9), (8, 10), (12, 14), (13, 21), (22, 23)],
    ),
)
_LENGTHS = one_argument((1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 11, 12, 15), ())
_POINTS = one_argument(tuple(range(-4, 22)), ())
_NOTE = (
    "An interval is a tuple (start, end) with start < end and holds the integers from start to "
    "end - 1; its length is end - start."
)
_TYPE = "list[tuple[int, int]]"
_LOOP = "for start, end in found"

_RESULTS: tuple[tuple[str, str, str], ...] = (
    ("the list of {them}", _TYPE, "return found"),
    ("how many {them} there are", "int", "return len(found)"),
    ("the sum of the lengths of {them}", "int", "return sum(end - start for start, end in found)"),
    ("the length of the longest of {them}, or 0 if there is none", "int",
     "return max((end - start for start, end in found), default=0)"),
    ("the list of the starts of {them}", "list[int]", "return [start for start, _ in found]"),
    ("the list of the lengths of {them}, smallest first", "list[int]",
     "return sorted(end - start for start, end in found)"),
    ("the sum of the ends of {them}", "int", "return sum(end for _, end in found)"),
    ("the last of {them} as a tuple, or None if there is none", "tuple[int, int] | None",
     "return found[-1] if found else None"),
)  # fmt: skip


def _in_order(result: str, order: str) -> str:
    """What is said of the order of intervals, where it makes a difference."""
    has_order = ("the list" in result or "the last" in result) and "smallest" not in result
    return f"; the intervals are {order}" if has_order else ""


def _side(random: Random) -> tuple[str, str, Condition]:
    """A condition on an interval's length, start or end: a noun, an expression, the condition."""
    noun, code, inputs = random.choice(
        (
            ("length", "end - start", _LENGTHS),
            ("start", "start", _POINTS),
            ("end", "end", _POINTS),
        )
    )
    (condition,) = random_filters(random, inputs, 1)
    return noun, code, condition


def _kept(sides: list[tuple[str, str, Condition]]) -> tuple[str, str]:
    """Which intervals are kept: words that follow "intervals", and a line."""
    words = joined([f"whose {noun} {condition.singular}" for noun, _, condition in sides])
    bracketed = [condition.of(f"({code})") if " " in code else condition.of(code)
                 for _, code, condition in sides]  # fmt: skip
    return words, joined_tests([_unbracketed(each) for each in bracketed])


def _unbracketed(test: str) -> str:
    """The test without brackets that a sum needs only before a remainder is taken."""
    start = "(end - start)"
    if test.startswith(f"{start} %") or start not in test:
        return test
    return test.replace(f"abs({start})", "abs(end - start)").replace(start, "end - start")


def merged(difficulty: int, random: Random) -> Sketch:
    """Intervals that overlap, or lie near each other, made one."""
    gap = random.choice((0, 0, 1, 2, 3)) if difficulty > 1 else 0
    before = [_side(random)] if difficulty in (3, 5) else []
    after = [_side(random)] if difficulty != 3 else []
    result, returns, returned = random.choice(_RESULTS)
    touch = "overlap or touch (one ends where the other starts)"
    if gap:
        touch = f"overlap or have a gap of at most {gap} between the end of one and the start of "
        touch += "the other"
    lines = ["found = []", "for start, end in sorted(intervals):"]
    words = [_NOTE]
    indent = "    "
    if before:
        which, test = _kept(before)
        words.append(f"Leave out all intervals but those {which}.")
        lines += [f"    if not ({test}):", "        continue"]
    reach = f"found[-1][1] + {gap}" if gap else "found[-1][1]"
    lines += [
        f"{indent}if found and start <= {reach}:",
        f"{indent}    found[-1] = (found[-1][0], max(found[-1][1], end))",
        f"{indent}else:",
        f"{indent}    found.append((start, end))",
    ]
    words.append(f"Merge intervals that {touch}, again and again until there are none.")
    them = "the intervals that result"
    if after:
        which, test = _kept(after)
        lines += collected("found = ", "[]", "(start, end)", _LOOP, [test])
        them = f"the resulting intervals {which}"
    words.append(f"Return {result.format(them=them)}{_in_order(result, 'from left to right')}.")
    return Sketch(
        names=("merge", "unite", "merge_intervals", "covered"),
        parameters=(("intervals", _TYPE),),
        returns=returns,
        words=(" ".join(words),),
        body=(*lines, returned),
        inputs=_INTERVALS,
    )


_ORDERS = (
    ("ends first; of those with equal ends the one that starts first",
     "key=lambda pair: (pair[1], pair[0])"),
    ("starts first; of those with equal starts the shortest", "key=lambda pair: pair"),
    ("is shortest; of those with equal length the one that starts first",
     "key=lambda pair: (pair[1] - pair[0], pair[0])"),
    ("is longest; of those with equal length the one that starts last",
     "key=lambda pair: (pair[0] - pair[1], -pair[0])"),
    ("starts last; of those with equal starts the longest", "key=lambda pair: pair, reverse=True"),
)  # fmt: skip


def chosen(difficulty: int, random: Random) -> Sketch:
    """Intervals that are taken one after the other where they fit beside those taken before."""
    said, key = random.choice(_ORDERS)
    pause = random.randint(1, 3) if difficulty in (2, 4, 5) else 0
    most = random.randint(2, 3) if difficulty in (3, 5) else 0
    sides = [_side(random) for _ in range((1, 1, 1, 1, 2)[difficulty - 1])]
    result, returns, returned = random.choice(_RESULTS)
    which, test = _kept(sides)
    words = [
        f"{_NOTE} Of the intervals {which}, take one after the other, always the one that {said}.",
    ]
    fits = "if it shares no integer with one that was taken before"
    ends = ("end", "start")
    if pause:
        fits += f" and there is a gap of at least {pause} between it and each of those"
        ends = (f"end + {pause}", f"start - {pause}")
    words.append(f"An interval is only taken {fits}.")
    lines = [
        "found = []",
        f"for start, end in sorted(intervals, {key}):",
        f"    if not ({test}):",
        "        continue",
        f"    if all({ends[0]} <= other[0] or other[1] <= {ends[1]} for other in found):",
        "        found.append((start, end))",
    ]
    if most:
        words.append(f"Stop when {most} are taken.")
        lines += [f"    if len(found) == {most}:", "        break"]
    order = _in_order(result, "in the order in which they were taken")
    words.append(f"Return {result.format(them='the taken intervals')}{order}.")
    return Sketch(
        names=("choose", "schedule", "take", "plan"),
        parameters=(("intervals", _TYPE),),
        returns=returns,
        words=(" ".join(words),),
        body=(*lines, returned),
        inputs=_INTERVALS,
    )


_COUNTED: tuple[tuple[str, str, str], ...] = (
    ("how many such integers there are", "int", "return len(found)"),
    ("the sum of these integers", "int", "return sum(found)"),
    ("the list of these integers, smallest first", "list[int]", "return found"),
    ("the smallest and the largest of them as a tuple, or None if there are none",
     "tuple[int, int] | None", "return (found[0], found[-1]) if found else None"),
    ("how many of them follow directly on another of them", "int",
     "return sum(point - 1 in found for point in found)"),
)  # fmt: skip


def layers(difficulty: int, random: Random) -> Sketch:
    """Integers by how many intervals they are in."""
    low = random.randint(-3, 3)
    high = low + random.randint(10, 22)
    how, sign = random.choice((("at least", ">="), ("exactly", "=="), ("at most", "<=")))
    number = random.randint(1, 2)
    conditions = random_filters(random, _POINTS, (0, 1, 1, 2, 2)[difficulty - 1])
    sides = [_side(random)] if difficulty in (3, 4, 5) else []
    result, returns, returned = random.choice(_COUNTED)
    which = f" {_kept(sides)[0]}" if sides else ""
    plural = joined([condition.plural for condition in conditions])
    integers = f"Take the integers from {low} to {high} inclusive"
    integers += f" that {plural} and are" if conditions else " that are"
    count = ("one", "two")[number - 1]
    words = f"{integers} in {how} {count} of the intervals{which}. Return {result}."
    lines = ["found = []", f"for point in range({low}, {high + 1}):"]
    inside = "start <= point < end"
    tests = joined_tests([inside, *([_kept(sides)[1]] if sides else [])])
    holds = [f"layers {sign} {number}", *[c.of("point") for c in conditions]]
    lines += [
        "    layers = 0",
        "    for start, end in intervals:",
        f"        if {tests}:",
        "            layers += 1",
        f"    if {joined_tests(holds)}:",
        "        found.append(point)",
    ]
    return Sketch(
        names=("layers", "overlaps", "busy", "count_points"),
        parameters=(("intervals", _TYPE),),
        returns=returns,
        words=(f"{_NOTE} {words}",),
        body=(*lines, returned),
        inputs=_INTERVALS,
    )


_CHANGES: tuple[tuple[str, str], ...] = (
    *((f"move each by {k} to the right", f"(start + {k}, end + {k})") for k in range(1, 6)),
    *((f"let each start {k} earlier", f"(start - {k}, end)") for k in range(1, 5)),
    *((f"let each end {k} later", f"(start, end + {k})") for k in range(1, 5)),
    *((f"widen each by {k} on both sides", f"(start - {k}, end + {k})") for k in range(1, 4)),
    *((f"let each begin where it began, with a length of {k}", f"(start, start + {k})")
      for k in range(2, 7)),
    ("make each twice as long by moving its end", "(start, 2 * end - start)"),
    ("mirror each at 0, so that (start, end) becomes (1 - end, 1 - start)",
     "(1 - end, 1 - start)"),
)  # fmt: skip


def clipped(difficulty: int, random: Random) -> Sketch:
    """Intervals that are changed and cut to a window."""
    low = random.randint(-3, 5)
    high = low + random.randint(4, 14)
    plan = random.sample(_CHANGES, (0, 1, 1, 2, 2)[difficulty - 1])
    sides = [_side(random)] if difficulty in (1, 3, 5) else []
    result, returns, returned = random.choice(_RESULTS)
    lines = [f"intervals = [{code} for start, end in intervals]" for _, code in plan]
    lines += [
        "found = []",
        "for start, end in intervals:",
        f"    start, end = max(start, {low}), min(end, {high})",
        "    if start < end:",
        "        found.append((start, end))",
    ]
    steps = [f"{said}." for said, _ in plan]
    words = [_NOTE, *(f"{('First', 'Then')[i]} {said}" for i, said in enumerate(steps))]
    words.append(f"{'Then cut' if plan else 'Cut'} each to the integers from {low} to {high - 1} "
                 "and leave out those of which nothing is left.")  # fmt: skip
    them = "the intervals that result"
    if sides:
        which, test = _kept(sides)
        lines += collected("found = ", "[]", "(start, end)", _LOOP, [test])
        them = f"the resulting intervals {which}"
    words.append(f"Return {result.format(them=them)}{_in_order(result, 'in the order given')}.")
    return Sketch(
        names=("clip", "cut", "fit", "window"),
        parameters=(("intervals", _TYPE),),
        returns=returns,
        words=(" ".join(words),),
        body=(*lines, returned),
        inputs=_INTERVALS,
    )


def gaps(difficulty: int, random: Random) -> Sketch:
    """What is free between the intervals, inside a window."""
    low = random.randint(-5, 2)
    high = low + random.randint(14, 26)
    sides = [_side(random)] if difficulty > 2 else []
    (condition,) = random_filters(random, _LENGTHS, 1)
    change = random_change(random, _LENGTHS) if difficulty in (2, 4, 5) else None
    which, test = _kept(sides) if sides else ("", "")
    lines = ["lengths = []", f"free = {low}", "for start, end in sorted(intervals):"]
    lines += [f"    if not ({test}):", "        continue"] if sides else []
    lines += [
        f"    if free < min(start, {high}):",
        f"        lengths.append(min(start, {high}) - free)",
        "    free = max(free, end)",
        f"if free < {high}:",
        f"    lengths.append({high} - free)",
    ]
    wanted, returns, returned = random.choice(
        (
            ("the list of {them}, in the order of the gaps", "list[int]", "return [{it}{loop}]"),
            ("the sum of {them}", "int", "return sum({it}{loop})"),
            ("the largest of {them}, or 0 if there are none", "int",
             "return max(({it}{loop}), default=0)"),
            ("the list of {them}, largest first", "list[int]",
             "return sorted(({it}{loop}), reverse=True)"),
        )
    )  # fmt: skip
    value = change.of("length") if change else "length"
    loop = f" for length in lengths if {condition.of('length')}"
    them = f"the lengths of the gaps whose length {condition.singular}"
    if change:
        them += f", each replaced by {change.said('the length')}"
    words = f"{_NOTE} The gaps are the longest runs of integers from {low} to {high - 1} that are "
    words += f"in none of the intervals{' ' + which if which else ''}. "
    words += f"Return {wanted.format(them=them)}."
    return Sketch(
        names=("gaps", "free_time", "holes", "pauses"),
        parameters=(("intervals", _TYPE),),
        returns=returns,
        words=(words,),
        body=(*lines, returned.format(it=value, loop=loop)),
        inputs=_INTERVALS,
    )


INTERVALS = DrawnFamily("intervals", (merged, chosen, layers, clipped, gaps))
