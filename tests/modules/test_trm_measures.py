"""What is counted of supervision steps, worked out by hand."""

from __future__ import annotations

import pytest
import torch

from lit_coder.modules.trm_measures import TRMMeasures, refined_measures
from lit_coder.networks.trm import TRMState
from lit_coder.networks.trm_halting import Carry, SupervisionStep
from lit_coder.networks.trm_refinement import begin_refinement, refine
from lit_coder.objectives.deep_supervision import DeepSupervision, SupervisionLoss
from lit_coder.training_data.examples import IGNORED
from tests.networks.tiny_trm import some_ids, tiny_trm

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
            # Who has not halted is not among them.
            "train/exact_within_1_steps": 0 / 4,
            "train/exact_within_2_steps": 1 / 4,
            "train/exact_within_4_steps": 2 / 4,
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
    assert not [name for name in found if name.startswith("train/exact_within")]
    assert found["train/halted_share"] == found["train/exact_per_network_evaluation"] == 0.0


def test_binary_latents_are_counted_where_there_are_some() -> None:
    measures = TRMMeasures(tiny_trm(binary_threshold=0.5), max_steps=4)
    for z in (1.0, -1.0, 1.0, 1.0):
        measures.add(a_step([1], [False], z), a_loss([False]))
    assert measures.take()["train/binary_decision_ratio"] == 0.75


def test_of_rows_that_take_every_step_each_steps_share_of_exact_ones_is_of_all() -> None:
    network, ids_BT = tiny_trm(), some_ids(num_rows=5)
    refinement, answers = begin_refinement(network, ids_BT), []
    for _ in range(4):
        refinement = refine(network, refinement, ids_BT, is_adaptive=False)
        answers.append(refinement.logits_BLV.argmax(-1))
    # As after the first step, the second, the fourth; the fourth row but for a label.
    labels_BT = torch.stack([answers[step][row] for row, step in enumerate((0, 1, 3, 3, 3))])
    labels_BT[3, 2] = (labels_BT[3, 2] + 1) % 11
    labels_BT[:, 0] = IGNORED
    # The last one fills the batch up.
    labels_BT[4] = IGNORED
    found = refined_measures(network, DeepSupervision(), ids_BT, labels_BT, None, num_steps=4)
    is_right = [(answer == labels_BT) | (labels_BT == IGNORED) for answer in answers]
    expected = [float(right.all(1)[:4].float().mean()) for right in is_right]
    assert 0 < expected[1] < expected[3] < 1
    shown = [float(found[f"exact_at_step_{step}"]) for step in (1, 2, 4)]
    assert shown == [expected[0], expected[1], expected[3]]
    assert found.keys() == {"loss", *(f"exact_at_step_{step}" for step in (1, 2, 4))}
