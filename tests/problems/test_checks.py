"""What makes a problem degenerate, and what makes two problems the same."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.problems.behaviour import behaviour, canonical_text
from lit_coder.problems.checks import (
    DegenerateProblem,
    can_cross,
    known_wrong_program,
    refuse_degenerate,
)
from lit_coder.problems.problem import Case, Cases, CheckProgram, Problem
from lit_coder.problems.reference import TrustedProgram


def problem_of(*pairs: tuple[object, object], hidden: tuple[tuple[object, object], ...] = ()):
    tests = Cases(
        tuple(Case.call("f", (given,), expected) for given, expected in pairs),
        tuple(Case.call("f", (given,), expected) for given, expected in hidden),
    )
    return Problem("demo/0", "def f(x):\n", "f", tests, kind="function", source="demo")


def check(problem: Problem, body: str) -> None:
    refuse_degenerate(problem, TrustedProgram(problem.program(body)))


def test_a_sound_problem_is_not_refused() -> None:
    check(problem_of((1, 2), (2, 4), (3, 6)), "    return 2 * x\n")


def test_a_reference_that_raises_is_refused() -> None:
    with pytest.raises(DegenerateProblem, match="raised ZeroDivisionError"):
        check(problem_of((1, 1), (2, 0), (0, 3)), "    return 1 // x\n")


def test_a_reference_that_fails_its_own_tests_is_refused() -> None:
    with pytest.raises(DegenerateProblem, match="fails its own tests"):
        check(problem_of((1, 2), (2, 4), (3, 7)), "    return 2 * x\n")


def test_a_reference_of_another_type_fails_its_own_tests() -> None:
    with pytest.raises(DegenerateProblem, match="fails its own tests"):
        check(problem_of((1, 2), (2, 4), (3, 6)), "    return 2.0 * x\n")


def test_a_reference_that_gives_other_values_each_time_is_refused() -> None:
    program = TrustedProgram("calls = []\ndef f(x):\n    calls.append(x)\n    return len(calls)\n")
    problem = problem_of((1, 1), (2, 2), (3, 3))
    program.outcomes(case.operations for case in problem.tests.visible)  # type: ignore[union-attr]
    with pytest.raises(DegenerateProblem, match="fails its own tests"):
        refuse_degenerate(problem, program)


def test_an_output_that_cannot_cross_is_refused() -> None:
    with pytest.raises(DegenerateProblem, match="cannot cross"):
        check(problem_of((1, 1), (2, 2), (3, 3)), "    return range(x)\n")


def test_two_distinct_outputs_are_too_few() -> None:
    with pytest.raises(DegenerateProblem, match="2 distinct outputs"):
        check(problem_of((1, 1), (2, 0), (3, 1)), "    return x % 2\n")


def test_a_constant_that_passes_the_visible_tests_is_refused_whatever_hidden_tests_say() -> None:
    problem = problem_of((1, 1), (2, 1), hidden=((3, 2), (4, 3)))
    with pytest.raises(DegenerateProblem, match="constant passes"):
        check(problem, "    return max(1, x - 1)\n")


def test_the_identity_that_passes_the_visible_tests_is_refused() -> None:
    problem = problem_of((1, 1), (2, 2), hidden=((-1, 1), (-3, 3)))
    with pytest.raises(DegenerateProblem, match="identity passes"):
        check(problem, "    return abs(x)\n")


def test_true_and_one_are_different_outputs() -> None:
    tests = problem_of((1, True), (2, 2)).tests
    assert isinstance(tests, Cases)
    assert known_wrong_program(tests) is None


def test_a_subclass_of_a_plain_type_cannot_cross() -> None:
    assert can_cross([{"a": (1, {2.0})}, frozenset({b""})])
    assert not can_cross([type("Loud", (int,), {})(3)])


def test_behaviour_ignores_words_and_the_order_of_tests() -> None:
    one = problem_of((1, 2), (2, 4), hidden=((3, 6),))
    other = replace(problem_of((3, 6), (1, 2), hidden=((2, 4),)), prompt="def f(y):\n", task_id="b")
    assert behaviour(one) == behaviour(other)


def test_behaviour_tells_types_apart() -> None:
    assert behaviour(problem_of((1, 1))) != behaviour(problem_of((1, True)))
    assert behaviour(problem_of((1, (1,)))) != behaviour(problem_of((1, [1])))


def test_behaviour_of_test_code_is_the_code() -> None:
    tests = CheckProgram(("assert f(1) == 1",), setup="import math")
    one = replace(problem_of((1, 1)), tests=tests)
    assert behaviour(one) == behaviour(replace(one, prompt="other"))
    assert behaviour(one) != behaviour(replace(one, tests=replace(tests, setup="")))


def test_a_behaviour_is_the_same_in_every_process() -> None:
    assert behaviour(problem_of((1, {"b", "a"}))) == "53c7427481a487974dc25b169a9df96e"


@given(st.sets(st.text(max_size=3)), st.dictionaries(st.integers(), st.booleans()))
def test_canonical_text_does_not_depend_on_the_order_of_sets_and_dicts(
    members: set[str], entries: dict[int, bool]
) -> None:
    reordered = dict(reversed(entries.items()))
    assert canonical_text(entries) == canonical_text(reordered)
    assert canonical_text(members) == canonical_text(set(sorted(members, reverse=True)))
