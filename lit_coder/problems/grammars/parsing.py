r"""Parsing: fields, run lengths, commands, small expressions, brackets, numbers in text.

    def parse(text):
        \"\"\"`text` holds fields such as "ink=4;pen=12". Return the sum of the values ...\"\"\"

Difficulty is the number of rules of the format and of what is made of it.
"""

from __future__ import annotations

from functools import cache
from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import Inputs, one_argument
from lit_coder.problems.grammars.integer_words import (
    PLAIN,
    random_change,
    random_conditions,
    random_filters,
)
from lit_coder.problems.grammars.layout import joined, joined_tests
from lit_coder.problems.grammars.sketch import Sketch
from lit_coder.problems.grammars.word_words import random_word_condition

_FIELDS = (
    ("ink=4;pen=12;cap=7", "a=1", "", "red=10;red=3;blue=8", "x=-5;y=0;zoo=15",
     "tea=6;oat=6;rye=2"),
    ("k=21", "up=2;down=-2;left=4", "one=11;two=22;three=33;one=5", "e=9;f=9;eel=9",
     "moon=-3;noon=12;soon=1", "apple=14;fig=5;plum=8;pear=20", "q=0;q=0", "Ann=7;bob=16;Cy=30"),
)  # fmt: skip
_RUNS = one_argument(
    ("aaabbc", "a", "", "abcd", "zzzzzzzzzzzz", "aabbaa", "xxyxx"),
    ("bb", "aabbccddee", "mississippi", "ooooh", "abbbbbbbba", "eeee", "qqqwww", "aab", "baaa"),
)
_MOVES = one_argument(
    ("U3 R2 D1", "L5", "", "R1 R1 U4 U4 L9", "D2 D2 D2", "U1 L1 D1 R1", "R7 X3 U2"),
    ("X1", "U10 D3", "L2 U2 L2 U2", "R12 L15", "D4 X2 X2 R6", "U5 U6 U7", "L1 R2 L3 R4 U8",
     "X9 D9", "R3 U3 X1 L3 D3"),
)  # fmt: skip
_SUMS = one_argument(
    ("3 + 4", "10 - 2 - 3", "7", "2 * 3 + 4", "1 + 2 * 3", "8 # 3", "5 # 2 # 1 + 6"),
    ("9 - 12", "4 * 5 * 2", "6 # 6", "1 # 2 * 3 - 4", "15 - 7 + 2 # 3", "0 * 9 + 1", "20 # 4 - 5",
     "3 * 3 # 3 * 3", "2 - 9 # 1", "12 + 8 - 5 * 2"),
)  # fmt: skip
_BRACKETS = one_argument(
    ("(a[b])", "()", "", "([)]", "((x)", "[]()[[]]", "no brackets", "]"),
    ("((()))", "a)b(", "[[[", "([a][b](c))", "(1)(2)(3)", "[()", ")(", "x[y(z)]w", "[[]][]((()))"),
)
_MIXED = one_argument(
    ("a1b22c333", "no digits", "", "7", "12 apples and 5 pears", "x-4 y10", "3.14", "0 and 15"),
    ("100", "1a2a3a4", "room 21, floor 8", "---", "9-9", "6 6 6", "abc12def3", "2024 was 365 days",
     "t30s7", "11 2 13 4"),
)  # fmt: skip


@cache
def _fields(separator: str, sign: str) -> Inputs:
    """Texts of fields with these signs between them."""
    visible, hidden = (
        tuple((text.replace(";", separator).replace("=", sign),) for text in part)
        for part in _FIELDS
    )
    return Inputs(visible, hidden)


def fields(difficulty: int, random: Random) -> Sketch:
    """Names with values, between separators."""
    separator = random.choice((";", ",", "|", "/", "&"))
    sign = random.choice(("=", ":", "->", "~"))
    inputs = _fields(separator, sign)
    values = random_filters(random, _STOCK_VALUES, (1, 1, 1, 2, 2)[difficulty - 1])
    names = [random_word_condition(random)] if difficulty in (3, 5) else []
    change = random_change(random, _STOCK_VALUES) if difficulty > 1 else PLAIN
    result, returns, start, step, returned = random.choice(
        (
            ("the sum of {values}", "int", "total = 0", "total += {value}", "return total"),
            ("the list of the names of these fields in their order", "list[str]", "found = []",
             "found.append(name)", "return found"),
            ("a dictionary from names to {values}, where the last field of a name counts",
             "dict[str, int]", "found = {}", "found[name] = {value}", "return found"),
            ("a dictionary from names to {values}, added up where a name comes several times",
             "dict[str, int]", "found = {}", "found[name] = found.get(name, 0) + {value}",
             "return found"),
            ("the list of {values} in their order", "list[int]", "found = []",
             "found.append({value})", "return found"),
        )
    )  # fmt: skip
    parts = [f"whose value {each.singular}" for each in values]
    parts += [f"whose name {each.singular}" for each in names]
    said = "their values" if change.is_plain else "their values, each replaced by {changed},"
    said = said.format(changed=change.said("the value"))
    example = f"ink{sign}4{separator}pen{sign}12"
    words = (
        f'`text` holds fields such as "{example}": a name, "{sign}" and an integer, with '
        f'"{separator}" between fields. It may be empty. For the fields {joined(parts)}, return '
        f"{result.format(values=said)}."
    ).replace(",.", ".")
    tests = [each.of("value") for each in values] + [each.of("name") for each in names]
    return Sketch(
        names=("parse", "read_fields", "decode", "parse_fields"),
        parameters=(("text", "str"),),
        returns=returns,
        words=(words.replace(",,", ","),),
        body=(
            start,
            f'for field in text.split("{separator}") if text else []:',
            f'    name, number = field.split("{sign}")',
            "    value = int(number)",
            f"    if {joined_tests(tests)}:",
            f"        {step.format(value=change.of('value'))}",
            returned,
        ),
        inputs=inputs,
    )


_STOCK_VALUES = Inputs(
    tuple((int(each.split("=")[1]),) for text in _FIELDS[0] for each in text.split(";") if each),
    tuple((int(each.split("=")[1]),) for text in _FIELDS[1] for each in text.split(";")),
)


def run_lengths(difficulty: int, random: Random) -> Sketch:
    """Equal letters behind each other, written short."""
    before, after, between = (random.choice(_MARKS) for _ in range(3))
    least = random.randint(2, 4) if difficulty > 1 else 2
    letter_first = random.random() < 0.5
    shown = "{letter}{count}" if letter_first else "{count}{letter}"
    run = f"{before}{shown}{after}"
    example = run.format(letter="a", count=least + 1)
    shorter = f"Runs of fewer than {least} letters are written as they are."
    most = random.randint(least + 1, 7) if difficulty > 2 else 0
    words = [
        f'Write each run of the same letter in `text` as "{example}", which stands for '
        f'"{"a" * (least + 1)}".',
        shorter if least > 2 else "A letter that stands alone is written as it is.",
    ]
    if most:
        words.append(f"A run of more than {most} letters counts as one of {most}.")
    upper = difficulty > 3
    if upper:
        words.append("The letters of the runs that are written short become capitals.")
    if difficulty == 5:
        words.append(f'Pieces are joined by "{between or "-"}".')
    else:
        between = ""
    joiner = (between or "-") if difficulty == 5 else ""
    letter = "letter.upper()" if upper else "letter"
    count = f"min(count, {most})" if most else "count"
    piece = f'f"{before}{{{letter}}}{{{count}}}{after}"' if letter_first else (
        f'f"{before}{{{count}}}{{{letter}}}{after}"'
    )  # fmt: skip
    return Sketch(
        names=("compress", "shorten", "encode_runs", "pack"),
        parameters=(("text", "str"),),
        returns="str",
        words=(" ".join(words),),
        body=(
            "pieces = []",
            "for letter, run in groupby(text):",
            "    count = len(list(run))",
            f"    if count >= {least}:",
            f"        pieces.append({piece})",
            "    else:",
            "        pieces.append(letter * count)",
            f'return "{joiner}".join(pieces)',
        ),
        inputs=_RUNS,
        imports=("from itertools import groupby",),
    )


_MARKS = ("", "", "", "*", "#", "_", ".", "+", "<", "=")

_DIRECTIONS = {"U": ("y", 1, "up"), "D": ("y", -1, "down"), "L": ("x", -1, "left"),
               "R": ("x", 1, "right")}  # fmt: skip


def commands(difficulty: int, random: Random) -> Sketch:
    """Moves over the plane, given as letters with a number."""
    factors = {letter: 1 for letter in "UDLR"}
    changed = random.sample("UDLR", difficulty - 1) if difficulty < 5 else list("UDLR")
    for letter in changed:
        factors[letter] = random.randint(2, 4)
    start = (random.randint(-3, 5), random.randint(-3, 5))
    unknown, code = random.choice(
        (
            ("X returns to the start", f"x, y = {start[0]}, {start[1]}"),
            ("X exchanges x and y", "x, y = y, x"),
            ("X turns both coordinates to their negatives", "x, y = -x, -y"),
            ("X adds its number to both coordinates", "x, y = x + steps, y + steps"),
            ("X sets x to its number", "x = steps"),
        )
    )
    meanings, lines = [], []
    for index, letter in enumerate(random.sample("UDLR", 4)):
        axis, sign, word = _DIRECTIONS[letter]
        factor = factors[letter]
        times = "" if factor == 1 else f" {factor} times as far"
        meanings.append(f"{letter} goes {word}{times} ({'more' if sign > 0 else 'less'} {axis})")
        step = "steps" if factor == 1 else f"{factor} * steps"
        lines += [f'    {"elif" if index else "if"} letter == "{letter}":']
        lines += [f"        {axis} {'+' if sign > 0 else '-'}= {step}"]
    lines += ["    else:", f"        {code}"]
    result, returns, returned = random.choice(
        (
            ("the final (x, y)", "tuple[int, int]", "return x, y"),
            ("the final |x| + |y|", "int", "return abs(x) + abs(y)"),
            ("the final x times the final y", "int", "return x * y"),
            ("the final x minus the final y", "int", "return x - y"),
        )
    )
    words = (
        f"Start at {start} and follow the commands of `text`, letters with a number each and "
        f"blanks between them: {joined(meanings)}; {unknown}. Return {result}."
    )
    return Sketch(
        names=("follow", "move", "run_commands", "walk"),
        parameters=(("text", "str"),),
        returns=returns,
        words=(words,),
        body=(
            f"x, y = {start[0]}, {start[1]}",
            "for command in text.split():",
            "    letter, steps = command[0], int(command[1:])",
            *lines,
            returned,
        ),
        inputs=_MOVES,
    )


_OPERATIONS = (
    ("a + 2 * b", "a plus twice b"),
    ("a - b", "a minus b"),
    ("2 * a - b", "twice a minus b"),
    ("max(a, b)", "the larger of a and b"),
    ("min(a, b)", "the smaller of a and b"),
    ("a * b + 1", "a times b, plus 1"),
    ("abs(a - b)", "the distance of a and b"),
    ("a + b + 3", "the sum of a and b plus 3"),
    ("a * b - a", "a times b, minus a"),
    ("3 * a + b", "3 times a plus b"),
)
_USUAL = {"+": ("a + b", ""), "-": ("a - b", ""), "*": ("a * b", "")}


def expressions(difficulty: int, random: Random) -> Sketch:
    """Expressions without precedence, with signs of a meaning of their own; not at difficulty 1."""
    if difficulty == 1:
        return commands(difficulty, random)
    drawn = dict(zip(["#", *random.sample("+-*", min(difficulty - 1, 3))],
                     random.sample(_OPERATIONS, min(difficulty, 4)), strict=True))  # fmt: skip
    lines = ['tokens = text.split(" ")', "a = int(tokens[0])"]
    lines += ["for sign, number in zip(tokens[1::2], tokens[2::2]):", "    b = int(number)"]
    signs = random.sample("+-*#", 4)
    for index, sign in enumerate(signs):
        expression = drawn.get(sign, _USUAL.get(sign, ("", "")))[0]
        head = "else:" if index == 3 else f'{"elif" if index else "if"} sign == "{sign}":'
        lines += [f"    {head}", f"        a = {expression}"]
    meanings = [f"a {sign} b is {words}" for sign, (_, words) in drawn.items()]
    usual = [f'"{sign}"' for sign in "+-*" if sign not in drawn]
    kept = f" The signs {joined(usual)} mean what they usually do." if len(usual) > 1 else ""
    if len(usual) == 1:
        kept = f" The sign {usual[0]} means what it usually does."
    end = ""
    returned = "return a"
    if difficulty == 5:
        modulus = random.randint(5, 30)
        end, returned = f", modulo {modulus}", f"return a % {modulus}"
    words = (
        f"Evaluate an expression strictly from left to right, without precedence{end}. Numbers and "
        f"signs stand apart by blanks. Here {joined(meanings)}, where a is the value so far.{kept}"
    )
    return Sketch(
        names=("evaluate", "calculate", "compute", "value_of"),
        parameters=(("text", "str"),),
        returns="int",
        words=(words,),
        body=(*lines, returned),
        inputs=_SUMS,
    )


def numbers_in_text(difficulty: int, random: Random) -> Sketch:
    """The integers inside a text, each counted by rules."""
    conditions = random_conditions(random, NUMBER_LISTS_POSITIVE, min(difficulty, 4))
    changes = [random_change(random, NUMBER_LISTS_POSITIVE, 0.3) for _ in conditions]
    rest = random.choice((0, 1, 2))
    items, lines = [], []
    for index, (condition, change) in enumerate(zip(conditions, changes, strict=True)):
        items.append(f"- a number that {condition.singular}: {change.said('the number')}")
        lines += [f"    {'elif' if index else 'if'} {condition.of('number')}:"]
        lines += [f"        total += {change.of('number')}"]
    items.append(f"- any other number: {rest}")
    if rest:
        lines += ["    else:", f"        total += {rest}"]
    step = random.choice((1, 2)) if difficulty == 5 else 1
    which = "every second number, beginning with the first" if step == 2 else "each of them"
    opening = (
        'The numbers in `text` are its longest runs of the digits 0 to 9; "a12-3" holds 12 and 3. '
        f"Add up what {which} counts, by the first line that fits:"
    )
    slicing = "[::2]" if step == 2 else ""
    return Sketch(
        names=("sum_numbers", "extract", "scan", "read_numbers"),
        parameters=(("text", "str"),),
        returns="int",
        words=(opening, *items),
        body=(
            "total = 0",
            f'for digits in re.findall("[0-9]+", text){slicing}:',
            "    number = int(digits)",
            *lines,
            "return total",
        ),
        inputs=_MIXED,
        imports=("import re",),
    )


NUMBER_LISTS_POSITIVE = one_argument((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 21, 30), ())
"""Numbers like those in the texts."""


def brackets(difficulty: int, random: Random) -> Sketch:
    """The depth of brackets, their number, and whether they fit; run lengths below difficulty 3."""
    if difficulty < 3:
        return run_lengths(difficulty, random)
    first, second = random.sample(range(1, 6), 2)
    invalid = random.choice((-1, 0, -2, 100))
    bonus = random.randint(1, 9) if difficulty > 3 else 0
    empty = random.randint(2, 4) if difficulty == 5 else 0
    said, result = random.choice(
        (
            ("how deep brackets stand in each other at most", "best"),
            ("how many pairs there are", "pairs"),
            ("the number of pairs times the greatest depth", "pairs * best"),
        )
    )
    words = (
        "`text` holds brackets ( ), [ ] and other characters, which do not matter. If the brackets "
        f"are not properly closed in reverse order, return {invalid}."
    )
    words += f" A pair ( ) counts {first} and a pair [ ] counts {second}"
    words += ", both in their number and in the depth."
    words += f" Otherwise return {said}"
    words += f", plus {bonus} if there are other characters." if bonus else "."
    words += f" An empty text gives {empty}." if empty else ""
    lines = ["if not text:", f"    return {empty}"] if empty else []
    lines += _bracket_loop(result, first, second, invalid)
    if bonus:
        lines += ['others = any(letter not in "()[]" for letter in text)']
        result += f" + ({bonus} if others else 0)"
    return Sketch(
        names=("check_brackets", "nesting", "bracket_value", "measure"),
        parameters=(("text", "str"),),
        returns="int",
        words=(words,),
        body=(*lines, f"return {result}"),
        inputs=_BRACKETS,
    )


def _bracket_loop(result: str, first: int, second: int, invalid: int) -> list[str]:
    """The lines that go through the text; only what the result needs is counted."""
    needs_depth, needs_pairs = "best" in result, "pairs" in result
    worth = f'{first} if letter in "()" else {second}'
    lines = ["stack = []"]
    lines += ["depth = best = 0"] if needs_depth else []
    lines += ["pairs = 0"] if needs_pairs else []
    lines += ["for letter in text:", '    if letter in "([":', "        stack.append(letter)"]
    if needs_depth:
        lines += [f"        depth += {worth}", "        best = max(best, depth)"]
    lines += [
        '    elif letter in ")]":',
        '        if not stack or stack.pop() + letter not in ("()", "[]"):',
        f"            return {invalid}",
    ]
    lines += [f"        pairs += {worth}"] if needs_pairs else []
    lines += [f"        depth -= {worth}"] if needs_depth else []
    return [*lines, "if stack:", f"    return {invalid}"]


PARSING = DrawnFamily(
    "parsing", (fields, run_lengths, commands, expressions, numbers_in_text, brackets)
)
