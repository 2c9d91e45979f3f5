from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.modules.schedule import warmup_cosine, warmup_stable_decay


def test_the_warm_up_rises_in_equal_parts_to_the_peak() -> None:
    factor = warmup_cosine(warmup_steps=4, total_steps=20, floor=0.1)
    assert [factor(step) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_the_cosine_is_halfway_down_in_the_middle_and_ends_at_the_floor() -> None:
    factor = warmup_cosine(warmup_steps=10, total_steps=110, floor=0.2)
    assert factor(60) == pytest.approx(0.6)
    assert factor(35) == pytest.approx(0.2 + 0.8 * (1 + math.cos(math.pi / 4)) / 2)
    assert factor(110) == pytest.approx(0.2)


def test_it_stays_at_the_floor_after_the_last_step() -> None:
    factor = warmup_cosine(warmup_steps=2, total_steps=10, floor=0.3)
    assert [factor(step) for step in (10, 11, 10**6)] == pytest.approx([0.3] * 3)


def test_without_warm_up_the_first_step_is_at_the_peak() -> None:
    assert warmup_cosine(0, 100, 0.1)(0) == 1.0


@given(st.integers(0, 50), st.integers(1, 500), st.floats(0, 1))
def test_it_never_leaves_the_range_from_zero_to_the_peak_and_falls_after_the_warm_up(
    warmup_steps: int, total_steps: int, floor: float
) -> None:
    factor = warmup_cosine(warmup_steps, total_steps, floor)
    values = [factor(step) for step in range(total_steps + 5)]
    assert all(0 < value <= 1 + 1e-12 or value == floor for value in values)
    falling = values[warmup_steps:]
    assert all(b <= a + 1e-12 for a, b in pairwise(falling))


def test_the_factor_depends_on_the_step_alone() -> None:
    first, second = warmup_cosine(5, 50, 0.1), warmup_cosine(5, 50, 0.1)
    forwards = [first(step) for step in range(50)]
    assert [second(step) for step in reversed(range(50))] == forwards[::-1]


def test_the_plateau_stays_at_the_peak_and_the_decay_is_fast_at_first() -> None:
    factor = warmup_stable_decay(warmup_steps=10, total_steps=100, floor=0.2, decay_share=0.4)
    assert [factor(step) for step in range(10, 61)] == [1.0] * 51
    # A quarter of the decay covers half of the way: 1 - sqrt(1/4).
    assert factor(70) == pytest.approx(0.2 + 0.8 * 0.5)
    assert [factor(step) for step in (100, 101, 10**6)] == pytest.approx([0.2] * 3)


def test_a_decay_never_begins_within_the_warm_up() -> None:
    factor = warmup_stable_decay(warmup_steps=8, total_steps=10, floor=0.0, decay_share=1.0)
    assert [factor(step) for step in range(9)] == [(step + 1) / 8 for step in range(8)] + [1.0]
    assert factor(10) == 0.0


def test_a_longer_run_differs_in_its_decay_only() -> None:
    short = warmup_stable_decay(5, 100, 0.1, 0.2)
    long = warmup_stable_decay(5, 200, 0.1, 0.2)
    assert [short(step) for step in range(80)] == [long(step) for step in range(80)]


@given(
    st.integers(0, 50),
    st.integers(1, 500),
    st.floats(0, 1),
    st.floats(0, 1, exclude_min=True),
)
def test_after_the_warm_up_a_plateau_falls_once_from_the_peak_to_the_floor(
    warmup_steps: int, total_steps: int, floor: float, decay_share: float
) -> None:
    factor = warmup_stable_decay(warmup_steps, total_steps, floor, decay_share)
    values = [factor(step) for step in range(max(warmup_steps, total_steps) + 5)]
    assert all(0 < value <= 1 or value == floor for value in values)
    rising, after = values[:warmup_steps], values[warmup_steps:]
    assert all(a < b for a, b in pairwise(rising))
    assert all(b <= a + 1e-12 for a, b in pairwise(after))
    num_stable = sum(value == 1.0 for value in after)
    if warmup_steps < total_steps:
        num_decaying = max(1, round(decay_share * total_steps))
        assert num_stable >= total_steps - warmup_steps - num_decaying
        assert factor(total_steps) == pytest.approx(floor)
