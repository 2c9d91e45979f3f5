"""Slots come back from a checkpoint in the order of a step's rows, however it is shared out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from lit_coder.modules.trm_carries import Carries
from lit_coder.networks.trm import TRMState
from lit_coder.networks.trm_halting import Carry, supervision_step
from tests.networks.tiny_trm import some_ids, tiny_trm

NUM_ROWS = 8


def numbered(rows: Tensor, dtype: torch.dtype = torch.float32) -> Carry:
    """A carry in which everything says which row of the step it belongs to."""
    y_BLD = rows[:, None, None].expand(-1, 8, 16).to(dtype)
    ids_BT = rows[:, None].expand(-1, 6).clone()
    data = {"ids_BT": ids_BT, "labels_BT": ids_BT + 100}
    return Carry(TRMState(y_BLD, -y_BLD), rows.int(), rows % 3 == 0, data)


def whole(num_micro_batches: int, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """What is saved of a step of numbered rows that are dealt to so many micro-batches."""
    carries = Carries(tiny_trm(), num_micro_batches)
    for index in range(num_micro_batches):
        rows = torch.arange(NUM_ROWS)[index::num_micro_batches]
        carries.keep(index, numbered(rows, dtype))
    return carries.state_dict()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("num_micro_batches", [1, 2, 4])
def test_slots_are_saved_in_the_order_of_the_steps_rows(
    num_micro_batches: int, dtype: torch.dtype
) -> None:
    saved = whole(num_micro_batches, dtype)
    assert saved["num_steps_B"].tolist() == list(range(NUM_ROWS))
    assert saved["halted_B"].tolist() == [row % 3 == 0 for row in range(NUM_ROWS)]
    assert saved["data.labels_BT"][:, 0].tolist() == [100 + row for row in range(NUM_ROWS)]
    assert saved["y_BLD"].dtype == dtype and saved["z_BLD"][5, 0, 0] == -5


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1), (2, 4), (4, 1)])
def test_slots_are_dealt_to_another_number_of_micro_batches(before: int, after: int) -> None:
    carries = Carries(tiny_trm(), after)
    carries.load_state_dict(whole(before))
    batch = {"ids_BT": some_ids(num_rows=NUM_ROWS // after)}
    for index in range(after):
        carry = carries.of(batch, index)
        expected = numbered(torch.arange(NUM_ROWS)[index::after])
        for found, wanted in zip(carry.state, expected.state, strict=True):
            assert torch.equal(found, wanted)
        assert torch.equal(carry.num_steps_B, expected.num_steps_B)
        assert torch.equal(carry.halted_B, expected.halted_B)
        assert all(torch.equal(carry.data[name], expected.data[name]) for name in carry.data)


@pytest.mark.parametrize("compute_dtype", ["float32", "bfloat16"])
def test_binary_latents_are_saved_as_bits_and_come_back_as_they_were(compute_dtype: str) -> None:
    network = tiny_trm(binary_threshold=0.5, compute_dtype=compute_dtype)
    carries, batch = Carries(network, 1), {"ids_BT": some_ids(), "labels_BT": some_ids()}
    before = supervision_step(network, carries.of(batch, 0), batch, 4).carry
    carries.keep(0, before)
    saved = carries.state_dict()
    assert "z_BLD" not in saved
    assert saved["z_bits_BLD"].numel() * 8 == before.state.z_BLD.numel()
    loaded = Carries(network, 1)
    loaded.load_state_dict(saved)
    after = loaded.of(batch, 0)
    assert after.state.z_BLD.dtype == before.state.z_BLD.dtype
    assert all(torch.equal(*pair) for pair in zip(after.state, before.state, strict=True))


def test_what_was_loaded_can_be_saved_before_the_first_step() -> None:
    carries = Carries(tiny_trm(), 2)
    assert carries.state_dict() == {}
    saved = whole(2)
    carries.load_state_dict(saved)
    again = carries.state_dict()
    assert again.keys() == saved.keys()
    assert all(torch.equal(again[name], saved[name]) for name in saved)


def test_a_saved_carry_is_not_written_into_by_later_steps() -> None:
    carries = Carries(tiny_trm(), 1)
    carry = numbered(torch.arange(NUM_ROWS))
    carries.keep(0, carry)
    saved = carries.state_dict()
    carry.num_steps_B.fill_(99)
    assert saved["num_steps_B"].tolist() == list(range(NUM_ROWS))
