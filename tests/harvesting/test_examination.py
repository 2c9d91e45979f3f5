"""What the trials find out about a function, and which functions they refuse."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lit_coder.harvesting.candidate import Candidate
from lit_coder.harvesting.examination import Examined, Examiner
from lit_coder.harvesting.making import make_problem
from lit_coder.problems.problem import Cases
from lit_coder.problems.problem_file import read_problems
from lit_coder.problems.problem_writing import write_problems
from lit_coder.sandbox.contract import Limits, Runner
from lit_coder.verification.verifier import Attempt, Verifier
from tests.harvesting.conftest import SETTINGS

Examine = Callable[[str], Examined | str]
Find = Callable[..., list[Candidate]]

UNTYPED = """import re


def initials(name, limit=2):
    words = [word for word in re.split(r"\\W+", name) if word]
    # upper case, as on a badge
    return "".join(word[0].upper() for word in words[:limit])
"""


def test_a_problem_of_an_untyped_function_has_a_reference_that_passes_and_mutants_that_fail(
    runners: tuple[Runner, Runner], find: Find, tmp_path: pytest.TempPathFactory
) -> None:
    (candidate,) = find(UNTYPED)
    examined = Examiner(runners, SETTINGS).examine(candidate)
    assert isinstance(examined, Examined)
    assert examined.score >= 0.8
    problem = make_problem(candidate, examined, "demo")
    assert problem.source == "harvested:demo"
    assert problem.reference is not None and "# upper case, as on a badge\n" in problem.reference
    assert '"""Initials.' in problem.prompt and ">>> initials(" in problem.prompt
    file = tmp_path / "problems.jsonl"  # type: ignore[operator]
    write_problems(file, [problem])
    (again,) = read_problems(file)
    assert again.tests == problem.tests
    wrong = [
        problem.reference.replace(a, b)
        for a, b in (("[:limit]", ""), ("upper", "lower"), ("[0]", "[-1]"), ("\\W", " "))
    ]
    attempts = [Attempt(again, text) for text in (problem.reference, *wrong)]
    right, *others = Verifier(runners[1], Limits()).verify(attempts)
    assert right.passed
    assert not any(verdict.passed for verdict in others)


def test_visible_and_hidden_cases_differ_and_each_kills(examine: Examine) -> None:
    found = examine("def f(a, b):\n    return a * 2 - b if a > b else (a + b) % 7\n")
    assert isinstance(found, Examined)
    chosen = found.chosen
    assert not set(chosen.visible) & set(chosen.hidden)
    assert len(chosen.killed_by_hidden) >= 0.5 * len(chosen.killed)
    assert len(chosen.killed_by_visible) >= 0.5 * len(chosen.killed)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(text):\n    return [w for w in set(text.split()) | {'a', 'bc', 'd'}]\n", "another"),
        ("def f(x):\n    while x == x or x:\n        x = [x, x][0]\n    return x\n", "too long"),
        ("def f(x):\n    return 3 if [x, x, x][0] is x and x is x else 4\n", "same value"),
        ("def f(x):\n    return x.some.thing.of_that.kind(1, 2, 3, 4, 5)\n", "too few arguments"),
        ("A = [][0]\ndef f(x):\n    return A + x * 2 + x * 3 + x * 4\n", "alone: IndexError"),
    ],
)
def test_what_cannot_be_a_problem_is_left_out(examine: Examine, text: str, reason: str) -> None:
    found = examine(text)
    assert isinstance(found, str) and reason in found


def test_state_that_syntax_does_not_show_is_noticed(examine: Examine) -> None:
    text = "def f(x: int, seen=[]):\n    seen.append(x)\n    return len(seen) * 2 + x * 3 - x\n"
    assert examine(text) == "gives different values in another process"


def test_equal_seeds_find_equal_problems(runners: tuple[Runner, Runner], find: Find) -> None:
    (candidate,) = find(UNTYPED)
    first, second = (
        make_problem(candidate, examined, "demo")
        for turn in range(2)
        if isinstance(examined := Examiner(runners, SETTINGS).examine(candidate, turn), Examined)
    )
    assert first == second
    assert isinstance(first.tests, Cases) and len(first.tests.hidden) >= 6


def test_errors_are_found_beside_values(examine: Examine) -> None:
    found = examine(
        "def f(x: int):\n    if x < 0:\n        raise KeyError(x)\n    return x * 3 % 8\n"
    )
    assert isinstance(found, Examined)
    assert {name for _, name in found.raising} == {"KeyError"}
