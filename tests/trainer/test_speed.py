from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.trainer.speed import SpeedMeter, Work
from lit_coder.trainer.used_memory import used_gibibytes


@given(st.lists(st.tuples(st.integers(1, 64), st.integers(1, 64)), max_size=8))
def test_work_is_every_token_at_the_price_of_its_row(batches: list[tuple[int, int]]) -> None:
    meter = SpeedMeter(lambda sequence: 10 + sequence, peak_flops=1e3)
    meter.start_over(5)
    for num_rows, sequence in batches:
        meter.add(num_rows * sequence, sequence)
    work = meter.take(7)
    assert work.num_steps == 2 and work.seconds > 0
    assert work.num_tokens == sum(rows * length for rows, length in batches)
    assert work.flops == sum(rows * length * (10 + length) for rows, length in batches)


def test_taking_and_starting_over_forget_what_was_counted() -> None:
    meter = SpeedMeter(lambda sequence: 1.0, peak_flops=1.0)
    meter.add(8, 4)
    meter.take(1)
    assert meter.take(3)[1:] == (2, 0, 0)
    meter.add(8, 4)
    meter.start_over(9)
    assert meter.take(9)[1:] == (0, 0, 0)


def test_rates_are_work_over_time_and_over_the_peak() -> None:
    work = Work(seconds=2.0, num_steps=4, num_tokens=100, flops=600.0)
    known = SpeedMeter(lambda sequence: 1.0, peak_flops=1000.0).rates(work)
    assert known == {
        "train/steps_per_second": 2.0,
        "train/tokens_per_second": 50.0,
        "train/mfu": pytest.approx(0.3),
    }
    assert "train/mfu" not in SpeedMeter(lambda sequence: 1.0, peak_flops=None).rates(work)
    nothing_known = SpeedMeter(None, 1000.0)
    nothing_known.add(4, 2)
    assert "train/mfu" not in nothing_known.rates(nothing_known.take(1))


def test_memory_of_a_process_grows_with_what_it_holds() -> None:
    before = used_gibibytes(torch.device("cpu"))
    held = torch.ones(2**26)
    assert used_gibibytes(torch.device("cpu")) - before == pytest.approx(0.25, abs=0.05)
    assert held.nbytes == 2**28
