"""What a TRM needs to learn from rewards, beside its network: fields of slots, starts, measures.

    learning = CanvasLearning(CanvasPolicy())
    fields = learning.fields(batch)                       # what a slot takes along with its row
    step = supervision_step(network, carry, fields, starts=learning.starts(network, batch))
    step = learning.replayed(step)
    loss = learning.loss(step, weights_BL, banned_ids)
    learning.since_row.take()                             # {"reward": 0.4, ...}

A canvas that the network wrote is a row like any other, with its reward and its advantage. Its slot
thinks about it as it was thought about when it was written: from the same noisy start and for as
many supervision steps, whatever the halting head says now; it is learned from at the last of them.
A slot takes one supervision step in each optimizer step. So the ratio of a position is between

* the probability of its token that the weights give which are trained, at the last supervision
  step, each supervision step with the weights as they were then, and
* the one that the averaged weights gave when it was written, all steps with the same weights.

It is 1, but for rounding, where all these weights are the same: in a round's first step of a canvas
of one supervision step and with an `average_decay` of 0. Elsewhere it says how far the policy has
gone from the one that wrote, the way from the average included.

Batches without such rows, as before the first round, hold none of what the network wrote. Slots
themselves are trm_halting.py's.

Shapes: B slots, L positions, D features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lit_coder.networks.trm import TRM, TRMState
from lit_coder.networks.trm_halting import SupervisionStep
from lit_coder.objectives.banned_ids import ids_on_device
from lit_coder.objectives.canvas_policy import CanvasBatch, CanvasPolicy
from lit_coder.objectives.deep_supervision import SupervisionLoss
from lit_coder.objectives.measure_totals import MeasureTotals

CANVAS_COLUMNS = ("is_policy_B", "rewards_B", "advantages_B", "written_steps_B")
"""What rows that the network wrote have beside tokens and labels, float32; else 0."""

SAMPLING = "sampling_log_probabilities_BT"
"""What each position was written with, by its name in batches; 0 where nothing was."""

_KEYS = "start_keys_B"
"""What the noise of each row's start is drawn by, int64."""


class CanvasLearning:
    """An objective over canvases that the network wrote, and its measures.

    Args:
        objective: the loss.

    Attributes:
        since_row: measures since the last row of the log.
        since_round: measures since the round began.
    """

    def __init__(self, objective: CanvasPolicy) -> None:
        self.objective = objective
        self.since_row = MeasureTotals()
        self.since_round = MeasureTotals()

    def fields(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Tokens, labels, `CANVAS_COLUMNS` and sampling log-probabilities of a batch."""
        ids_BT: Tensor = batch["ids_BT"]
        zeros_BT = torch.zeros(ids_BT.shape, device=ids_BT.device)
        columns = {name: batch.get(name, zeros_BT[:, 0]) for name in CANVAS_COLUMNS}
        columns[SAMPLING] = batch.get(SAMPLING, zeros_BT)
        return {"ids_BT": ids_BT, "labels_BT": batch["labels_BT"], **columns}

    def starts(self, network: TRM, batch: Mapping[str, Any]) -> TRMState:
        """Where the rows of a batch start: what the network wrote, where it was written from.

        The keys of the noise are looked at, which waits for the device.
        """
        num_rows = len(batch["ids_BT"])
        if _KEYS not in batch:
            return network.initial_state(num_rows)
        places = [
            place for place, is_policy in enumerate(batch["is_policy_B"].tolist()) if is_policy
        ]
        keys = batch[_KEYS].tolist()
        sizes = (num_rows, network.config.num_positions, network.config.hidden_size)
        noise = TRMState(*(torch.zeros(sizes, device=network.y_start_D.device) for _ in range(2)))
        if places:
            scale = self.objective.start_noise
            own = network.start_noise([keys[place] for place in places], scale)
            for whole, drawn in zip(noise, own, strict=True):
                whole[places] = drawn
        return network.initial_state(num_rows, noise)

    def replayed(self, step: SupervisionStep) -> SupervisionStep:
        """The step, with canvases that the network wrote done after as many steps as then."""
        carry = step.carry
        written_B = carry.data["written_steps_B"]
        is_done_B = torch.where(written_B > 0, carry.num_steps_B >= written_B, carry.halted_B)
        return step._replace(carry=carry._replace(halted_B=is_done_B))

    def loss(
        self,
        step: SupervisionStep,
        weights_BL: Tensor | None,
        banned_ids: Sequence[int] = (),
    ) -> SupervisionLoss:
        """The loss of a supervision step of all slots; its measures are added up.

        Args:
            step: of all slots.
            weights_BL: of labels.
            banned_ids: what is never written; the policy is learned over the others.
        """
        data = step.carry.data
        batch: CanvasBatch = {
            "labels_BL": data["labels_BT"],
            "is_policy_B": data["is_policy_B"].bool(),
            "rewards_B": data["rewards_B"],
            "advantages_B": data["advantages_B"],
            "sampling_log_probabilities_BL": data[SAMPLING],
            "banned_ids_K": ids_on_device(tuple(banned_ids), step.logits_BLV.device),
        }
        result = self.objective(
            step.logits_BLV, step.halt_B, batch, weights_BL, is_last_B=step.carry.halted_B
        )
        self.since_row.add(result.measures)
        self.since_round.add(result.measures)
        return result.supervision

    def state_dict(self) -> dict[str, Any]:
        """The measures so far."""
        return {
            "since_row": self.since_row.state_dict(),
            "since_round": self.since_round.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        self.since_row.load_state_dict(state["since_row"])
        self.since_round.load_state_dict(state["since_round"])
