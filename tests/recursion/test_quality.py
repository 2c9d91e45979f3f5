from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.recursion.quality import Least, quality
from lit_coder.training_data.sample import Candidate
from tests.recursion.candidates import make_candidate

FEW = st.integers(0, 9)


@given(st.integers(1, 500), st.integers(1, 500), FEW, FEW, st.integers(1, 9), st.integers(1, 9))
def test_quality_is_a_share_and_best_for_the_shortest_simplest_tidy_program(
    num_nodes: int, shortest: int, num_unused: int, num_dead: int, branches: int, least: int
) -> None:
    candidate = make_candidate(
        num_nodes=num_nodes, num_unused=num_unused, num_dead=num_dead, complexity=branches
    )
    score = quality(candidate, Least(shortest, least))
    assert 0 < score <= 1
    is_best = num_nodes <= shortest and num_unused == num_dead == 0 and branches <= least
    assert (score == 1) == is_best


def documented(names: tuple[str, ...], prompt: str, **changes: Any) -> Candidate:
    candidate = make_candidate()
    assert candidate.verdict.features is not None
    features = dataclasses.replace(candidate.verdict.features, documented=names)
    problem = dataclasses.replace(candidate.problem, prompt=prompt, **changes)
    verdict = dataclasses.replace(candidate.verdict, features=features)
    return dataclasses.replace(candidate, problem=problem, verdict=verdict)


PROMPT = 'def f(x):\n    """add 1"""\n'


@pytest.mark.parametrize(
    ("candidate", "is_kept"),
    [
        (documented(("f",), PROMPT), True),
        # It was defined again without its text.
        (documented((), PROMPT), False),
        (documented(("g",), PROMPT), False),
        (documented((), "def f(x):\n    # add 1\n"), True),
        (documented((), PROMPT, entry_point=""), True),
        (documented((), PROMPT, language="javascript"), True),
    ],
)
def test_a_documented_function_should_stay_documented(candidate: Candidate, is_kept: bool) -> None:
    assert (quality(candidate, Least(10, 1)) == 1) == is_kept


def test_a_text_that_does_not_parse_has_no_quality() -> None:
    assert quality(make_candidate(fingerprint=None), Least()) == 0
    assert Least.of([make_candidate(fingerprint=None)]) == Least(1, 1)
    assert Least.of([make_candidate(num_nodes=7), make_candidate(complexity=3)]) == Least(7, 1)
