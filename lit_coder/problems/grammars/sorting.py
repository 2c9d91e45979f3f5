"""Sorting: numbers, words and records by drawn keys with tie breaks, and sorts that stop early.

    def order(numbers):
        \"\"\"Sort by the remainder modulo 3; numbers with the same remainder, largest first.\"\"\"

Difficulty is the number of rules: keys, what is left out, how much is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any, NamedTuple

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import NUMBER_LISTS, WORD_LISTS, one_argument
from lit_coder.problems.grammars.integer_words import random_change, random_filters
from lit_coder.problems.grammars.layout import WIDTH, collected, joined, joined_tests
from lit_coder.problems.grammars.parts import part
from lit_coder.problems.grammars.sketch import Sketch
from lit_coder.problems.grammars.word_words import random_word_condition

_PLAYERS = one_argument(
    (
        [("Ann", 7, 2), ("Bob", 9, 1), ("Cid", 7, 3), ("Dora", 4, 2)],
        [("Eve", 5, 5)],
        [],
        [("Zoe", 3, 1), ("Yan", 3, 1), ("Xia", 3, 2), ("Will", 8, 2), ("Vic", 0, 4)],
        [("Kim", 10, 3), ("Lea", 12, 3), ("Max", 10, 1), ("Ned", 12, 4), ("Ola", 6, 3)],
        [("Gus", 1, 9), ("Flo", 2, 8), ("Ira", 3, 7), ("Hal", 4, 6)],
    ),
    (
        [("Pia", 6, 2), ("Pia", 8, 1)],
        [("Rob", 11, 5), ("Sam", 11, 5), ("Tom", 11, 4)],
        [("Uwe", 9, 9), ("Al", 1, 1), ("Bea", 5, 5)],
        [("Deb", 14, 2), ("Cy", 13, 3), ("Abe", 15, 2), ("Ed", 14, 1)],
        [("Jo", 0, 0), ("Jay", 0, 1), ("Jim", 1, 0)],
        [("Mia", 20, 6), ("Noa", 2, 7), ("Leo", 9, 6), ("Kai", 2, 6), ("Ivo", 20, 7)],
        [("Sue", 7, 7), ("Ray", 3, 8), ("Tia", 8, 3), ("Pam", 7, 3)],
        [("Quin", 16, 1)],
    ),
)


class _SortKey(NamedTuple):
    """One key: its words for the smallest and for the largest first, and its expressions."""

    ascending: str
    descending: str
    expression: str
    reversed_expression: str


def _key(words: str, expression: str, low: str = "smallest", high: str = "largest") -> _SortKey:
    """A key that is a number."""
    minus = f"-({expression})" if " " in expression else f"-{expression}"
    return _SortKey(f"{words}, {low} first", f"{words}, {high} first", expression, minus)


_NUMBER_KEYS = (
    tuple(_key(f"the remainder when divided by {k}", f"number % {k}") for k in range(2, 8)),
    tuple(_key(f"the distance from {k}", f"abs(number - {k})", "nearest", "farthest")
          for k in range(1, 13)),
    tuple(_key(f"the floor quotient by {k}", f"number // {k}") for k in range(3, 7)),
    tuple(_key(f"the remainder of the square when divided by {k}", f"number * number % {k}")
          for k in range(4, 10)),
    (_key("the absolute value", "abs(number)"),),
)  # fmt: skip
_ITSELF = _key("value", "number")

_WORD_KEYS = (
    _key("the length", "len(word)", "shortest", "longest"),
    _key('the number of "e"', 'word.count("e")', "fewest", "most"),
    _key('the number of "o"', 'word.count("o")', "fewest", "most"),
    _key("the number of different letters", "len(set(word))", "fewest", "most"),
    _key('the position of the first "o", -1 where there is none', 'word.find("o")'),
    _key('the position of the last "e", -1 where there is none', 'word.rfind("e")'),
    _SortKey("the last letter", "", "word[-1]", ""),
    _SortKey("the second letter, words of one letter first", "", "word[1:2]", ""),
    _SortKey("the letters read backwards", "", "word[::-1]", ""),
    _SortKey("the lower-case form", "", "word.lower()", ""),
    _SortKey("the last two letters", "", "word[-2:]", ""),
)
_PLAYER_KEYS = (
    _key("the score", "player[1]", "lowest", "highest"),
    _key("the level", "player[2]", "lowest", "highest"),
    _key("the score plus level", "player[1] + player[2]", "lowest", "highest"),
    _key("the score minus level", "player[1] - player[2]", "lowest", "highest"),
    _key("the remainder of the score by 3", "player[1] % 3"),
    _key("the length of the name", "len(player[0])", "shortest", "longest"),
    _SortKey("the name", "", "player[0]", ""),
)
_NUM_KEYS = (1, 2, 2, 2, 2)
_NUM_EXTRAS = (1, 1, 2, 3, 3)


def sort_numbers(difficulty: int, random: Random) -> Sketch:
    """Numbers by a drawn key and then by others."""
    count = _NUM_KEYS[difficulty - 1]
    keys = [random.choice(group) for group in random.sample(_NUMBER_KEYS, count)]
    if count > 1 and random.random() < 0.5:
        keys[-1] = _ITSELF
    extras = _extras("unique", difficulty, random)
    count = 2 if difficulty == 5 else 1
    conditions = random_filters(random, NUMBER_LISTS, count) if "filter" in extras else []
    which = [f"that {condition.plural}" for condition in conditions]
    holds = [condition.of("number") for condition in conditions]
    return _sorted("numbers", "int", which, holds, keys, extras, random)


def sort_words(difficulty: int, random: Random) -> Sketch:
    """Words by drawn keys."""
    keys = random.sample(_WORD_KEYS, _NUM_KEYS[difficulty - 1])
    extras = _extras("unique", difficulty, random)
    count = 2 if difficulty == 5 else 1
    conditions = [random_word_condition(random) for _ in range(count)]
    conditions = conditions if "filter" in extras else []
    which = [f"that {condition.plural}" for condition in conditions]
    holds = [condition.of("word") for condition in conditions]
    return _sorted("words", "str", which, holds, keys, extras, random)


def sort_players(difficulty: int, random: Random) -> Sketch:
    """Tuples of a name and two numbers by drawn keys."""
    keys = random.sample(_PLAYER_KEYS, _NUM_KEYS[difficulty - 1])
    extras = _extras("names", difficulty, random)
    which, holds = [], []
    if "filter" in extras:
        index, noun = random.choice(((1, "score"), (2, "level")))
        bound = random.randint(1, 9) if index == 1 else random.randint(1, 5)
        words, sign = random.choice((("at least", ">="), ("at most", "<="), ("not", "!=")))
        which = [f"whose {noun} is {words} {bound}"]
        holds = [f"player[{index}] {sign} {bound}"]
    return _sorted("players", "tuple[str, int, int]", which, holds, keys, extras, random)


def _extras(last: str, difficulty: int, random: Random) -> list[str]:
    """What is done beside sorting."""
    if _NUM_EXTRAS[difficulty - 1] == 1:
        # Filters differ most from each other.
        return [random.choice(("filter", "filter", "filter", "cut", last))]
    return random.sample(("filter", "cut", last), _NUM_EXTRAS[difficulty - 1])


def _sorted(
    members: str,
    kind: str,
    which: list[str],
    holds: list[str],
    keys: list[_SortKey],
    extras: list[str],
    random: Random,
) -> Sketch:
    """Members of a list, some left out, sorted by keys, perhaps cut."""
    noun = members[:-1]
    inputs = {"numbers": NUMBER_LISTS, "words": WORD_LISTS, "players": _PLAYERS}[members]
    said, expressions = [], []
    for key in keys:
        descends = bool(key.descending) and random.random() < 0.5
        said.append(key.descending if descends else key.ascending)
        expressions.append(key.reversed_expression if descends else key.expression)
    words = [f"Sort the {members}{' ' + ' and '.join(which) if which else ''} by {said[0]}."]
    words += [f"Where that is equal, sort by {other}." for other in said[1:2]]
    words += [f"Where that is equal too, sort by {other}." for other in said[2:]]
    if keys[-1] is not _ITSELF:
        words.append(f"{members.capitalize()} that are still equal keep their order.")
    if members == "players":
        words.insert(0, "Each player is a tuple (name, score, level).")
    if "unique" in extras:
        words.append(f"Of equal {members} only the first is kept.")
    count = random.randint(2, 4) if "cut" in extras else 0
    what = f"the first {count}" if count else f"the sorted {members}"
    if "names" in extras:
        what = f"the names of {what}"
    words.append(f"Return {what}, as a list.")
    plan = _Plan(noun, members, holds, expressions, "unique" in extras, count, "names" in extras)
    fewer = [plan._replace(keys=expressions[:cut]) for cut in range(1, len(keys))]
    return Sketch(
        names=("order", "arrange", f"sort_{members}", "rank"),
        parameters=((members, f"list[{kind}]"),),
        returns="list[str]" if "names" in extras else f"list[{kind}]",
        words=(" ".join(words),),
        body=_body(plan),
        inputs=inputs,
        without=tuple(map(sorting_function, fewer)),
    )


class _Plan(NamedTuple):
    """What a sorting function does."""

    noun: str
    members: str
    holds: list[str]
    keys: list[str]
    is_unique: bool
    first: int
    has_names: bool


def _body(plan: _Plan) -> tuple[str, ...]:
    """The lines of a sorting function."""
    lines, source = [], plan.members
    if plan.holds:
        loop = f"for {plan.noun} in {plan.members}"
        lines += collected("chosen = ", "[]", plan.noun, loop, plan.holds)
        source = "chosen"
    if plan.is_unique:
        source = f"dict.fromkeys({source})"
    key = plan.keys[0] if len(plan.keys) == 1 else f"({', '.join(plan.keys)})"
    cut = f"[:{plan.first}]" if plan.first else ""
    is_last = not plan.has_names and not cut
    lines += _call("return " if is_last else "ordered = ", source, f"lambda {plan.noun}: {key}")
    if plan.has_names:
        lines.append(f"return [player[0] for player in ordered{cut}]")
    elif cut:
        lines.append(f"return ordered{cut}")
    return tuple(lines)


def sorting_function(plan: _Plan) -> Callable[[list[Any]], list[Any]]:
    """What the function of this plan gives, without compiling it as a whole."""
    holds = part(plan.noun, joined_tests(plan.holds)) if plan.holds else None
    keys = [part(plan.noun, key) for key in plan.keys]

    def ordered(members: list[Any]) -> list[Any]:
        chosen: Iterable[Any] = filter(holds, members) if holds else members
        if plan.is_unique:
            chosen = dict.fromkeys(chosen)
        made = sorted(chosen, key=lambda member: [key(member) for key in keys])
        made = made[: plan.first] if plan.first else made
        return [member[0] for member in made] if plan.has_names else made

    return ordered


def _call(start: str, source: str, key: str) -> list[str]:
    """`sorted(source, key=key)` on one line or on several."""
    line = f"{start}sorted({source}, key={key})"
    if len(line) <= WIDTH - 4:
        return [line]
    inner = f"    {source}, key={key}"
    if len(inner) <= WIDTH - 4:
        return [f"{start}sorted(", inner, ")"]
    return [f"{start}sorted(", f"    {source},", f"    key={key},", ")"]


def bubble_passes(difficulty: int, random: Random) -> Sketch:
    """A few passes over a list that exchange neighbours."""
    passes = random.randint(1, 1 + difficulty)
    change = random_change(random, NUMBER_LISTS, 0.5 if difficulty < 3 else 0.0)
    sign, order = random.choice(((">", "greater"), ("<", "less")))
    holds = [f"{change.of('a')} {sign} {change.of('b')}"]
    said = f"the first is {order} than the second"
    if not change.is_plain:
        said = f"{change.said('the first')} is {order} than {change.said('the second')}"
    conditions = random_filters(random, NUMBER_LISTS, (0, 1, 1, 2, 2)[difficulty - 1])
    sides = [random.choice(("first", "second")) for _ in conditions]
    parts = [said]
    for side, condition in zip(sides, conditions, strict=True):
        parts.append(f"the {side} {condition.singular}")
        holds.append(condition.of("a" if side == "first" else "b"))
    test = joined_tests(holds)
    times = "once" if passes == 1 else f"{passes} times"
    inner = [
        "    for i in range(len(ordered) - 1):",
        "        a, b = ordered[i], ordered[i + 1]",
        f"        if {test}:",
        "            ordered[i], ordered[i + 1] = b, a",
    ]
    body = ["ordered = list(numbers)", f"for _ in range({passes}):", *inner, "return ordered"]
    if passes == 1:
        body = ["ordered = list(numbers)", *(line[4:] for line in inner), "return ordered"]
    return Sketch(
        names=("sweep", "bubble", "partly_sorted", "exchange"),
        parameters=(("numbers", "list[int]"),),
        returns="list[int]",
        words=(
            f"Go over a copy of `numbers` from left to right {times}: look at each two neighbours, "
            f"and exchange them if {joined(parts)}. Return the copy.",
        ),
        body=tuple(body),
        inputs=NUMBER_LISTS,
        without=tuple(
            sweeping_function(passes, fewer)
            for fewer in ([each for each in holds if each is not left] for left in holds)
            if fewer
        ),
    )


def sweeping_function(passes: int, holds: Sequence[str]) -> Callable[[list[int]], list[int]]:
    """Passes that exchange neighbours for which all conditions hold, without being compiled."""
    tests = [part("a, b", each) for each in holds]

    def swept(numbers: list[int]) -> list[int]:
        ordered = list(numbers)
        for _ in range(passes):
            for i in range(len(ordered) - 1):
                a, b = ordered[i], ordered[i + 1]
                if all(test(a, b) for test in tests):
                    ordered[i], ordered[i + 1] = b, a
        return ordered

    return swept


SORTING = DrawnFamily("sorting", (sort_numbers, sort_words, sort_players, bubble_passes))
