from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.evaluation.pass_metric import PassAtK
from lit_coder.verification.pass_at_k import mean_with_interval, pass_at_k

PROBLEMS = st.lists(
    st.integers(3, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
    min_size=1,
    max_size=8,
)


@given(PROBLEMS, st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_the_metric_is_the_mean_of_the_unbiased_estimate(
    problems: list[tuple[int, int]], k: int
) -> None:
    metric = PassAtK(k)
    for num_samples, num_passed in problems:
        metric.update(num_samples, num_passed)
    values = [pass_at_k(n, c, k) for n, c in problems]
    assert float(metric.compute()) == pytest.approx(sum(values) / len(values), abs=1e-12)
    assert metric.estimate() == mean_with_interval(values)


def test_a_known_value() -> None:
    metric = PassAtK(2)
    metric.update(num_samples=4, num_passed=1)
    assert float(metric.compute()) == pytest.approx(0.5)


def test_problems_weigh_the_same_however_they_are_spread_over_processes() -> None:
    whole, parts = PassAtK(1), [PassAtK(1), PassAtK(1)]
    for index, passed in enumerate((1, 0, 0, 1, 1)):
        whole.update(1, passed)
        parts[index > 0].update(1, passed)
    gathered = PassAtK(1)
    gathered.update(1, 0)
    gathered.values = [value for part in parts for value in part.values]
    assert torch.equal(gathered.compute(), whole.compute())


def test_a_reset_forgets_every_problem() -> None:
    metric = PassAtK(1)
    metric.update(1, 1)
    metric.reset()
    metric.update(1, 0)
    assert float(metric.compute()) == 0.0


def test_fewer_samples_than_k_are_refused() -> None:
    with pytest.raises(ValueError, match="pass@3 needs at least 3"):
        PassAtK(3).update(2, 1)
