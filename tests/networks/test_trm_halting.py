"""Slots of a batch take puzzles, think, halt and are refilled."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lit_coder.networks.trm import TRM, TRMState
from lit_coder.networks.trm_halting import (
    Carry,
    SupervisionStep,
    initial_carry,
    refill,
    supervision_step,
)
from lit_coder.networks.trm_refinement import begin_refinement, refine
from tests.networks.tiny_trm import BATCH_SIZE, some_batch, some_ids, tiny_trm


def with_halts(carry: Carry, *halted: bool) -> Carry:
    return carry._replace(halted_B=torch.tensor(halted))


def halting(network: TRM, always: bool) -> TRM:
    """The network with a halting head that always says the same."""
    torch.nn.init.zeros_(network.halt_head.weight)
    torch.nn.init.constant_(network.halt_head.bias, 5.0 if always else -5.0)
    return network


def steps_of(network: TRM, num_steps: int, **options: float | bool) -> list[SupervisionStep]:
    carry = initial_carry(network, some_batch())
    steps = []
    with torch.no_grad():
        for seed in range(num_steps):
            steps.append(supervision_step(network, carry, some_batch(seed), **options))  # type: ignore[arg-type]
            carry = steps[-1].carry
    return steps


def test_all_slots_are_free_at_first_and_take_the_first_batch() -> None:
    network = tiny_trm(num_puzzle_ids=3)
    batch = some_batch()
    carry = initial_carry(network, batch)
    assert carry.halted_B.all()
    assert not any(field.any() for field in (*carry.state, *carry.data.values()))
    filled = refill(network, carry, batch)
    assert filled.data.keys() == batch.keys()
    for name, field in batch.items():
        assert torch.equal(filled.data[name], field)
        assert filled.data[name].dtype == field.dtype
    for found, start in zip(filled.state, network.initial_state(BATCH_SIZE), strict=True):
        assert torch.equal(found, start)


def test_a_finished_slot_is_refilled_and_others_keep_what_they_have() -> None:
    network = tiny_trm()
    first, second = some_batch(1), some_batch(2)
    carry = refill(network, initial_carry(network, first), first)
    carry = supervision_step(network, carry, first, max_steps=9, is_training=False).carry
    carry = with_halts(carry, False, True, False, True)
    filled = refill(network, carry, second)
    for row, is_new in enumerate((False, True, False, True)):
        for name in first:
            assert torch.equal(filled.data[name][row], (second if is_new else first)[name][row])
        start = network.initial_state(1).z_BLD[0]
        expected = start if is_new else carry.state.z_BLD[row]
        assert torch.equal(filled.state.z_BLD[row], expected)
    assert filled.num_steps_B.tolist() == [1, 0, 1, 0]
    assert filled.num_steps_B.dtype == torch.int32


def test_a_slot_thinks_as_if_it_were_alone() -> None:
    network = tiny_trm()
    steps = steps_of(network, 3, max_steps=3, is_training=False)
    state = network.initial_state(1)
    for step in steps:
        state, logits_BLV, _ = network(state, some_batch(0)["ids_BT"][:1])
        # A recursion magnifies how products of another size are rounded.
        torch.testing.assert_close(step.logits_BLV[:1], logits_BLV, rtol=0.01, atol=0.01)


def test_evaluation_takes_all_steps_whatever_the_halting_head_says() -> None:
    network = halting(tiny_trm(), always=True)
    steps = steps_of(network, 4, max_steps=3, is_training=False)
    assert [step.carry.num_steps_B.tolist() for step in steps] == [[n] * 4 for n in (1, 2, 3, 1)]
    assert [bool(step.carry.halted_B.all()) for step in steps] == [False, False, True, False]


@pytest.mark.parametrize("options", [{"is_training": True}, {"is_adaptive": True}])
def test_slots_halt_where_the_halting_head_says_so(options: dict[str, bool]) -> None:
    network = tiny_trm()
    options = {"is_training": False} | options
    steps = steps_of(network, 5, max_steps=100, exploration_probability=0.0, **options)
    halted = torch.stack([step.carry.halted_B for step in steps])
    assert torch.equal(halted, torch.stack([step.halt_B > 0 for step in steps]))
    assert halted.any() and not halted.all()


def test_no_slot_thinks_longer_than_it_may() -> None:
    network = halting(tiny_trm(), always=False)
    steps = steps_of(network, 6, max_steps=2)
    assert {int(n) for step in steps for n in step.carry.num_steps_B} == {1, 2}


def test_a_slot_that_explores_does_not_halt_before_its_least_number_of_steps() -> None:
    network = halting(tiny_trm(num_outer_cycles=1, num_inner_cycles=1), always=True)
    torch.manual_seed(0)
    steps = steps_of(network, 200, max_steps=4, exploration_probability=1.0)
    depths = [
        depth
        for step in steps
        for depth, halted in zip(
            step.carry.num_steps_B.tolist(), step.carry.halted_B.tolist(), strict=True
        )
        if halted
    ]
    # A number is drawn anew at each step: a third may halt at 2, two thirds of others at 3.
    shares = [depths.count(depth) / len(depths) for depth in (1, 2, 3, 4)]
    assert shares == pytest.approx([0, 1 / 3, 4 / 9, 2 / 9], abs=0.1)


def test_the_share_of_slots_that_explore_is_the_probability() -> None:
    network = halting(tiny_trm(num_outer_cycles=1, num_inner_cycles=1), always=True)
    torch.manual_seed(0)
    steps = steps_of(network, 300, max_steps=16, exploration_probability=0.2)
    depths = [step.carry.num_steps_B for step in steps]
    halted = [step.carry.halted_B[depth == 1] for step, depth in zip(steps, depths, strict=True)]
    assert torch.cat(halted).float().mean().item() == pytest.approx(0.8, abs=0.05)


def test_one_step_at_most_needs_no_exploration() -> None:
    steps = steps_of(tiny_trm(), 2, max_steps=1, exploration_probability=1.0)
    assert all(step.carry.halted_B.all() for step in steps)


def test_free_slots_may_start_elsewhere() -> None:
    network = tiny_trm()
    starts = network.initial_state(BATCH_SIZE, network.start_noise([1, 2, 3, 4], 1.0))
    carry = initial_carry(network, some_batch())
    filled = refill(network, with_halts(carry, True, False, True, False), some_batch(), starts)
    assert torch.equal(filled.state.y_BLD[::2], starts.y_BLD[::2])
    assert not filled.state.y_BLD[1::2].any()


def refined(
    network: TRM, num_steps: int, is_adaptive: bool, starts: TRMState | None = None
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    refinement = begin_refinement(network, some_ids(), starts)
    logits, depths, decisions = [], [], []
    for _ in range(num_steps):
        refinement = refine(network, refinement, some_ids(), is_adaptive=is_adaptive)
        logits.append(refinement.logits_BLV)
        depths.append(refinement.num_steps_B)
        decisions.append(refinement.decisions_B)
    return logits, depths, decisions


def test_an_accepted_answer_stays_and_others_are_refined_again() -> None:
    network = tiny_trm()
    torch.nn.init.constant_(network.halt_head.bias, -1.0)
    fixed, _, _ = refined(network, 6, is_adaptive=False)
    adaptive, depths, decisions = refined(network, 6, is_adaptive=True)
    last = depths[-1].tolist()
    assert len(set(last)) > 1, "rows should differ in depth"
    for row, depth in enumerate(last):
        assert torch.equal(adaptive[-1][row], fixed[depth - 1][row])
        assert [int(decision[row]) for decision in decisions[: depth - 1]] == [1] * (depth - 1)
        if depth < 6:
            assert {int(decision[row]) for decision in decisions[depth - 1 :]} == {0}


def test_a_fixed_depth_is_taken_by_every_row() -> None:
    network = halting(tiny_trm(), always=True)
    _, depths, decisions = refined(network, 3, is_adaptive=False)
    assert depths[-1].tolist() == [3] * BATCH_SIZE
    assert not decisions[0].any()


def test_refining_leaves_no_graph() -> None:
    network = tiny_trm()
    logits, _, _ = refined(network, 1, is_adaptive=True)
    assert not logits[0].requires_grad
