from __future__ import annotations

import pytest

from lit_coder.recursion.gates import NoTests, VisibleTests
from tests.recursion.candidates import make_candidate


def test_what_passes_every_visible_test_may_enter() -> None:
    assert VisibleTests().admits(make_candidate())


def test_a_hidden_test_neither_admits_nor_refuses() -> None:
    assert VisibleTests().admits(make_candidate(hidden=0))
    assert not VisibleTests().admits(make_candidate(visible=0, hidden=1))


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"visible": 0}, "visible tests: failed"),
        ({"visible": 0, "status": "timeout"}, "visible tests: timeout"),
        ({"trusted": False}, "verdict not trusted"),
        ({"ended": False}, "not ended"),
        ({"ended": False, "visible": 0}, "not ended"),
    ],
)
def test_what_may_not_enter_is_told_why(facts: dict[str, object], refusal: str) -> None:
    candidate = make_candidate(**facts)  # type: ignore[arg-type]
    assert not VisibleTests().admits(candidate)
    assert VisibleTests().refusal(candidate) == refusal


def test_a_problem_without_visible_tests_admits_nothing() -> None:
    candidate = make_candidate(visible=0)
    object.__setattr__(candidate.verdict, "visible_total", 0)
    assert not VisibleTests().admits(candidate)


def test_the_gate_for_measuring_takes_whatever_ended() -> None:
    assert NoTests().admits(make_candidate(visible=0, hidden=0))
    assert not NoTests().admits(make_candidate(ended=False))
