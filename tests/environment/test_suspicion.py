"""Suspicious statements by tests alone, and the marks that a canvas can hold."""

from __future__ import annotations

import pytest

from lit_coder.environment.canvas_marks import hinted, marked, suspicious_lines, unmarked
from lit_coder.environment.known_cases import known_cases
from lit_coder.environment.looking_inside import LookingInside
from lit_coder.environment.suspicion import Suspicion, ochiai_scores
from lit_coder.problems.problem import (
    Case,
    Cases,
    CheckProgram,
    Problem,
    StdioCase,
    StdioCases,
)

PROMPT = 'def f(xs):\n    """The sum of those above 3."""\n'
BODY = """    total = 0
    for x in xs:
        if x > 3:
            total += x
    return total
"""
LISTS = ([], [1, 2], [3], [4], [3, 4, 9])
CASES = Cases(
    tuple(Case.call("f", (xs,), sum(x for x in xs if x > 3)) for xs in LISTS),
    hidden=(Case.call("f", ([5],), 5),),
)
PROBLEM = Problem("demo/0", PROMPT, "f", CASES, kind="function", source="demo", reference=BODY)


def test_ochiai_prefers_what_failing_cases_reach_and_passing_ones_do_not() -> None:
    scores = ochiai_scores([{1, 2}, {1}, {1, 2, 3}], (False, True, True))
    assert scores == {1: pytest.approx(1 / 3**0.5), 2: pytest.approx(1 / 2**0.5)}


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [("x > 3", "x >= 3", 5), ("total = 0", "total = 1", 3), ("total += x", "total -= x", 6)],
)
def test_an_edit_that_passes_all_tests_puts_its_line_first(
    look: LookingInside, right: str, wrong: str, line: int
) -> None:
    draft = BODY.replace(right, wrong)
    ranking = Suspicion(look).rank(PROBLEM.program(draft), known_cases(PROBLEM))
    assert ranking.suspects[0].line == line and ranking.suspects[0].gain == 1
    assert ranking.suspects[0].reason == "with an edit of it, 5 of 5 tests pass"
    assert ranking.num_executions == look.num_executions == 2
    assert ranking.passed.count(True) < 5 and ranking.num_edits > 20


def test_a_right_program_and_one_that_does_not_parse_have_no_suspects(look: LookingInside) -> None:
    right = Suspicion(look).rank(PROBLEM.program(BODY), known_cases(PROBLEM))
    assert (right.suspects, right.passed) == ((), (True,) * 5)
    assert Suspicion(look).rank(PROMPT + "    return (", known_cases(PROBLEM)).passed == ()


def test_hidden_tests_and_expected_values_stay_outside() -> None:
    known = known_cases(PROBLEM)
    assert len(known.given) == 5 and "13" not in repr(known.given)
    assert known.passes(4, [(13, "")])
    assert not known.passes(4, [(13.0, "")]) and not known.passes(4, [(None, "ValueError")])


def test_check_programs_and_scripts_are_searched_too(look: LookingInside) -> None:
    checks = CheckProgram(tuple(f"assert f({xs}) == {sum(x for x in xs if x > 3)}" for xs in LISTS))
    problem = Problem("demo/1", PROMPT, "f", checks, kind="function", source="demo")
    (found,) = suspicious_lines(look, problem, BODY.replace("x > 3", "x >= 3"))
    assert found.line == 5
    texts = StdioCases(tuple(StdioCase(f"{n}\n", f"{n * 2}\n{n + 1}\n") for n in (1, 3, 5)))
    script = Problem("demo/2", "", "", texts, kind="program", source="demo")
    (found,) = suspicious_lines(look, script, "n = int(input())\nprint(n * 3)\nprint(n + 1)\n")
    assert found.line == 2


def test_marks_stand_behind_lines_of_the_draft_and_come_off_again() -> None:
    lines = marked(PROBLEM, BODY, [1, 5, 99]).splitlines()
    assert lines[2] == "        if x > 3:  #?"
    assert sum("#?" in line for line in lines) == 1
    assert unmarked(marked(PROBLEM, BODY, [3, 4, 5, 6, 7])) == BODY
    open_prompt = Problem("demo/3", "def f(x):", "f", CASES, kind="function", source="demo")
    assert (
        marked(open_prompt, "\n    x += 1\n    return x", [2]) == "\n    x += 1  #?\n    return x"
    )
    assert hinted(PROBLEM, [4]).prompt == PROMPT.rstrip() + "  # line 4?\n"
    assert hinted(PROBLEM, []) == PROBLEM
