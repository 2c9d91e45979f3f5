"""Dictionaries: made by counting and grouping, filtered, turned round, merged.

    def group(words):
        \"\"\"Group the words by their first letter: return a dictionary ...\"\"\"

Difficulty is the number of rules beside the outermost one.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import NUMBER_LISTS, WORD_LISTS, Inputs, one_argument
from lit_coder.problems.grammars.integer_words import (
    PLAIN,
    Change,
    Condition,
    random_change,
    random_filters,
)
from lit_coder.problems.grammars.layout import collected, joined, joined_tests
from lit_coder.problems.grammars.sketch import Sketch
from lit_coder.problems.grammars.word_words import WORD_CHANGES, WORD_KEYS, random_word_condition

_STOCKS = one_argument(
    (
        {"apple": 5, "fig": 12, "pear": 0, "plum": 7},
        {"Lima": -3, "Oslo": 8, "Rome": 8, "Bern": 2, "Cairo": 15},
        {},
        {"a": 1, "bb": 2, "ccc": 3, "dddd": 4, "eeeee": 5},
        {"tea": 10, "coffee": 10, "cocoa": 4, "milk": 9, "water": 21},
    ),
    (
        {"one": 1},
        {"north": 6, "south": -6, "east": 3, "west": 14},
        {"red": 2, "Green": 2, "blue": 2, "black": 2},
        {"kilo": 11, "mega": 13, "giga": 9, "tera": 12, "peta": 7},
        {"noon": 0, "moon": -5, "sun": 30, "star": 16},
        {"river": 3, "lake": 18, "ocean": 6, "pond": 1, "sea": 6, "brook": 5},
        {"x": 20, "y": -20, "z": 4},
        {"eve": 7, "otto": 7, "anna": 8, "bob": 25, "Ada": 3},
    ),
)
_TWO_STOCKS = Inputs(
    (
        ({"a": 3, "b": 5, "c": 0}, {"b": 2, "c": 7, "d": 9}),
        ({"x": 1}, {}),
        ({}, {"y": 4, "z": -2}),
        ({"k": 6, "m": 6, "n": 12}, {"k": 6, "m": -1, "p": 10}),
        ({"ab": 15, "cd": 8, "ef": -4}, {"gh": 11, "cd": 20}),
    ),
    (
        ({}, {}),
        ({"q": 9, "r": 2}, {"q": 9, "r": 3}),
        ({"u": -7, "v": 14, "w": 5}, {"v": 13, "w": 5, "u": 8}),
        ({"one": 1, "two": 2, "six": 6}, {"ten": 10, "six": 16, "two": -2}),
        ({"red": 21, "tan": 4}, {"tan": 30, "sky": 7, "red": 3}),
        ({"h": 2, "i": 4, "j": 8}, {"l": 3}),
        ({"s": 10}, {"s": 7}),
        ({"e": 12, "f": 18, "g": 25}, {"e": 1, "f": 9, "g": 25, "t": 40}),
    ),
)


_NUMBER_KEYS = tuple(
    (f"remainder when divided by {k}", f"number % {k}") for k in range(2, 8)
) + tuple((f"floor quotient by {k}", f"number // {k}") for k in (3, 4, 5, 10))

_GATHERED = (
    ("the number of {members} in the group", "groups[key] = groups.get(key, 0) + 1", "int"),
    (
        "the list of {changed} in the group, in their order",
        "groups.setdefault(key, []).append({member})",
        "list",
    ),
    ("{last}", "groups[key] = {member}", ""),
    ("{first}", "groups.setdefault(key, {member})", ""),
)
_ADDED = (
    ("the sum of {changed} in the group", "groups[key] = groups.get(key, 0) + {member}", "int"),
    (
        "the largest of {changed} in the group",
        "groups[key] = max({member}, groups.get(key, {member}))",
        "int",
    ),
    (
        "the smallest of {changed} in the group",
        "groups[key] = min({member}, groups.get(key, {member}))",
        "int",
    ),
)


def group_numbers(difficulty: int, random: Random) -> Sketch:
    """Numbers grouped by a remainder or a quotient."""
    rules = _rules(difficulty, random)
    change = random_change(random, NUMBER_LISTS) if "change" in rules else PLAIN
    gathered = random.choice((_GATHERED[0] if change.is_plain else _GATHERED[1], *_ADDED))
    conditions = random_filters(random, NUMBER_LISTS, rules.count("filter"))
    key = random.choice(_NUMBER_KEYS)
    return _grouped("numbers", key, gathered, change, conditions, "small" in rules, random)


def group_words(difficulty: int, random: Random) -> Sketch:
    """Words grouped by a letter, their length or the like."""
    rules = _rules(difficulty, random)
    said, expression, _ = random.choice(WORD_KEYS)
    change = random.choice(WORD_CHANGES) if "change" in rules else PLAIN
    gathered = random.choice(_GATHERED if change.is_plain else _GATHERED[1:])
    conditions = [random_word_condition(random) for _ in range(rules.count("filter"))]
    key = said.removeprefix("its "), expression.replace("{x}", "word")
    return _grouped("words", key, gathered, change, conditions, "small" in rules, random)


def _rules(difficulty: int, random: Random) -> tuple[str, ...]:
    if difficulty == 1:
        return (random.choice(("filter", "change", "small")),)
    if difficulty == 2:
        return ("filter", random.choice(("change", "small")))
    return ("filter", "change", "small", "filter", "filter")[:difficulty]


def _grouped(
    members: str,
    key: tuple[str, str],
    gathered: tuple[str, str, str],
    change: Change,
    conditions: list[Condition],
    drops_small: bool,
    random: Random,
) -> Sketch:
    """Members of a list gathered by key."""
    noun = members[:-1]
    result, step, kind = gathered
    result = result.format(
        members=members,
        changed=f"the {members}" if change.is_plain else change.said(f"each {noun}"),
        last=change.said(f"the last {noun} of the group"),
        first=change.said(f"the first {noun} of the group"),
    )
    sentence = random.choice(
        (
            "Group the {members} by their {key}. Return a dictionary from the {key} to {result}.",
            "Return a dictionary with an entry for each group of {members} with the same {key}: "
            "its key is that {key}, its value is {result}.",
            "Put {members} of equal {key} into one group; return a dictionary that maps the {key} "
            "to {result}.",
        )
    )
    words = [sentence.format(members=members, key=key[0], result=result)]
    lines = [f"    key = {key[1]}", f"    {step.format(member=change.of(noun))}"]
    if conditions:
        words.append(f"Only {members} that {joined([each.plural for each in conditions])} count.")
        lines = [f"    if {joined_tests([each.of(noun) for each in conditions])}:"] + [
            f"    {line}" for line in lines
        ]
    returned = "return groups"
    if drops_small:
        words.append(f"Leave out {_SMALL[kind][0]}.".format(members=members))
        returned = f"return {{key: value for key, value in groups.items() if {_SMALL[kind][1]}}}"
    return Sketch(
        names=("group", "gather", "collect", f"group_{members}", "summarize"),
        parameters=((members, f"list[{'int' if members == 'numbers' else 'str'}]"),),
        returns="dict",
        words=(" ".join(words),) if random.random() < 0.5 else tuple(words),
        body=("groups = {}", f"for {noun} in {members}:", *lines, returned),
        inputs=NUMBER_LISTS if members == "numbers" else WORD_LISTS,
    )


_SMALL = {
    "int": ("groups whose value is below 2", "value >= 2"),
    "list": ("groups of fewer than two {members}", "len(value) > 1"),
    "": ("groups whose value has fewer than two characters", "len(value) > 1"),
}


_RESULTS = (
    ("a dictionary of the entries that are left", "dict", "return kept"),
    ("the sorted list of the names that are left", "list[str]", "return sorted(kept)"),
    ("the sum of the values that are left", "int", "return sum(kept.values())"),
    (
        "the list of the values that are left, largest first",
        "list[int]",
        "return sorted(kept.values(), reverse=True)",
    ),
    (
        "the list of the names that are left, that with the smallest value first and names of "
        "equal value in alphabetical order",
        "list[str]",
        "return sorted(kept, key=lambda name: (kept[name], name))",
    ),
)


def select_entries(difficulty: int, random: Random) -> Sketch:
    """Entries of a dictionary, chosen by name and value."""
    by_value = random_filters(random, _STOCKS, (1, 1, 1, 2, 2)[difficulty - 1])
    by_name = [random_word_condition(random) for _ in range((0, 1, 1, 1, 2)[difficulty - 1])]
    change = random_change(random, _STOCKS) if difficulty > 2 else PLAIN
    result, returns, returned = random.choice(_RESULTS)
    parts = [f"whose value {each.singular}" for each in by_value]
    parts += [f"whose name {each.singular}" for each in by_name]
    test = joined_tests(
        [each.of("value") for each in by_value] + [each.of("name") for each in by_name]
    )
    opening = random.choice(
        (
            "`stock` maps names to integers. Keep the entries {kept}.",
            "Of the entries of `stock`, names with an integer each, keep those {kept}.",
        )
    )
    words = [opening.format(kept=joined(parts))]
    if not change.is_plain:
        words.append(f"Then replace each value by {change.said('the value')}.")
    words.append(f"Return {result}.")
    return Sketch(
        names=("select", "pick", "filter_stock", "choose_entries", "report"),
        parameters=(("stock", "dict[str, int]"),),
        returns=returns,
        words=(" ".join(words),),
        body=(
            "kept = {}",
            "for name, value in stock.items():",
            f"    if {test}:",
            f"        kept[name] = {change.of('value')}",
            returned,
        ),
        inputs=_STOCKS,
    )


_BOTH = (
    ("the sum of both values", "{a} + {b}"),
    ("the larger value", "max({a}, {b})"),
    ("the smaller value", "min({a}, {b})"),
    ("the product of both values", "{a} * {b}"),
    ("the value in `a` minus the value in `b`", "{a} - {b}"),
    ("the value in `b`", "{b}"),
    ("the value in `a`", "{a}"),
    ("twice the value in `a` plus the value in `b`", "2 * {a} + {b}"),
    ("the absolute difference of the values", "abs({a} - {b})"),
)


def merge(difficulty: int, random: Random) -> Sketch:
    """Two dictionaries become one."""
    said, both = random.choice(_BOTH)
    change_a = random_change(random, _TWO_STOCKS, 0.2)
    change_b = random_change(random, _TWO_STOCKS, 0.2 if difficulty > 2 else 1.0)
    has_a, has_b = random.choice(((1, 1), (1, 0), (0, 1), (1, 1), (0, 0)))
    words = [f"- a key of both: {said}"]
    words.append(f"- a key of `a` only: {change_a.said('its value') if has_a else 'left out'}")
    words.append(f"- a key of `b` only: {change_b.said('its value') if has_b else 'left out'}")
    lines = ["merged = {}"]
    inner = ["    if key in b:", f"        merged[key] = {both.format(a='value', b='b[key]')}"]
    if has_a:
        inner += ["    else:", f"        merged[key] = {change_a.of('value')}"]
    lines += ["for key, value in a.items():", *inner]
    if has_b:
        lines += ["for key, value in b.items():", "    if key not in a:"]
        lines += [f"        merged[key] = {change_b.of('value')}"]
    returned = ["return merged"]
    conditions = random_filters(random, _TWO_STOCKS, max(0, difficulty - 3))
    if conditions:
        parts = joined([condition.singular for condition in conditions])
        words.append(f"- in the end, only entries whose value {parts} are kept")
        tests = [each.of("value") for each in conditions]
        loop = "for key, value in merged.items()"
        returned = collected("return ", "{}", "key: value", loop, tests)
    opening = random.choice(
        (
            "Merge two dictionaries from names to integers into a new one:",
            "Return the combination of `a` and `b`, in which each key has this value.",
        )
    )
    return Sketch(
        names=("merge", "combine", "join", "unite"),
        parameters=(("a", "dict[str, int]"), ("b", "dict[str, int]")),
        returns="dict[str, int]",
        words=(opening, *words),
        body=(*lines, *returned),
        inputs=_TWO_STOCKS,
    )


DICTIONARIES = DrawnFamily("dictionaries", (group_numbers, group_words, select_entries, merge))
