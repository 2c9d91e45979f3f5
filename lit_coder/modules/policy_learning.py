"""What a module needs to learn from rewards or preferences, beside its network.

    learning = PolicyLearning(PolicyGradient(clip_high=0.28))
    loss = learning.loss(network, hidden_BTC, batch, values_BT, next_token)
    learning.since_round.take()          # {"entropy": 0.4, ...}, the means of a round

It holds the objective, what it measured, and the reference network: a frozen copy that is made
only where the objective asks for one, and that a checkpoint carries. Batches without rollouts or
pairs are none of its business: they are next-token prediction's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lit_coder.modules.weight_average import frozen_copy
from lit_coder.networks.gpt import GPT
from lit_coder.objectives.banned_ids import ids_on_device
from lit_coder.objectives.measure_totals import Measures, MeasureTotals
from lit_coder.objectives.next_token import NextToken
from lit_coder.objectives.policy_gradient import PolicyGradient
from lit_coder.objectives.preference import (
    Preference,
    PreferenceBatch,
    sequence_log_probabilities,
)
from lit_coder.objectives.token_log_probabilities import token_log_probabilities
from lit_coder.training_data.examples import IGNORED

Objective = PolicyGradient | Preference

LEARNED_COLUMNS = frozenset(("policy_mask_BT", "is_paired_B"))
"""A batch with one of these has rollouts or pairs."""


class PolicyLearning:
    """An objective over rollouts or pairs, its measures and its reference.

    Args:
        objective: the loss.

    Shapes: B rows, T positions, C hidden.

    Attributes:
        objective: as given.
        reference: the frozen network; None where none is wanted, and before it is taken.
        since_row: measures since the last row of the log.
        since_round: measures since the round began.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.reference: GPT | None = None
        self.since_row = MeasureTotals()
        self.since_round = MeasureTotals()

    @property
    def wants_reference(self) -> bool:
        """Whether the loss compares with another network."""
        objective = self.objective
        return isinstance(objective, Preference) or objective.kl_coefficient > 0

    def take_reference(self, network: GPT) -> None:
        """Freeze a copy of the network as it is, where one is wanted and there is none yet."""
        if self.wants_reference and self.reference is None:
            self.reference = frozen_copy(network).eval()

    def loss(
        self,
        network: GPT,
        hidden_BTC: Tensor,
        batch: Mapping[str, Any],
        values_BT: Tensor | None,
        next_token: NextToken,
        banned_ids: Sequence[int] = (),
    ) -> Tensor:
        """The loss of a micro-batch with rollouts or pairs; its measures are added up.

        Args:
            network: that is trained.
            hidden_BTC: its last features.
            batch: the micro-batch.
            values_BT: what the value head foretells; None = there is none.
            next_token: the loss on real data.
            banned_ids: what sampling never chooses; a policy is learned over the others.
        """
        banned_ids_K = ids_on_device(tuple(banned_ids), hidden_BTC.device)
        if isinstance(self.objective, Preference):
            return self._preference_loss(network, hidden_BTC, batch, next_token, banned_ids_K)
        tokens = {**batch, "banned_ids_K": banned_ids_K}
        if self.wants_reference:
            with torch.no_grad():
                reference, reference_BTC = self._reference_hidden(batch)
                found = token_log_probabilities(
                    reference_BTC,
                    reference.output_weight,
                    batch["labels_BT"],
                    banned_ids_K=banned_ids_K,
                )
            tokens["reference_log_probabilities_BT"] = found.log_probabilities_BT
        result = self.objective(hidden_BTC, network.output_weight, tokens, values_BT)  # type: ignore[arg-type]
        self._add(result.measures)
        return result.total

    def _preference_loss(
        self,
        network: GPT,
        hidden_BTC: Tensor,
        batch: Mapping[str, Any],
        next_token: NextToken,
        banned_ids_K: Tensor,
    ) -> Tensor:
        objective = self.objective
        assert isinstance(objective, Preference)
        is_paired_B = batch["is_paired_B"].bool()
        labels_BT = batch["labels_BT"]
        real_BT = labels_BT.masked_fill(is_paired_B.unsqueeze(1), IGNORED)
        real = next_token(hidden_BTC, network.output_weight, real_BT, batch["num_language_targets"])
        if self.reference is None:
            # Nothing to compare with, where a run was begun without the objective.
            return real
        total = objective.language_model_coefficient * real
        if not is_paired_B.any():
            return total
        paired_BT = labels_BT[is_paired_B]
        with torch.no_grad():
            reference, reference_BTC = self._reference_hidden(batch, is_paired_B)
            sums_B = sequence_log_probabilities(
                reference_BTC, reference.output_weight, paired_BT, banned_ids_K=banned_ids_K
            )
        pairs: PreferenceBatch = {
            "labels_BT": paired_BT,
            "reference_log_probabilities_B": sums_B,
            "num_pairs": batch["num_pairs"],
            "banned_ids_K": banned_ids_K,
        }
        result = objective(hidden_BTC[is_paired_B], network.output_weight, pairs)
        self._add(result.measures)
        return total + result.total

    def _reference_hidden(
        self, batch: Mapping[str, Any], rows_B: Tensor | None = None
    ) -> tuple[GPT, Tensor]:
        """The reference, where the batch is, and its features of all rows or of some."""
        reference, ids_BT = self.reference, batch["ids_BT"]
        assert reference is not None, "it is taken before the first rollouts are drawn"
        documents_BT = batch.get("documents_BT")
        if rows_B is not None:
            ids_BT = ids_BT[rows_B]
            documents_BT = None if documents_BT is None else documents_BT[rows_B]
        reference.to(ids_BT.device)
        return reference, reference.hidden(ids_BT, documents_BT=documents_BT)

    def _add(self, measures: Measures) -> None:
        self.since_row.add(measures)
        self.since_round.add(measures)

    def state_dict(self) -> dict[str, Any]:
        """The reference's weights and the measures so far."""
        return {
            "reference": None if self.reference is None else self.reference.state_dict(),
            "since_row": self.since_row.state_dict(),
            "since_round": self.since_round.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any], network: GPT) -> None:
        """Go on from a saved state.

        Args:
            state: what `state_dict` gave.
            network: of the reference's shape.
        """
        self.since_row.load_state_dict(state["since_row"])
        self.since_round.load_state_dict(state["since_round"])
        if state["reference"] is not None and self.wants_reference:
            self.reference = frozen_copy(network).eval()
            self.reference.load_state_dict(state["reference"])
