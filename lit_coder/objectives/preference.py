"""Learning from pairs of completions, of which one is the better: direct preference optimization.

    result = Preference(beta=0.1)(hidden_BTC, output_weight_VC, batch)
    result.total.backward()

Rafailov et al., arXiv:2305.18290. Rows of the batch come in pairs: row 2i is the chosen completion
of a prompt and row 2i + 1 the rejected one, with labels on the completion and its end only. With
the reference model's summed log-probabilities beside them, beta times the difference of a
completion's log-probability now and under the reference is its reward, and the loss is
-log sigmoid(chosen reward - rejected reward). Pairs, and the reference's sums, are made elsewhere
(`sequence_log_probabilities`).

Shapes: B = 2 P rows, P pairs, T positions, C hidden, V vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple, TypedDict

import torch
from torch import Tensor
from torch.nn import functional

from lit_coder.objectives.measure_totals import Measures, measure
from lit_coder.objectives.option_ranges import require, require_0_or_more, require_above_0
from lit_coder.objectives.token_log_probabilities import token_log_probabilities


class PairedRows(TypedDict):
    """What each batch of pairs has."""

    labels_BT: Tensor
    reference_log_probabilities_B: Tensor


class PreferenceBatch(PairedRows, total=False):
    """Pairs of rows: the chosen, the rejected, the next chosen and so on.

    Attributes:
        labels_BT: the token that each position's features predict; `IGNORED` = none.
        reference_log_probabilities_B: of each completion under the reference, summed.
        num_pairs: what the sum over pairs is divided by, a float32 scalar: the pairs of the whole
            optimizer step over its number of micro-batches on all devices. Left out: P.
        banned_ids_K: what sampling never chooses: log-probabilities are of the other ids, the
            reference's, too.
    """

    num_pairs: Tensor
    banned_ids_K: Tensor


class PreferenceLoss(NamedTuple):
    """What is to be minimized, and what it is made of."""

    total: Tensor
    """A scalar."""

    measures: Measures
    """Per pair, without gradient: preference_loss, accuracy (the chosen has the higher reward),
    margin (between the rewards), chosen_reward, rejected_reward."""


class Preference:
    """The sigmoid loss of direct preference optimization.

    Args:
        beta: how much a change of log-probability counts: small values let the policy move further
            from the reference.
        label_smoothing: share of the pairs that are taken to be the wrong way round.
        language_model_coefficient: of the next-token loss on real data, against forgetting; the
            caller adds it, as it has the rows.
        chunk_tokens: tokens whose logits exist at the same time; None = as many as take 128 MiB
            (at least 512), on a CPU 8 MiB (at least 128).

    Raises:
        ValueError: a value that is not possible, by the name of its option.
    """

    def __init__(
        self,
        beta: float = 0.1,
        label_smoothing: float = 0.0,
        language_model_coefficient: float = 0.1,
        chunk_tokens: int | None = None,
    ) -> None:
        require_above_0(beta=beta, chunk_tokens=chunk_tokens)
        is_minority = 0 <= label_smoothing < 0.5
        require("label_smoothing", label_smoothing, is_minority, "from 0 to below 0.5")
        require_0_or_more(language_model_coefficient=language_model_coefficient)
        self.beta = beta
        self.label_smoothing = label_smoothing
        self.language_model_coefficient = language_model_coefficient
        self.chunk_tokens = chunk_tokens

    def __call__(
        self, hidden_BTC: Tensor, output_weight_VC: Tensor, batch: PreferenceBatch
    ) -> PreferenceLoss:
        """The loss of a micro-batch of pairs.

        Args:
            hidden_BTC: the network's last features.
            output_weight_VC: logits are the features times it.
            batch: the pairs.
        """
        sums_B = sequence_log_probabilities(
            hidden_BTC,
            output_weight_VC,
            batch["labels_BT"],
            self.chunk_tokens,
            batch.get("banned_ids_K"),
        )
        rewards_B = self.beta * (sums_B - batch["reference_log_probabilities_B"].float())
        assert len(rewards_B) % 2 == 0, "rows come in pairs"
        chosen_P, rejected_P = rewards_B[0::2], rewards_B[1::2]
        margins_P = chosen_P - rejected_P
        losses_P = -(1 - self.label_smoothing) * functional.logsigmoid(margins_P)
        if self.label_smoothing:
            losses_P = losses_P - self.label_smoothing * functional.logsigmoid(-margins_P)
        num_pairs = batch.get("num_pairs")
        if num_pairs is None:
            num_pairs = torch.tensor(float(len(margins_P)), device=margins_P.device)
        total = losses_P.sum() / num_pairs.clamp(min=2.0**-20)
        all_P = torch.ones_like(margins_P, dtype=torch.bool)
        measures = {
            "preference_loss": measure(losses_P, all_P),
            "accuracy": measure(margins_P > 0, all_P),
            "margin": measure(margins_P, all_P),
            "chosen_reward": measure(chosen_P, all_P),
            "rejected_reward": measure(rejected_P, all_P),
        }
        return PreferenceLoss(total, measures)


def sequence_log_probabilities(
    hidden_BTC: Tensor,
    weight_VC: Tensor,
    labels_BT: Tensor,
    chunk_tokens: int | None = None,
    banned_ids_K: Tensor | None = None,
) -> Tensor:
    """The summed log-probability of each row's labels, float32 (B,)."""
    found = token_log_probabilities(
        hidden_BTC, weight_VC, labels_BT, 1.0, chunk_tokens, banned_ids_K
    )
    return found.log_probabilities_BT.sum(1)
