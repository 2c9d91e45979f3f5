"""Word problems: a short story with numbers, as a function or as a program with input and output.

    def solve(days, people):
        \"\"\"A bakery sells 12 rolls on the first day ...\"\"\"

A story is a few steps that change amounts; the question asks for one of them. The same stories
make `word_problems` (functions) and `stdin_programs` (whole programs that read numbers and print).
Difficulty is the number of steps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from random import Random
from typing import NamedTuple

from lit_coder.problems.grammars.inputs import Inputs
from lit_coder.problems.grammars.parts import defined


class Story(NamedTuple):
    """A story: its sentences, the numbers it starts from, the lines that compute, the answer."""

    opening: str
    numbers: tuple[str, ...]
    sentences: tuple[str, ...]
    lines: tuple[str, ...]
    question: str
    answer: str
    steps: tuple[tuple[str, ...], ...] = ()
    """The lines of each step beside the first, to see whether the story is the same without."""


STORY_INPUTS = Inputs(
    ((3, 10), (0, 5), (1, 1), (7, 24), (12, 8), (5, 60)),
    ((2, 3), (4, 0), (6, 17), (9, 9), (10, 100), (15, 2), (20, 33), (1, 48), (8, 15), (11, 7)),
)
"""Two amounts: a number of days or groups, and a number of things."""


def random_story(difficulty: int, random: Random) -> Story:
    """A story of `difficulty` steps."""
    return random.choice((_shop, _stock, _journey, _savings, _harvest))(difficulty, random)


def returned_lines(story: Story) -> tuple[str, ...]:
    """The body of a function that returns the answer."""
    return (*story.lines, f"return {story.answer}")


def shorter_stories(story: Story) -> list[Story]:
    """The story without each of its further steps."""
    shorter = []
    for step in story.steps:
        start = story.lines.index(step[0])
        rest = story.lines[:start] + story.lines[start + len(step) :]
        shorter.append(story._replace(lines=rest, steps=()))
    return shorter


def lacking_functions(story: Story) -> tuple[Callable[[int, int], int], ...]:
    """What each of `shorter_stories` answers, as functions of one program for all of them.

    A number says which step is left out: compiling each by itself costs more than all the rest.
    """
    starts = [story.lines.index(step[0]) for step in story.steps]
    lines: list[str] = []
    left = 0
    for place, line in enumerate(story.lines):
        steps = [index for index, start in enumerate(starts) if start == place]
        if steps:
            margin = line[: len(line) - len(line.lstrip())]
            lines.append(f"{margin}if left_out not in {tuple(steps)}:")
            left = len(story.steps[steps[0]])
        lines.append(f"    {line}" if left else line)
        left = max(left - 1, 0)
    head = f"def f(left_out, {', '.join(story.numbers)}):"
    text = "\n    ".join((head, *lines, f"return {story.answer}"))
    # Compiled when it is called: many stories are refused before.
    program = cache(lambda: defined(text, "f"))

    def answer(left_out: int, one: int, two: int) -> int:
        number: int = program()(left_out, one, two)
        return number

    return tuple(partial(answer, index) for index in range(len(starts)))


def _shop(difficulty: int, random: Random) -> Story:
    """What a purchase costs."""
    thing, other = random.sample(("pens", "cups", "lamps", "books", "plants", "caps"), 2)
    price, fee = random.randint(2, 40), random.randint(3, 60)
    sentences = [f"One of the {thing} costs {price}, and the {other} cost {fee} each."]
    lines = [f"total = {price} * count + {fee} * others"]
    steps: list[tuple[str, ...]] = []
    extras = random.sample(range(5), difficulty - 1)
    for index in sorted(extras):
        k, m = random.randint(2, 9), random.randint(20, 120)
        sentence, code = (
            (f"Every {k}th of the {thing} is free.", [f"total -= {price} * (count // {k})"]),
            (f"If that makes more than {m}, {k} is taken off.",
             [f"if total > {m}:", f"    total -= {k}"]),
            (f"For an amount below {m}, {k} is added for the delivery.",
             [f"if total < {m}:", f"    total += {k}"]),
            (f"A bag of {k} is needed for every 10 things that are begun.",
             [f"total += {k} * ((count + others + 9) // 10)"]),
            (f"Finally {k} percent of the amount, rounded down, are given back.",
             [f"total -= total * {k} // 100"]),
        )[index]  # fmt: skip
        sentences.append(sentence)
        lines += code
        steps.append(tuple(code))
    return Story(
        f"A shop sells {thing} and {other}.", ("count", "others"), tuple(sentences), tuple(lines),
        f"What do `count` {thing} and `others` {other} cost?", "total", tuple(steps),
    )  # fmt: skip


def _stock(difficulty: int, random: Random) -> Story:
    """What is left in a store after some days."""
    thing = random.choice(("boxes", "crates", "bottles", "bags", "barrels"))
    come, go = random.randint(1, 40), random.randint(1, 40)
    sentences = [f"Each day {come} come in and then up to {go} go out, as many as there are."]
    lines = [f"    stock = max(stock + {come} - {go}, 0)"]
    steps: list[tuple[str, ...]] = []
    extras = random.sample(range(4), min(difficulty, 4))
    for index in sorted(extras):
        k, m = random.randint(2, 6), random.randint(15, 60)
        sentence, code = (
            (f"On every {k}th day {m} more come in after that.",
             [f"    if day % {k} == 0:", f"        stock += {m}"]),
            (f"There is room for {m}; what is more at the end of a day is thrown away.",
             [f"    stock = min(stock, {m})"]),
            (f"At the end of a day on which an odd number is left, {k} more go out, if there are "
             "that many.", [f"    if stock % 2 == 1 and stock >= {k}:", f"        stock -= {k}"]),
            (f"If fewer than {k + 3} are left at the end of a day, {m} are ordered and come in "
             "at once.", [f"    if stock < {k + 3}:", f"        stock += {m}"]),
        )[index]  # fmt: skip
        sentences.append(sentence)
        lines += code
        steps.append(tuple(code))
    uses_day = any("day %" in line for line in lines)
    head = "for day in range(1, days + 1):" if uses_day else "for _ in range(days):"
    return Story(
        f"A store holds {thing}, `stock` of them at first.", ("days", "stock"), tuple(sentences),
        (head, *lines), f"How many {thing} are there after `days` days?", "stock", tuple(steps),
    )  # fmt: skip


def _journey(difficulty: int, random: Random) -> Story:
    """How far someone comes, or how long it takes."""
    who = random.choice(("A cyclist", "A hiker", "A truck", "A boat", "A courier"))
    speed, rest = random.randint(4, 90), random.randint(2, 6)
    sentences = [f"In each hour it covers {speed} km."]
    lines = [f"    distance += {speed}"]
    steps: list[tuple[str, ...]] = []
    extras = random.sample(range(4), min(difficulty, 4))
    for index in sorted(extras):
        k, m = random.randint(1, 9), random.randint(30, 150)
        sentence, code = (
            (f"But in every {rest}th hour it rests and stays where it is.",
             [f"    if hour % {rest} == 0:", "        continue"]),
            (f"If it has then gone more than {m} km in all, {k} km are taken off again.",
             [f"    if distance > {m}:", f"        distance -= {k}"]),
            (f"In each hour with an even number it covers {k} km more.",
             ["    if hour % 2 == 0:", f"        distance += {k}"]),
            (f"The wind takes it back {k} km in every hour with a number divisible by 3.",
             ["    if hour % 3 == 0:", f"        distance -= {k}"]),
        )[index]  # fmt: skip
        sentences.append(sentence)
        lines = [*code, *lines] if index == 0 else [*lines, *code]
        steps.append(tuple(code))
    uses_hour = any("hour %" in line for line in lines)
    head = "for hour in range(1, hours + 1):" if uses_hour else "for _ in range(hours):"
    number = " Hours are numbered from 1." if uses_hour else ""
    return Story(
        f"{who} has gone `distance` km already.", ("hours", "distance"),
        (sentences[0] + number, *sentences[1:]), (head, *lines),
        "How many km has it gone after `hours` more hours?", "distance", tuple(steps),
    )  # fmt: skip


def _savings(difficulty: int, random: Random) -> Story:
    """What is in a savings box after some months."""
    who = random.choice(("Mia", "Tom", "Lena", "Omar", "Ravi"))
    put = random.randint(2, 99)
    sentences = [f"Each month {who} puts in {put}."]
    lines = [f"    money += {put}"]
    steps: list[tuple[str, ...]] = []
    extras = random.sample(range(4), min(difficulty, 4))
    for index in sorted(extras):
        k, m = random.randint(2, 9), random.randint(25, 120)
        sentence, code = (
            (f"Then {k} percent of what is in it, rounded down, are added.",
             [f"    money += money * {k} // 100"]),
            (f"Whenever there is {m} or more after that, {m // 2} are spent.",
             [f"    if money >= {m}:", f"        money -= {m // 2}"]),
            (f"In every {k}th month {k + 5} are then taken out, but never more than there is.",
             [f"    if month % {k} == 0:", f"        money -= min(money, {k + 5})"]),
            (f"If the amount at the end of a month is divisible by {k}, a friend adds {k}.",
             [f"    if money % {k} == 0:", f"        money += {k}"]),
        )[index]  # fmt: skip
        sentences.append(sentence)
        lines += code
        steps.append(tuple(code))
    uses_month = any("month %" in line for line in lines)
    head = "for month in range(1, months + 1):" if uses_month else "for _ in range(months):"
    return Story(
        f"{who} has a savings box with `money` in it.", ("months", "money"), tuple(sentences),
        (head, *lines), "How much is in it after `months` months?", "money", tuple(steps),
    )  # fmt: skip


def _harvest(difficulty: int, random: Random) -> Story:
    """How things are shared out and packed."""
    thing = random.choice(("apples", "eggs", "cards", "coins", "shells"))
    each, size = random.randint(2, 40), random.randint(3, 20)
    sentences = [f"Each of `groups` groups finds {each} {thing}, and `spare` are there already."]
    lines = [f"{thing} = groups * {each} + spare"]
    steps: list[tuple[str, ...]] = []
    extras = random.sample(range(4), difficulty - 1)
    for index in sorted(extras):
        k, m = random.randint(2, 7), random.randint(10, 60)
        sentence, code = (
            (f"Every {k}th of the {thing} is bad and thrown away.", [f"{thing} -= {thing} // {k}"]),
            (f"If there are more than {m}, a third of them, rounded down, is given away.",
             [f"if {thing} > {m}:", f"    {thing} -= {thing} // 3"]),
            (f"Then {k} are eaten, or all if there are fewer.",
             [f"{thing} = max({thing} - {k}, 0)"]),
            (f"Each group then brings {k} more.", [f"{thing} += {k} * groups"]),
        )[index]  # fmt: skip
        sentences.append(sentence)
        lines += code
        steps.append(tuple(code))
    question, answer = random.choice(
        (
            (f"How many full boxes of {size} can be packed?", f"{thing} // {size}"),
            (f"How many {thing} are left when full boxes of {size} have been packed?",
             f"{thing} % {size}"),
            (f"How many boxes of {size} are needed to hold them all?",
             f"({thing} + {size - 1}) // {size}"),
            (f"How many {thing} are there in the end?", thing),
        )
    )  # fmt: skip
    return Story(
        f"Some groups collect {thing}.", ("groups", "spare"), tuple(sentences), tuple(lines),
        question, answer, tuple(steps),
    )  # fmt: skip
