"""The first statement after which a draft leaves the reference."""

from __future__ import annotations

import math

import pytest

from lit_coder.environment.bisection import Bisector, first_bad
from lit_coder.environment.looking_inside import LookingInside

REFERENCE = """def f(xs):
    total = 0
    for x in xs:
        if x > 3:
            total += x
        y = x * 2
        total += y
    return total
"""
CASE = ("operations", [("call", "f", ([1, 4, 3, 7],))])


def test_halving_finds_the_first_bad_number_in_as_many_questions_as_it_must() -> None:
    for num in (1, 2, 5, 64, 1000):
        for first in {1, num // 2 + 1, num}:
            asked: list[int] = []
            found = first_bad(
                0, num, lambda n, first=first, asked=asked: asked.append(n) or n < first
            )
            assert found == first
            assert len(asked) <= math.ceil(math.log2(num))


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("total = 0", "total = 1", 4),
        ("in xs", "in xs[1:]", 5),
        ("in xs", "in xs[:-1]", 5),
        ("x > 3", "x >= 3", 6),
        ("y = x * 2", "y = x * 3", 8),
        ("return total", "return -total", 10),
        ("total += y", "total += y / 0", 9),
    ],
)
def test_the_planted_statement_is_found_in_few_executions(
    look: LookingInside, right: str, wrong: str, line: int
) -> None:
    draft = "# a comment\n\n" + REFERENCE.replace(right, wrong)
    found = Bisector(look).first_departure(draft, REFERENCE, CASE)
    assert found is not None
    assert (found.line, found.function) == (line, "f")
    assert found.num_executions <= math.log2(found.num_steps) + 2


def test_other_names_are_no_departure_and_a_reference_is_run_once(look: LookingInside) -> None:
    bisector = Bisector(look)
    renamed = REFERENCE.replace("total", "result").replace("xs", "values")
    assert bisector.first_departure(renamed, REFERENCE, CASE) is None
    before = look.num_executions
    found = bisector.first_departure(renamed.replace("result = 0", "result = 2"), REFERENCE, CASE)
    assert found is not None and found.line == 2
    assert look.num_executions - before <= math.log2(found.num_steps) + 1


def test_a_fault_in_a_method_and_one_behind_a_call_are_found(look: LookingInside) -> None:
    program = """class Counter:
    def __init__(self, start):
        self.total = start
    def add(self, n):
        n = helper(n)
        self.total += n
        return self.total
def helper(n):
    if n < 0:
        n = 0
    return n * 2
"""
    case = ("operations", [("construct", "Counter", (1,)), ("method", "add", ())])
    program = program.replace("add(self, n)", "add(self, n=2)")
    changes = (("= start", "= start + 1", 3), ("n * 2", "n * 3", 11), ("n=2", "n=3", 4))
    for right, wrong, line in changes:
        found = Bisector(look).first_departure(program.replace(right, wrong), program, case)
        assert found is not None and found.line == line


def test_a_script_is_followed_with_what_it_prints(look: LookingInside) -> None:
    program = "n = int(input())\nfor i in range(n):\n    print(i * 2)\nprint('end')\n"
    found = Bisector(look).first_departure(
        program.replace("i * 2", "i + 1"), program, ("stdin", "3\n")
    )
    assert found is not None and found.line == 3


def test_an_endless_draft_is_stopped_and_one_that_does_not_parse_has_no_line(
    look: LookingInside,
) -> None:
    bisector = Bisector(look, most_steps=200)
    program = "def f(n):\n    while n > 0:\n        n -= 1\n    return n\n"
    case = ("operations", [("call", "f", (3,))])
    found = bisector.first_departure(program.replace("n -= 1", "n += 1"), program, case)
    assert found is not None and found.line == 3
    assert bisector.first_departure("def f(:", program, case) is None
