"""Whole programs: they read numbers, as stories or lists of them, and print an answer.

    # A store holds boxes, `stock` of them at first. Each day 4 come in ...
    # Read `days` and `stock` from one line, and print the answer.
    days, stock = map(int, input().split())

Prompts are comments, so a program is asked for as problem sites ask. Every case is one run of the
program with its own input. Difficulty is the number of steps of the story or of what is done to
the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import NamedTuple

from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.family import prompt_task_id, require_difficulty
from lit_coder.problems.grammars.inputs import NUMBER_LISTS
from lit_coder.problems.grammars.integer_words import random_change, random_filters
from lit_coder.problems.grammars.layout import WIDTH, collected, comment, joined
from lit_coder.problems.grammars.stories import STORY_INPUTS, random_story, shorter_stories
from lit_coder.problems.problem import Problem, StdioCase, StdioCases
from lit_coder.problems.reference import trusted_output

_MIN_DISTINCT = 3


class _Sketch(NamedTuple):
    """A program as a grammar drew it; `kind` names the inputs that it is run with."""

    words: tuple[str, ...]
    lines: tuple[str, ...]
    kind: str
    without: tuple[tuple[str, ...], ...]


def _story(difficulty: int, random: Random) -> _Sketch:
    """A story whose two amounts are read."""
    told = random_story(difficulty, random)
    one, two = told.numbers
    on_one_line = random.random() < 0.6
    where = "the two integers of a line" if on_one_line else "two lines with an integer each"
    words = (
        " ".join((told.opening, *told.sentences)),
        f"{told.question} Read `{one}` and `{two}` from {where} and print the answer.",
    )
    head = (
        (f"{one}, {two} = map(int, input().split())",)
        if on_one_line
        else (f"{one} = int(input())", f"{two} = int(input())")
    )
    return _Sketch(
        words=words,
        lines=(*head, *told.lines, f"print({told.answer})"),
        kind="line" if on_one_line else "lines",
        without=tuple(
            (*head, *shorter.lines, f"print({shorter.answer})") for shorter in shorter_stories(told)
        ),
    )


_PRINTED = (
    ("their sum", "print(sum(chosen))"),
    ("how many there are", "print(len(chosen))"),
    ("the largest, or NONE if there is none", 'print(max(chosen) if chosen else "NONE")'),
    ("the smallest, or NONE if there is none", 'print(min(chosen) if chosen else "NONE")'),
    ("them on one line, with blanks between them", "print(*chosen)"),
    ("them from the last to the first, a line for each",
     "for number in chosen[::-1]:\n    print(number)"),
    ("them in rising order on one line, with a comma between them",
     'print(",".join(map(str, sorted(chosen))))'),
    ("how many there are and their sum, on two lines", "print(len(chosen))\nprint(sum(chosen))"),
    ("the first and the last of them with a dash between them, or EMPTY if there is none",
     'print(f"{chosen[0]}-{chosen[-1]}" if chosen else "EMPTY")'),
)  # fmt: skip


def _list(difficulty: int, random: Random) -> _Sketch:
    """A list of numbers is read, some of them chosen and changed."""
    conditions = random_filters(random, NUMBER_LISTS, (1, 1, 2, 2, 3)[difficulty - 1])
    has_change = difficulty in (2, 4, 5)
    change = random_change(random, NUMBER_LISTS, 0.0 if has_change else 1.0)
    wanted, printed = random.choice(_PRINTED)
    tests = [condition.of("number") for condition in conditions]
    kind, where, read = random.choice(
        (
            ("counted", "The first line holds how many integers follow, the second line the "
             "integers.", ("count = int(input())", "numbers = list(map(int, input().split()))")),
            ("list", "One line holds integers; it may be empty.",
             ("numbers = list(map(int, input().split()))",)),
            ("column", "The first line holds how many integers follow, each on a line of its own.",
             ("count = int(input())", "numbers = [int(input()) for _ in range(count)]")),
        )
    )  # fmt: skip
    plural = joined([condition.plural for condition in conditions])
    words = f"{where} Take those that {plural}"
    if not change.is_plain:
        words += f", replace each by {change.said('the number')}"
    wanted = wanted.replace("how many there are", "how many these are")
    lines = collected("chosen = ", "[]", change.of("number"), "for number in numbers", tests)
    return _Sketch(
        words=(f"{words}, and print {wanted}.",),
        lines=(*read, *lines, *printed.split("\n")),
        kind=kind,
        without=(),
    )


@cache
def _inputs(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The visible and the hidden texts on standard input."""
    given = STORY_INPUTS if kind in ("line", "lines") else NUMBER_LISTS
    visible, hidden = (
        tuple(_text(kind, arguments) for arguments in part)
        for part in (given.visible, given.hidden)
    )
    return visible, hidden


def _text(kind: str, arguments: Sequence[object]) -> str:
    """The arguments as text on standard input."""
    if kind == "line":
        return " ".join(map(str, arguments)) + "\n"
    if kind == "lines":
        return "".join(f"{each}\n" for each in arguments)
    (numbers,) = arguments
    assert isinstance(numbers, list)
    texts = [str(number) for number in numbers]
    if kind == "list":
        return " ".join(texts) + "\n"
    if kind == "counted":
        return f"{len(texts)}\n{' '.join(texts)}\n"
    return "".join(f"{text}\n" for text in (str(len(texts)), *texts))


def _problem(source: str, difficulty: int, sketch: _Sketch) -> Problem:
    """The problem of a sketch, checked."""
    reference = "".join(f"{line}\n" for line in sketch.lines)
    if any(len(line) > WIDTH for line in sketch.lines):
        raise DegenerateProblem(f"{source}: a line is too long")
    visible, hidden = _inputs(sketch.kind)
    code = compile(reference, "<reference>", "exec")
    outputs = [trusted_output(code, text) for text in (*visible, *hidden)]
    if len(set(outputs)) < _MIN_DISTINCT or len(set(outputs[: len(visible)])) == 1:
        raise DegenerateProblem(f"{source}: too few distinct outputs")
    if all(map(str.__eq__, outputs, visible)):
        raise DegenerateProblem(f"{source}: the input itself passes the visible tests")
    for lines in sketch.without:
        other = compile("\n".join(lines), "<reference>", "exec")
        if all(
            trusted_output(other, text) == output
            for text, output in zip((*visible, *hidden), outputs, strict=True)
        ):
            raise DegenerateProblem(f"{source}: a rule is idle")
    if trusted_output(code, visible[0]) != outputs[0]:
        raise DegenerateProblem(f"{source}: the reference fails its own tests")
    prompt = f"{comment(sketch.words)}\n"
    cases = [
        StdioCase(text, output) for text, output in zip((*visible, *hidden), outputs, strict=True)
    ]
    return Problem(
        task_id=prompt_task_id(source, prompt),
        prompt=prompt,
        entry_point="",
        tests=StdioCases(tuple(cases[: len(visible)]), tuple(cases[len(visible) :])),
        kind="program",
        source=source,
        difficulty=difficulty,
        reference=reference,
    )


@dataclass(frozen=True, slots=True, eq=False)
class StdinPrograms:
    """The family of whole programs."""

    name: str = "stdin_programs"
    difficulties: tuple[int, ...] = (1, 2, 3, 4, 5)

    def num_problems(self, difficulty: int) -> int | None:
        """None: nobody will draw them all."""
        return None

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A program of `difficulty` steps.

        Raises:
            DegenerateProblem: what was drawn proves nothing; draw again.
        """
        require_difficulty(self, difficulty)
        grammar = random.choice((_story, _list))
        return _problem(self.name, difficulty, grammar(difficulty, random))


STDIN_PROGRAMS = StdinPrograms()
