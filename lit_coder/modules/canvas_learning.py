"""What a TRM needs to learn from rewards, beside its network: fields of slots, starts, measures.

    learning = CanvasLearning(CanvasPolicy())
    fields = learning.fields(batch)                       # what a slot takes along with its row
    step = supervision_step(network, carry, fields, starts=learning.starts(network, fields))
    loss = learning.loss(step, weights_BL)
    learning.since_row.take()                             # {"reward": 0.4, ...}

A canvas that the network wrote is a row like any other: it comes with its reward and its advantage,
is thought about from a noisy start - of the size that it was written from, drawn anew - and is
learned from at the slot's last supervision step. Batches without such rows, as before the first
round, hold none of what the network wrote. Slots themselves are trm_halting.py's.

Shapes: B slots, L positions, D features.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lit_coder.networks.trm import TRM, TRMState
from lit_coder.networks.trm_halting import SupervisionStep
from lit_coder.objectives.canvas_policy import CanvasBatch, CanvasPolicy
from lit_coder.objectives.deep_supervision import SupervisionLoss
from lit_coder.objectives.measure_totals import MeasureTotals

CANVAS_COLUMNS = ("is_policy_B", "rewards_B", "advantages_B")
"""What rows that the network wrote have beside tokens and labels, float32; else 0."""


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
        """Tokens, labels and `CANVAS_COLUMNS` of a batch."""
        ids_BT: Tensor = batch["ids_BT"]
        zeros_B = torch.zeros(len(ids_BT), device=ids_BT.device)
        columns = {name: batch.get(name, zeros_B) for name in CANVAS_COLUMNS}
        return {"ids_BT": ids_BT, "labels_BT": batch["labels_BT"], **columns}

    def starts(self, network: TRM, fields: Mapping[str, Tensor]) -> TRMState:
        """Where the rows of a batch start: the network's starts, noisy for what it wrote."""
        is_policy_B = fields["is_policy_B"]
        scale_B11 = self.objective.start_noise * is_policy_B.float().view(-1, 1, 1)
        sizes = (len(is_policy_B), network.config.num_positions, network.config.hidden_size)
        noise = (torch.randn(sizes, device=is_policy_B.device) * scale_B11 for _ in range(2))
        return network.initial_state(len(is_policy_B), TRMState(*noise))

    def loss(self, step: SupervisionStep, weights_BL: Tensor | None) -> SupervisionLoss:
        """The loss of a supervision step of all slots; its measures are added up."""
        data = step.carry.data
        batch: CanvasBatch = {
            "labels_BL": data["labels_BT"],
            "is_policy_B": data["is_policy_B"].bool(),
            "rewards_B": data["rewards_B"],
            "advantages_B": data["advantages_B"],
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
