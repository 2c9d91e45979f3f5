from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.recursion.decline import decline
from tests.recursion.candidates import make_record


def records_of(scores: list[float], k: int = 4) -> list:
    return [make_record(i, {1: 0.5, k: score}) for i, score in enumerate(scores)]


def test_a_fall_in_every_one_of_the_last_rounds_is_a_decline() -> None:
    sentence = decline(records_of([0.2, 0.9, 0.8, 0.7, 0.6]), patience_rounds=3)
    assert sentence == "held-out pass@4 has fallen for 3 rounds in a row, from 90.0% to 60.0%"


@pytest.mark.parametrize(
    "scores", [[0.9, 0.8, 0.85, 0.6], [0.9, 0.8, 0.7, 0.7], [0.9, 0.8, 0.7], [0.5], []]
)
def test_a_pause_a_recovery_or_too_few_rounds_are_none(scores: list[float]) -> None:
    assert decline(records_of(scores), patience_rounds=3) is None


def test_a_fall_long_ago_is_none() -> None:
    assert decline(records_of([0.9, 0.8, 0.7, 0.6, 0.65]), patience_rounds=3) is None


def test_rounds_up_to_the_last_roll_back_do_not_count() -> None:
    records = records_of([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    records[2] = dataclasses.replace(records[2], rolled_back=True)
    assert decline(records, patience_rounds=3) is None
    sentence = decline(records, patience_rounds=2)
    assert sentence is not None and "from 60.0% to 40.0%" in sentence
    records[5] = dataclasses.replace(records[5], rolled_back=True)
    assert decline(records, patience_rounds=1) is None


def test_falling_pass_at_k_counts_even_where_pass_at_1_rises() -> None:
    records = [make_record(i, {1: 0.1 * i, 8: 0.9 - 0.1 * i}) for i in range(4)]
    sentence = decline(records, patience_rounds=3)
    assert sentence is not None and "pass@8" in sentence


def test_a_rising_validation_loss_is_a_decline() -> None:
    records = [make_record(i, {1: 0.5}, validation_loss=1.0 + 0.1 * i) for i in range(4)]
    sentence = decline(records, patience_rounds=3)
    assert sentence is not None and "validation loss has risen" in sentence
    assert "from 1.000 to 1.300" in sentence


def test_a_round_that_was_not_measured_breaks_the_row() -> None:
    records = records_of([0.9, 0.8, 0.7, 0.6])
    records[1] = make_record(1, None)
    assert decline(records, patience_rounds=3) is None
    assert decline([make_record(i) for i in range(9)], patience_rounds=3) is None


@given(st.lists(st.floats(0, 1), max_size=12))
def test_a_patience_of_zero_never_sees_a_decline(scores: list[float]) -> None:
    assert decline(records_of(scores), patience_rounds=0) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(1, 4))
def test_the_last_round_rising_is_never_a_decline(scores: list[float], patience: int) -> None:
    assert decline(records_of([*scores, max(scores)]), patience) is None
