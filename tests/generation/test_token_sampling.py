import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.generation.contract import SamplingOptions
from lit_coder.generation.sampling import choose, inverse_of_cumulative, row_uniforms, stream_key

MANY = row_uniforms([stream_key(0, "draws", i) for i in range(20_000)], 1)[:, 0]


def share_of_each(logits: list[float], options: SamplingOptions) -> list[float]:
    rows = torch.tensor([logits]).expand(len(MANY), -1)
    return (choose(rows, MANY, options).bincount(minlength=len(logits)) / len(MANY)).tolist()


def test_tokens_are_drawn_as_often_as_their_probability_says() -> None:
    logits = [2.0, 1.0, 0.0, -1.0]
    wanted = torch.tensor(logits).softmax(-1).tolist()
    assert share_of_each(logits, SamplingOptions(temperature=1.0)) == pytest.approx(
        wanted, abs=0.02
    )


def test_temperature_divides_the_logits() -> None:
    logits = [2.0, 1.0, 0.0, -1.0]
    wanted = (torch.tensor(logits) / 0.5).softmax(-1).tolist()
    assert share_of_each(logits, SamplingOptions(temperature=0.5)) == pytest.approx(
        wanted, abs=0.02
    )


def test_top_k_draws_only_from_the_k_most_likely() -> None:
    shares = share_of_each([0.1, 0.4, 0.3, 0.2], SamplingOptions(temperature=1.0, top_k=2))
    assert shares[0] == shares[3] == 0 and shares[1] > 0 and shares[2] > 0


def test_top_p_draws_only_from_the_smallest_set_that_reaches_it() -> None:
    logits = torch.tensor([0.15, 0.5, 0.05, 0.3]).log().tolist()
    shares = share_of_each(logits, SamplingOptions(temperature=1.0, top_p=0.7))
    assert shares == pytest.approx([0, 0.5 / 0.8, 0, 0.3 / 0.8], abs=0.02)


def test_a_tiny_top_p_leaves_the_most_likely_token() -> None:
    assert share_of_each([0.0, 3.0, 1.0], SamplingOptions(temperature=1.0, top_p=1e-6))[1] == 1


def test_top_k_equal_to_one_is_greedy_even_where_logits_are_equal() -> None:
    logits = torch.tensor([[1.0, 2.0, 2.0, 0.0]])
    one = choose(logits, torch.tensor([0.99]), SamplingOptions(temperature=3.0, top_k=1))
    assert one == choose(logits, torch.tensor([0.1]), SamplingOptions(temperature=0.0))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1e-30, 1e-8, 0.1, 1.0, 3.0]), min_size=1, max_size=30),
    st.sampled_from([0.0, 0.25, 1 - 2.0**-24]),
)
def test_what_has_no_probability_is_never_drawn(weights: list[float], uniform: float) -> None:
    weights.append(1.0)
    index = inverse_of_cumulative(torch.tensor([[*weights, 0.0]]), torch.tensor([uniform]))
    assert [*weights, 0.0][int(index)] > 0


def test_uniforms_lie_in_the_unit_interval_and_are_spread_evenly() -> None:
    uniforms = row_uniforms([stream_key(3, "a", i) for i in range(100)], 100)
    assert uniforms.min() >= 0 and uniforms.max() < 1
    counts = uniforms.flatten().histc(10, 0, 1)
    assert (counts - 1000).abs().max() < 150


def test_uniforms_of_neighbouring_rows_and_steps_are_not_related() -> None:
    uniforms = row_uniforms([stream_key(0, "a", i) for i in range(300)], 300).double()
    for other in (uniforms.roll(1, 0), uniforms.roll(1, 1)):
        assert abs(torch.corrcoef(torch.stack((uniforms.flatten(), other.flatten())))[0, 1]) < 0.02


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.integers(1, 40))
def test_a_longer_row_of_uniforms_begins_with_the_shorter(key: int, steps: int) -> None:
    assert torch.equal(row_uniforms([key], 40)[:, :steps], row_uniforms([key], steps))


def test_streams_differ_by_seed_name_and_sample() -> None:
    keys = {stream_key(s, n, i) for s in (0, 1) for n in ("", "1", "a") for i in (0, 1, 11)}
    assert len(keys) == 2 * 3 * 3
