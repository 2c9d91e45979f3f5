"""Text formatting: tables of columns, wrapped and aligned lines, numbers written for people, lists.

    def render(pairs):
        \"\"\"Write each pair (name, amount) as a line: the name to the left in 8 columns, ...\"\"\"

What parsing takes apart is put together here. Difficulty is the number of rules.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import INTEGERS, TEXTS, WORD_LISTS, one_argument
from lit_coder.problems.grammars.integer_words import random_condition, random_filters
from lit_coder.problems.grammars.layout import collected, joined, joined_tests
from lit_coder.problems.grammars.sketch import Sketch
from lit_coder.problems.grammars.word_words import WORD_CHANGES, random_word_condition

_PAIRS = one_argument(
    (
        [("pen", 3), ("paper", 120), ("ink", 45)],
        [("desk", 7)],
        [],
        [("Ann", -5), ("Bob", 12), ("Cid", 0), ("Dora", 8)],
        [("apple", 1000), ("fig", 2)],
        [("x", 14), ("yy", 9), ("zzz", -31)],
    ),
    (
        [("lamp", 6), ("lamp", 60)],
        [("a", 1), ("b", 10), ("c", 100), ("d", -1)],
        [("Rome", 24), ("Oslo", 15), ("Bern", 4), ("Lima", 18)],
        [("globe", 77), ("map", -8), ("ruler", 13)],
        [("one", 11), ("three", 333), ("five", 5)],
        [("tea", 21), ("milk", 16), ("salt", 2), ("rice", 30), ("oat", 9)],
        [("zero", 0)],
        [("north", -12), ("south", 12)],
    ),
)
_AMOUNTS = one_argument((3, 120, 45, 7, -5, 12, 0, 8, 14, 9, -31, 6, 24, 15, 4, 18, 77, 13), ())
_SIDES = (("left", "<"), ("right", ">"), ("center", "^"))


_TABLES = (
    ("Return the list of the lines.", "list[str]", "return lines"),
    ("Return the lines as one text, with a line feed between them.", "str",
     'return "\\n".join(lines)'),
)  # fmt: skip


def table(difficulty: int, random: Random) -> Sketch:
    """A line for each pair of a name and an amount."""
    width, places = random.randint(6, 9), random.randint(4, 6)
    side, sign = random.choice(_SIDES)
    if side == "center":
        side = "middle"
    fill = random.choice(("", "", ".", "-", "_"))
    between = random.choice((" ", " | ", ": ", "  "))
    zeros = random.random() < 0.3
    filters = random_filters(random, _AMOUNTS, (0, 1, 1, 1, 2)[difficulty - 1])
    sums = difficulty in (3, 5)
    numbered = difficulty in (4, 5)
    named = f"{{name:{fill}{sign}{width}}}" if fill or sign != "<" else f"{{name:{width}}}"
    amount = f"{{amount:0{places}}}" if zeros else f"{{amount:{places}}}"
    filled = f', filled up with "{fill}"' if fill else ""
    words = [
        "Write each pair (name, amount) as a line: the name in "
        f'{width} columns, to the {side}{filled}; then "{between}"; then the amount in {places} '
        f"columns, to the right{', filled up with zeros after its sign' if zeros else ''}."
    ]
    words[0] = words[0].replace("to the middle", "in their middle")
    lines, indent = ["lines = []"], "    "
    if filters:
        words.append(
            f"Leave out pairs but those whose amount {joined([c.singular for c in filters])}."
        )
    tests = joined_tests([c.of("amount") for c in filters]) if filters else ""
    lines += ["total = 0"] if sums else []
    lines += ["for name, amount in pairs:"]
    if tests:
        lines += [f"    if {tests}:"]
        indent = "        "
    number = "{len(lines) + 1}. " if numbered else ""
    lines += [f'{indent}lines.append(f"{number}{named}{between}{amount}")']
    lines += [f"{indent}total += amount"] if sums else []
    if numbered:
        words.append("Before each line stands its number, beginning with 1, a dot and a blank.")
    if sums:
        words.append(f'Below them comes "total{between}" and the sum of the amounts as it is.')
        lines.append(f'lines.append(f"total{between}{{total}}")')
    said, returns, returned = random.choice(_TABLES)
    words.append(said)
    return Sketch(
        names=("table", "render", "format_rows", "print_out"),
        parameters=(("pairs", "list[tuple[str, int]]"),),
        returns=returns,
        words=(" ".join(words),),
        body=(*lines, returned),
        inputs=_PAIRS,
    )


_WRAPPED = (
    ("the list of the lines", "list[str]", "return [{it} for line in lines]"),
    ("the lines as one text, with a line feed between them", "str",
     'return "\\n".join({it} for line in lines)'),
)  # fmt: skip


def wrap(difficulty: int, random: Random) -> Sketch:
    """The words of a text in lines of some width."""
    width = random.randint(9, 16)
    side, method = random.choice((("left", ""), ("right", "rjust"), ("middle", "center")))
    fill = random.choice((".", "-", "*", "_"))
    leads = random.choice(("> ", "- ", "* ", "# ")) if difficulty in (2, 4, 5) else ""
    bars = random.choice(("|", "!", "#")) if difficulty in (3, 5) else ""
    change = random.choice(WORD_CHANGES[:3] + WORD_CHANGES[-4:-1]) if difficulty > 2 else None
    kept = random_word_condition(random) if difficulty > 3 else None
    words = ["The words of `text` stand between blanks."]
    source = "text.split()"
    if kept:
        words.append(f"Keep only the words that {kept.plural}.")
    if change:
        words.append(f"Replace each word by {change.said('the word')}.")
    lines = ["lines = []"]
    head = "for word in text.split():"
    if kept or change:
        tests = [kept.of("word")] if kept else []
        made = change.of("word") if change else "word"
        lines += collected("words = ", "[]", made, f"for word in {source}", tests)
        head = "for word in words:"
    lines += [
        head,
        f"    if lines and len(lines[-1]) + 1 + len(word) <= {width}:",
        '        lines[-1] += " " + word',
        "    else:",
        "        lines.append(word)",
    ]
    words.append(
        f"Put them into lines of at most {width} characters, as many into each line as fit with "
        "one blank between two; a longer word has a line of its own."
    )
    shown = "line"
    if method:
        shown = f'line.{method}({width}, "{fill}")'
        said = "to the right" if side == "right" else "in the middle, as `str.center` does"
        words.append(f'In a line of {width} characters the words stand {said}; "{fill}" fills up '
                     "what is left.")  # fmt: skip
    if bars:
        words.append(f'Each line stands between two "{bars}".')
        shown = f'"{bars}" + {shown} + "{bars}"'
    if leads:
        words.append(f'Before each line comes "{leads}".')
        shown = f'"{leads}" + {shown}'
    result, returns, returned = random.choice(_WRAPPED)
    if shown == "line":
        returned = returned.replace("[{it} for line in lines]", "lines")
        returned = returned.replace("{it} for line in lines", "lines")
    words.append(f"Return {result}.")
    return Sketch(
        names=("wrap", "set_text", "lay_out", "break_lines"),
        parameters=(("text", "str"),),
        returns=returns,
        words=(" ".join(words),),
        body=(*lines, returned.replace("{it}", shown)),
        inputs=TEXTS,
    )


def number_text(difficulty: int, random: Random) -> Sketch:
    """A number as it is shown to people."""
    places = random.randint(2, 5)
    unit = random.choice(("", " m", " km", "%", " EUR", "x", " kg"))
    factor = random.choice((1, 7, 25, 100, 1000, 12345))
    group = random.choice((",", "_"))
    minus = random.choice(("brackets", "behind", "word"))
    count = (1, 1, 2, 2, 3)[difficulty - 1]
    cases = [random_condition(random, INTEGERS) for _ in range(count)]
    marks = random.sample(("!", "?", "+", "~", "#", "=", "up", "low", "ok"), count)
    words = ["Write `n` for people to read."]
    lines = []
    if factor > 1 and difficulty > 1:
        words.append(f'What is written is {factor} times `n`, with "{group}" between thousands.')
        shown = f"{{abs(n) * {factor}:{group}}}"
    else:
        words.append(f"It is filled up with zeros to {places} digits.")
        shown = f"{{abs(n):0{places}}}"
    said, code = {
        "brackets": ("between round brackets", '        text = f"({text})"'),
        "behind": ('with a "-" behind it', '        text += "-"'),
        "word": ('with "minus " before it', '        text = "minus " + text'),
    }[minus]
    words.append(f"A negative number is written without its sign, {said}.")
    lines += [f'text = f"{shown}{unit}"']
    if unit:
        words[1] = f'{words[1][:-1]}, and "{unit}" follows.'
    lines += ["if n < 0:", code[4:]]
    for case, mark in zip(cases, marks, strict=True):
        before = random.random() < 0.5
        where = "before everything" if before else "behind everything"
        words.append(f'If `n` {case.singular}, "{mark}" is then put {where}.')
        lines += [f"if {case.of('n')}:",
                  f'    text = "{mark}" + text' if before else f'    text += "{mark}"']  # fmt: skip
    if difficulty > 3:
        total = random.randint(10, 14)
        words.append(f"Return it to the right in {total} columns.")
        lines.append(f"return text.rjust({total})")
    else:
        words.append("Return the text.")
        lines.append("return text")
    return Sketch(
        names=("show", "label", "format_number", "written"),
        parameters=(("n", "int"),),
        returns="str",
        words=(" ".join(words),),
        body=tuple(lines),
        inputs=INTEGERS,
    )


def listing(difficulty: int, random: Random) -> Sketch:
    """Words as a sentence lists them."""
    last = random.choice(("and", "or", "and also", "&", "then"))
    between = random.choice((", ", "; ", " / "))
    most = random.randint(2, 4)
    nothing = random.choice(("nobody", "none", "-", "nothing"))
    kept = [random_word_condition(random) for _ in range((1, 1, 1, 1, 2)[difficulty - 1])]
    kept = kept if difficulty != 2 else []
    quoted = random.choice((("'", "'"), ("<", ">"), ("[", "]"))) if difficulty > 1 else ("", "")
    has_rest = difficulty in (2, 4, 5)
    change = random.choice(WORD_CHANGES[:9]) if difficulty in (3, 5) else None
    words, lines = [], []
    made = change.of("word") if change else "word"
    if kept:
        words.append(f"Take the words that {joined([c.plural for c in kept])}.")
    else:
        words.append("Take the words.")
    if change:
        words.append(f"Replace each by {change.said('the word')}.")
    if quoted[0]:
        words.append(f'Put each between "{quoted[0]}" and "{quoted[1]}".')
        made = f'"{quoted[0]}" + {made} + "{quoted[1]}"'
    lines += collected("chosen = ", "[]", made, "for word in words", [c.of("word") for c in kept])
    words.append(f'Where there are none, return "{nothing}".')
    lines += ["if not chosen:", f'    return "{nothing}"']
    if has_rest:
        words.append(
            f'Where there are more than {most}, put a text such as "3 more" in the place of those '
            f"behind the first {most - 1}, with their number."
        )
        lines += [f"if len(chosen) > {most}:",
                  f'    chosen[{most - 1}:] = [f"{{len(chosen) - {most - 1}}} more"]']  # fmt: skip
    words.append(f"Return them as one text, with \"{between}\" between them, but \" {last} \" "
                 "before the last; of one alone the text itself.")  # fmt: skip
    lines += [
        "if len(chosen) == 1:",
        "    return chosen[0]",
        f'return "{between}".join(chosen[:-1]) + " {last} " + chosen[-1]',
    ]
    return Sketch(
        names=("listing", "enumerate_words", "sentence", "say"),
        parameters=(("words", "list[str]"),),
        returns="str",
        words=(" ".join(words),),
        body=tuple(lines),
        inputs=WORD_LISTS,
    )


TEXT_FORMATTING = DrawnFamily("text_formatting", (table, wrap, number_text, listing))
