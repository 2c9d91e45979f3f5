"""The smallest failing part of edits and of inputs."""

from __future__ import annotations

import pytest

from lit_coder.environment.delta_debugging import (
    applied,
    ddmin,
    edits_between,
    smallest_failing_edits,
    smallest_failing_input,
)
from lit_coder.environment.looking_inside import LookingInside
from lit_coder.sandbox.contract import Limits
from lit_coder.sandbox.pool_runner import PoolRunner
from tests.environment.test_suspicion import BODY, PROBLEM


@pytest.mark.parametrize("wanted", [{3}, {0, 7}, {1, 2, 6}, set(range(8))])
def test_nothing_can_be_left_out_of_what_is_found(wanted: set[int]) -> None:
    asked: list[tuple[int, ...]] = []

    def fails(part: list[int]) -> bool:
        asked.append(tuple(part))
        return wanted <= set(part)

    assert set(ddmin(list(range(8)), fails)) == wanted
    assert len(asked) == len(set(asked)) <= 64


def test_a_single_culprit_is_found_by_halving() -> None:
    asked: list[int] = []
    found = ddmin(list(range(64)), lambda part: asked.append(len(part)) or 41 in part)
    assert found == [41] and len(asked) <= 12


def test_edits_make_the_second_text_of_the_first_one() -> None:
    before, after = "a\nb\nc\nd\n", "a\nx\ny\nz\nd\ne\n"
    edits = edits_between(before, after)
    assert applied(before, edits) == after and applied(before, []) == before


def test_of_many_edits_the_one_that_fails_is_shown(runner: PoolRunner) -> None:
    failing = (
        BODY.replace("total = 0", "total = 0  # the sum")
        .replace("x > 3", "x > 2")
        .replace("return total", "result = total\n    return result")
    )
    found = smallest_failing_edits(runner, PROBLEM, BODY, failing, Limits())
    assert found.text == "-        if x > 3:\n+        if x > 2:"
    assert found.num_executions <= 12
    assert smallest_failing_edits(runner, PROBLEM, BODY, BODY + "\n", Limits()).edits == ()


def test_an_input_is_made_as_small_as_it_still_tells(look: LookingInside) -> None:
    right, wrong = PROBLEM.program(BODY), PROBLEM.program(BODY.replace("x > 3", "x > 2"))
    found = smallest_failing_input(look, wrong, right, "f", ([8, 1, 3, 7, 9, 4, 5],))
    assert found.arguments == ([3],)
