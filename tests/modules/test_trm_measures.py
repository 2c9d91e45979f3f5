"""What is counted of supervision steps, worked out by hand."""

from __future__ import annotations

import pytest
import torch

from lit_coder.modules.trm_measures import TRMMeasures
from lit_coder.networks.trm import TRMState
from lit_coder.networks.trm_halting import Carry, SupervisionStep
from lit_coder.objectives.deep_supervision import SupervisionLoss
from tests.networks.tiny_trm import tiny_trm

# T = 3 and n = 2: three latents and an answer, three times.
EVALUATIONS = 9


def a_step(depths: list[int], halted: list[bool], z: float = 1.0) -> SupervisionStep:
    state = TRMState(torch.zeros(len(depths), 8, 16), torch.full((len(depths), 8, 16), z))
    carry = Carry(state, torch.tensor(depths, dtype=torch.int32), torch.tensor(halted), {})
    return SupervisionStep(carry, torch.zeros(0), torch.zeros(0))


def a_loss(exact: list[bool], lm: float = 1.0, halt: float = 1.0) -> SupervisionLoss:
    is_exact_B = torch.tensor(exact)
    numbers_B = torch.zeros(len(exact), dtype=torch.int32)
    parts = torch.tensor(lm), torch.tensor(halt)
    return SupervisionLoss(torch.tensor(0.0), *parts, is_exact_B, numbers_B, numbers_B)


def test_the_measures_are_those_of_the_slots_that_have_halted() -> None:
    measures = TRMMeasures(tiny_trm(), max_steps=4)
    measures.add(
        a_step([1, 2, 4, 4], [False, True, True, True]),
        a_loss([True, True, False, True], lm=2.0, halt=0.5),
    )
    measures.add(
        a_step([2, 1, 1, 1], [False, False, False, True]),
        a_loss([True, False, False, False], lm=1.0, halt=0.25),
    )
    assert measures.take() == pytest.approx(
        {
            "train/answer_loss": 1.5,
            "train/halting_loss": 0.375,
            "train/halted_share": 4 / 8,
            "train/exact": 2 / 4,
            "train/mean_depth": (2 + 4 + 4 + 1) / 4,
            "train/exact_per_network_evaluation": 2 / (8 * EVALUATIONS),
            # Whether they have halted or not.
            "train/exact_at_step_1": 1 / 4,
            "train/exact_at_step_2": 2 / 2,
            "train/exact_at_step_4": 1 / 2,
        }
    )


def test_a_row_begins_where_the_last_one_ended_and_lacks_what_was_not_seen() -> None:
    measures = TRMMeasures(tiny_trm(), max_steps=4)
    assert measures.take() == {}
    measures.add(a_step([1], [True]), a_loss([True]))
    assert measures.take()["train/exact"] == 1.0
    assert measures.take() == {}
    measures.add(a_step([3], [False]), a_loss([True]))
    found = measures.take()
    assert "train/exact" not in found and "train/mean_depth" not in found
    assert not [name for name in found if name.startswith("train/exact_at")]
    assert found["train/halted_share"] == found["train/exact_per_network_evaluation"] == 0.0


def test_binary_latents_are_counted_where_there_are_some() -> None:
    measures = TRMMeasures(tiny_trm(binary_threshold=0.5), max_steps=4)
    for z in (1.0, -1.0, 1.0, 1.0):
        measures.add(a_step([1], [False], z), a_loss([False]))
    assert measures.take()["train/binary_decision_ratio"] == 0.75
