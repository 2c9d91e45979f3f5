"""Advantages of completions in their groups, and of tokens from values."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.objectives.generalized_advantages import generalized_advantages, whitened
from lit_coder.objectives.group_advantages import group_advantages, has_spread


def test_advantages_are_those_worked_out_by_hand_wherever_a_groups_members_stand() -> None:
    rewards = torch.tensor([1.0, 5.0, 0.0, 0.0, 7.0, 0.0])
    groups = torch.tensor([9, 2, 9, 9, 2, 9])
    mean = group_advantages(rewards, groups, "mean")
    assert mean.tolist() == [0.75, -1, -0.25, -0.25, 1, -0.25]
    rloo = group_advantages(rewards, groups, "rloo")
    torch.testing.assert_close(rloo, torch.tensor([1, -2, -1 / 3, -1 / 3, 2, -1 / 3]))
    grpo = group_advantages(rewards, groups, "grpo")
    torch.testing.assert_close(grpo[groups == 9], mean[groups == 9] / 0.5, rtol=1e-4, atol=0)
    torch.testing.assert_close(grpo[groups == 2], mean[groups == 2] / 2**0.5, rtol=1e-4, atol=0)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.floats(-10, 10), st.sampled_from(["grpo", "rloo", "mean"]))
def test_a_group_without_spread_has_advantages_of_exactly_0(
    size: int, reward: float, kind: str
) -> None:
    rewards = torch.tensor([*[reward] * size, 0.0, 1.0])
    groups = torch.tensor([*[3] * size, 5, 5])
    found = group_advantages(rewards, groups, kind)  # type: ignore[arg-type]
    assert found[:-2].tolist() == [0] * size
    assert found[-1] > 0
    assert has_spread(rewards, groups).tolist() == [False, True]


def test_a_kind_of_advantage_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="must be grpo, rloo or mean, not ppo"):
        group_advantages(torch.zeros(2), torch.zeros(2), "ppo")  # type: ignore[arg-type]


@st.composite
def episodes(draw: st.DrawFn) -> tuple[list[tuple[list[int], bool]], int]:
    """Masks of the episodes of a row, and a seed."""
    masks = draw(st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=5), max_size=4))
    return [(mask, True) for mask in masks], draw(st.integers(0, 1000))


@settings(max_examples=60, deadline=None)
@given(episodes(), st.floats(0, 1), st.floats(0, 1))
def test_estimates_are_those_of_a_plain_loop_over_each_episode(
    drawn: tuple[list[tuple[list[int], bool]], int], discount: float, decay: float
) -> None:
    masks, seed = drawn
    generator = torch.Generator().manual_seed(seed)
    is_policy = [bool(flag) for mask, _ in masks for flag in mask]
    ends = [place == len(mask) - 1 for mask, _ in masks for place in range(len(mask))]
    shape = (2, len(is_policy) + 1)
    rewards, values = (torch.randn(shape, generator=generator) for _ in range(2))
    # One position of padding behind the last end.
    mask_BT = torch.tensor([[*is_policy, False]] * 2)
    ends_BT = torch.tensor([[*ends, False]] * 2)
    advantages, returns = generalized_advantages(rewards, values, mask_BT, ends_BT, discount, decay)
    for row in range(2):
        expected, first = [0.0] * shape[1], 0
        for mask, _ in masks:
            chosen = [first + place for place, flag in enumerate(mask) if flag]
            next_value = next_advantage = 0.0
            for t in reversed(chosen):
                value = float(values[row, t])
                surprise = float(rewards[row, t]) + discount * next_value - value
                expected[t] = surprise + discount * decay * next_advantage
                next_value, next_advantage = value, expected[t]
            first += len(mask)
        assert advantages[row].tolist() == pytest.approx(expected, abs=1e-5)
    torch.testing.assert_close(returns, (advantages + values) * mask_BT)


def test_without_values_and_decay_every_token_has_the_rewards_of_its_rest() -> None:
    rewards = torch.tensor([[0.0, 0.0, 1.0, 0.0, 0.5]])
    ends = torch.tensor([[0, 0, 1, 0, 1]])
    advantages, returns = generalized_advantages(
        rewards, torch.zeros(1, 5), torch.ones(1, 5), ends, 1.0, 1.0
    )
    assert advantages.tolist() == returns.tolist() == [[1, 1, 1, 0.5, 0.5]]


def test_what_only_rounding_tells_apart_is_not_whitened_to_something() -> None:
    torch.manual_seed(0)
    advantages = 0.5 + 1e-7 * torch.randn(3, 5)
    assert advantages.amin() < advantages.amax()
    assert torch.count_nonzero(whitened(advantages, torch.ones(3, 5))) == 0


def test_whitened_advantages_have_mean_0_and_deviation_1_over_the_mask() -> None:
    advantages = torch.tensor([[5.0, 1.0, 2.0], [6.0, 3.0, 0.0]])
    mask = torch.tensor([[0, 1, 1], [0, 1, 1]])
    found = whitened(advantages, mask)
    chosen = found[mask.bool()]
    assert float(chosen.mean()) == pytest.approx(0, abs=1e-6)
    assert float(chosen.std()) == pytest.approx(1)
    assert found[:, 0].tolist() == [0, 0]
    assert not whitened(torch.ones(2, 3), mask).any()


@pytest.mark.parametrize("name", ["discount", "trace_decay"])
def test_a_share_beyond_1_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} must be from 0 to 1, not 1\.5"):
        generalized_advantages(*[torch.zeros(1, 1)] * 4, **{name: 1.5})
