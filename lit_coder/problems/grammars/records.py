"""Code from docstrings: a summary, what each argument is, what comes back, and examples.

    def report(people):
        \"\"\"List the name for each of some people. ...

        >>> report([{"name": "Ann", "city": "Rome", "age": 31, "score": 7}])
        ['Ann']
        \"\"\"

Records are filtered, changed, ordered or grouped. Difficulty is the number of steps. Every
docstring shows two examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from random import Random
from typing import Any

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import Inputs
from lit_coder.problems.grammars.layout import collected, joined, joined_tests
from lit_coder.problems.grammars.parts import part
from lit_coder.problems.grammars.sketch import Sketch


@dataclass(frozen=True, eq=False)
class _Subject:
    """Records of one kind: their names, their text key, their numbers."""

    plural: str
    singular: str
    texts: tuple[str, str]
    numbers: tuple[str, str]
    bounds: tuple[tuple[range, range], tuple[range, range]]
    inputs: Inputs

    @cached_property
    def rows(self) -> dict[str, dict[str, Any]]:
        """Every record of the inputs by its name."""
        given: Any = (*self.inputs.visible, *self.inputs.hidden)
        return {row[self.texts[0]]: row for rows, _ in given for row in rows}

    @cached_property
    def asked(self) -> tuple[tuple[tuple[str, ...], int], ...]:
        """The names of the records of each test, and its limit."""
        given: Any = (*self.inputs.visible, *self.inputs.hidden)
        return tuple((tuple(row[self.texts[0]] for row in rows), limit) for rows, limit in given)


def _people(*rows: tuple[object, ...]) -> list[object]:
    return [dict(zip(("name", "city", "age", "score"), row, strict=True)) for row in rows]


def _goods(*rows: tuple[object, ...]) -> list[object]:
    return [dict(zip(("title", "shop", "price", "count"), row, strict=True)) for row in rows]


_A = ("Ann", "Rome", 31, 7)
_B = ("Bob", "Oslo", 24, 9)
_C = ("Cid", "Rome", 45, 2)
_D = ("Dora", "Bern", 18, 7)
_E = ("Eve", "Oslo", 31, 5)
_F = ("Finn", "Lima", 52, 0)
_G = ("Gil", "Bern", 29, 12)
_H = ("Hana", "Rome", 24, 4)
_P = ("pen", "North", 3, 40)
_Q = ("ink", "South", 12, 8)
_R = ("map", "North", 7, 0)
_S = ("globe", "East", 45, 2)
_T = ("ruler", "South", 3, 15)
_U = ("paper", "West", 9, 100)
_V = ("clip", "East", 1, 60)
_W = ("lamp", "North", 28, 5)

_PEOPLE = _Subject(
    "people", "person", ("name", "city"), ("age", "score"),
    ((range(20, 31), range(30, 46)), (range(2, 6), range(6, 11))),
    Inputs(
        ((_people(_A), 1), (_people(_C, _A, _D, _E), 2), ([], 1), (_people(_F), 1),
         (_people(_D), 4), (_people(_B), 3), (_people(_G, _C), 0),
         (_people(_H, _G, _B, _E, _A), 3), (_people(_D, _C, _H, _F, _G), 1)),
        ((_people(_E, _E), 1), (_people(_A, _C, _H), 0), (_people(_B, _D, _F, _G), 2),
         (_people(_G, _F, _E, _D, _C, _B, _A), 2), (_people(_H), 4), (_people(_C, _E, _B), 1),
         (_people(_A, _B, _C, _D, _E, _F, _G, _H), 3), (_people(_D, _G), 2)),
    ),
)  # fmt: skip
_GOODS = _Subject(
    "goods", "item", ("title", "shop"), ("price", "count"),
    ((range(2, 9), range(10, 41)), (range(1, 9), range(16, 81))),
    Inputs(
        ((_goods(_P), 1), (_goods(_R, _P, _S, _T), 2), ([], 1), (_goods(_U), 1),
         (_goods(_S), 4), (_goods(_Q), 3), (_goods(_V, _R), 0),
         (_goods(_W, _V, _Q, _T, _P), 3), (_goods(_S, _R, _W, _U, _V), 1)),
        ((_goods(_T, _T), 1), (_goods(_P, _R, _W), 0), (_goods(_Q, _S, _U, _V), 2),
         (_goods(_V, _U, _T, _S, _R, _Q, _P), 2), (_goods(_W), 4), (_goods(_R, _T, _Q), 1),
         (_goods(_P, _Q, _R, _S, _T, _U, _V, _W), 3), (_goods(_S, _V), 2)),
    ),
)  # fmt: skip
_TYPE = "list[dict[str, str | int]]"
_NUM_CONDITIONS = (1, 2, 2, 3, 3)


def report(difficulty: int, random: Random) -> Sketch:
    """Records that are chosen, ordered and told of."""
    subject = random.choice((_PEOPLE, _GOODS))
    conditions = _conditions(subject, random, _NUM_CONDITIONS[difficulty - 1])
    row = subject.singular
    tests = [test for _, test in conditions]
    chosen = collected("chosen = ", "[]", row, f"for {row} in {subject.plural}", tests)
    which = joined([words for words, _ in conditions])
    has_order = difficulty > 1 or random.random() < 0.6
    order, sort = _ordering(subject, random) if has_order else ("", [])
    has_limit = difficulty in (3, 5)
    told, expression, kind = _told(subject, random)
    cut = "[:limit]" if has_limit else ""
    body = [*chosen, *sort, f"return [{expression} for {row} in chosen{cut}]"]
    summary = random.choice(
        (
            f"List {told} for each of some {subject.plural}.",
            f"For some {subject.plural}, list {told}.",
            f"Choose some {subject.plural} and list {told} of each.",
        )
    )
    returns = f"A list. Only {subject.plural} {which} are in it, {order or 'in the order given'}."
    most = _most_outputs(subject, tests, has_limit)
    return _sketch(subject, summary, returns, body, f"list[{kind}]", has_limit, most)


def totals(difficulty: int, random: Random) -> Sketch:
    """Records that are grouped, and a number for each group."""
    subject = random.choice((_PEOPLE, _GOODS))
    row, key = subject.singular, subject.texts[1]
    number = random.choice(subject.numbers)
    value, said = random.choice(
        (
            (f'{row}["{number}"]', f"the total {number}"),
            ("1", f"how many {subject.plural} there are"),
            (f'2 * {row}["{number}"]', f"twice the total {number}"),
            (f'{row}["{number}"] + 1', f"the total {number}, with 1 more for each {row},"),
            (f'{row}["{subject.numbers[0]}"] * {row}["{subject.numbers[1]}"]',
             f"the sum of {subject.numbers[0]} times {subject.numbers[1]}"),
        )
    )  # fmt: skip
    conditions = _conditions(subject, random, _NUM_CONDITIONS[difficulty - 1])
    tests = [test for _, test in conditions]
    which = joined([words for words, _ in conditions])
    lines = [
        "totals = {}",
        f"for {row} in {subject.plural}:",
        f"    if {joined_tests(tests)}:",
        f'        key = {row}["{key}"]',
        f"        totals[key] = totals.get(key, 0) + {value}",
    ]
    endings = (
        (f"A dictionary from each {key} to that number", "dict[str, int]", "return totals"),
        (f"The {key} with the largest number, of equal ones the first in the alphabet, or None",
         "str | None",
         "return min(totals, key=lambda key: (-totals[key], key), default=None)"),
        (f"The sorted list of pairs ({key}, number)", "list[tuple[str, int]]",
         "return sorted(totals.items())"),
        ("The list of the numbers, largest first", "list[int]",
         "return sorted(totals.values(), reverse=True)"),
    )  # fmt: skip
    ending, returns_type, returned = random.choice(endings)
    has_limit = difficulty in (3, 5)
    if has_limit:
        lines.append("totals = {key: total for key, total in totals.items() if total > limit}")
    summary = f"For each {key}, find {said.rstrip(',')} of the {subject.plural} {which}."
    if said.endswith(","):
        summary = f"For each {key}, find {said} of the {subject.plural} {which}."
    more = f"; only of a {key} whose number is greater than `limit`" if has_limit else ""
    returns = f"{ending}{more}. A {key} without such {subject.plural} does not appear."
    most = _most_outputs(subject, tests, has_limit)
    return _sketch(subject, summary, returns, [*lines, returned], returns_type, has_limit, most)


def _most_outputs(subject: _Subject, tests: list[str], has_limit: bool) -> int:
    """How many distinct outputs are possible at most: different records, different limits.

    Where no record is chosen, the limit makes no difference.
    """
    chosen = set(subject.rows)
    for test in tests:
        chosen &= _rows_that_hold(subject.plural, test)
    found = set()
    for rows, limit in subject.asked:
        left = tuple([row for row in rows if row in chosen])
        found.add((left, limit if has_limit and left else 0))
    return len(found)


@cache
def _rows_that_hold(plural: str, test: str) -> frozenset[str]:
    """The records, by their names, for which a condition holds."""
    (subject,) = (each for each in (_PEOPLE, _GOODS) if each.plural == plural)
    holds = part(subject.singular, test)
    return frozenset(name for name, row in subject.rows.items() if holds(row))


def _sketch(
    subject: _Subject,
    summary: str,
    returns: str,
    body: list[str],
    kind: str,
    has_limit: bool,
    most_outputs: int,
) -> Sketch:
    keys = joined([f'"{key}"' for key in (*subject.texts, *subject.numbers)])
    what = "how many to list at most" if "chosen" in " ".join(body) else "a number"
    words = [
        summary,
        "Args:",
        f"    {subject.plural}: list of dictionaries with the keys {keys}.",
        *([f"    limit: {what}."] if has_limit else []),
        "Returns:",
        f"    {returns}",
    ]
    inputs = subject.inputs if has_limit else _without_limit(subject)
    parameters: tuple[tuple[str, str], ...] = ((subject.plural, _TYPE),)
    if has_limit:
        parameters = (*parameters, ("limit", "int"))
    return Sketch(
        names=("report", "overview", "summarize", "evaluate", "digest"),
        parameters=parameters,
        returns=kind,
        words=tuple(words),
        body=tuple(body),
        inputs=inputs,
        min_examples=2,
        most_outputs=most_outputs,
    )


_INPUTS_WITHOUT_LIMIT = {
    subject.plural: Inputs(
        tuple(given[:1] for given in subject.inputs.visible),
        tuple(given[:1] for given in subject.inputs.hidden),
    )
    for subject in (_PEOPLE, _GOODS)
}


def _without_limit(subject: _Subject) -> Inputs:
    return _INPUTS_WITHOUT_LIMIT[subject.plural]


def _conditions(subject: _Subject, random: Random, count: int) -> list[tuple[str, str]]:
    """Conditions on different keys of a record: words that follow its plural, and expressions."""
    row = subject.singular
    name, place = subject.texts
    found: list[tuple[str, str]] = []
    for key in random.sample((*subject.numbers, *subject.numbers, name, place), count + 1):
        if any(f'["{key}"]' in test for _, test in found):
            continue
        if key in subject.numbers:
            # Low ones from below and high ones from above, so that enough records are left.
            low, high = subject.bounds[subject.numbers.index(key)]
            words, sign, bounds = random.choice(
                (
                    ("of at least", ">=", low),
                    ("above", ">", low),
                    ("below", "<", high),
                    ("of at most", "<=", high),
                )
            )
            bound = random.choice(bounds)
            found.append(
                (f"with {_article(key)} {key} {words} {bound}", f'{row}["{key}"] {sign} {bound}')
            )
        elif key == name:
            letter = random.choice("aeinopr")
            found.append(
                random.choice(
                    (
                        (f'whose {key} contains "{letter}"', f'"{letter}" in {row}["{key}"]'),
                        (f"with a {key} of at least 4 letters", f'len({row}["{key}"]) >= 4'),
                        (f"with a {key} of 3 letters", f'len({row}["{key}"]) == 3'),
                    )
                )
            )
        else:
            letter = random.choice("eost")
            found.append(
                (f'whose {key} does not contain "{letter}"', f'"{letter}" not in {row}["{key}"]')
            )
    return found[:count]


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _ordering(subject: _Subject, random: Random) -> tuple[str, list[str]]:
    """How the records are sorted: words and a line."""
    row = subject.singular
    first = random.choice(subject.numbers)
    text = random.choice(subject.texts)
    descends = random.random() < 0.5
    minus = "-" if descends else ""
    order = "largest" if descends else "smallest"
    if random.random() < 0.5:
        key = f'({minus}{row}["{first}"], {row}["{text}"])'
        words = f"sorted by {first}, {order} first, and where that is equal by {text}"
    else:
        key = f'({row}["{text}"], {minus}{row}["{first}"])'
        words = f"sorted by {text}, and where that is equal by {first}, {order} first"
    words += "; the order of those equal in both does not change"
    return words, [f"chosen.sort(key=lambda {row}: {key})"]


def _told(subject: _Subject, random: Random) -> tuple[str, str, str]:
    """What is told of a record: words, expression and type."""
    row, (name, place), (one, two) = subject.singular, subject.texts, subject.numbers
    return random.choice(
        (
            (f"the {name}", f'{row}["{name}"]', "str"),
            (f"the {name} in capitals", f'{row}["{name}"].upper()', "str"),
            (f"the {one}", f'{row}["{one}"]', "int"),
            (f"the sum of {one} and {two}", f'{row}["{one}"] + {row}["{two}"]', "int"),
            (f"the pair ({name}, {two})", f'({row}["{name}"], {row}["{two}"])', "tuple[str, int]"),
            (f"the pair ({place}, {one})", f'({row}["{place}"], {row}["{one}"])',
             "tuple[str, int]"),
            (f'the text "{name}: {one}" with both filled in',
             f"f\"{{{row}['{name}']}}: {{{row}['{one}']}}\"", "str"),
            (f"the first letter of the {name}", f'{row}["{name}"][0]', "str"),
        )
    )  # fmt: skip


DOCSTRINGS = DrawnFamily("docstrings", (report, totals))
