"""Learning from rewards for a network that fills a canvas as a whole, beside deep supervision.

    objective = CanvasPolicy(halting="own")
    loss = objective(step.logits_BLV, step.halt_B, batch, weights_BL, is_last_B)
    loss.supervision.total.backward()

All positions of a canvas are chosen at once, each the likeliest token, and what differs between
the candidates of a group is the noise of their starts. A candidate's canvas is one action, of which
every position is a part: its log-probabilities at the last supervision step, by the network's own
way to probabilities, are learned from as those of `PolicyGradient` are. The ratio of a position is
between its token's probability now and when it was written; what "now" is where a canvas has been
thought about over several optimizer steps is the caller's. Rows of real answers have the loss of
`DeepSupervision`. Every row counts the same, and means are over all rows of a batch,
whose number is fixed, so that micro-batches change nothing. It does not know of slots or seeds.

Shapes: B rows, L positions, V vocabulary.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypedDict, get_args

import torch
from torch import Tensor
from torch.nn import functional

from lit_coder.networks.stablemax import log_stablemax
from lit_coder.objectives.banned_ids import BANNED_SCORE
from lit_coder.objectives.deep_supervision import CrossEntropy, SupervisionLoss
from lit_coder.objectives.measure_totals import Measures, measure
from lit_coder.objectives.option_ranges import require_0_or_more, require_share
from lit_coder.objectives.policy_ratio import clipped_losses, is_clipped, k3, log_ratios
from lit_coder.training_data.examples import IGNORED

HaltingLoss = Literal["own", "value"]


class CanvasRows(TypedDict):
    """What each batch has."""

    labels_BL: Tensor
    is_policy_B: Tensor
    rewards_B: Tensor
    advantages_B: Tensor


class CanvasBatch(CanvasRows, total=False):
    """Rows to learn from.

    Attributes:
        labels_BL: the canvas that the network wrote, or the real answer; `IGNORED` = none.
        is_policy_B: whether the network wrote it.
        rewards_B: of what it wrote, 1 where it was right.
        advantages_B: of what it wrote, among the candidates from other starts; not read where the
            halting head is the value.
        sampling_log_probabilities_BL: of the tokens that it wrote, when it wrote them. Left out,
            they count as written by the weights as they are.
        banned_ids_K: what is never written: the probabilities of what it wrote are of the other
            tokens.
    """

    sampling_log_probabilities_BL: Tensor
    banned_ids_K: Tensor


class CanvasPolicyLoss(NamedTuple):
    """The loss of a supervision step, and what it is made of."""

    supervision: SupervisionLoss
    """Its `total` is to be minimized; an answer that the network wrote is exact where it is
    written again and was right. `lm` is of rows of real answers."""

    measures: Measures
    """Of what the network wrote, without gradient: reward (a row), and a position's policy_loss,
    clip_share, sampling_kl, log_probability_difference and entropy."""


class CanvasPolicy:
    """Clipped policy gradient over canvases, with deep supervision on real answers.

    Args:
        cross_entropy: as the module's: how the network's logits become probabilities.
        halting: own, the halting head learns of what the network writes whether it is right, where
            that is known: where it is again what was judged; value, it learns to foretell the
            reward, and the advantage of a canvas is what exceeds that.
        halt_weight: of the halting part.
        clip_low: how far below 1 a token's probability ratio is still learned from.
        clip_high: how far above 1.
        entropy_coefficient: of the entropy of a position, which is to stay large.
        supervision_coefficient: of deep supervision on real answers, against forgetting.
        start_noise: of the starts that the network thinks from where it learns from what it wrote:
            that of the starts it wrote from, recursion.temperature.

    Raises:
        ValueError: a value that is not possible, by the name of its option.
    """

    def __init__(
        self,
        cross_entropy: CrossEntropy = "stablemax",
        halting: HaltingLoss = "own",
        halt_weight: float = 0.5,
        clip_low: float = 0.2,
        clip_high: float = 0.28,
        entropy_coefficient: float = 0.0,
        supervision_coefficient: float = 1.0,
        start_noise: float = 1.0,
    ) -> None:
        for name, value, allowed in (
            ("cross_entropy", cross_entropy, get_args(CrossEntropy)),
            ("halting", halting, get_args(HaltingLoss)),
        ):
            if value not in allowed:
                raise ValueError(f"{name} must be {' or '.join(allowed)}, not {value}")
        require_share(clip_low=clip_low)
        require_0_or_more(
            halt_weight=halt_weight,
            clip_high=clip_high,
            entropy_coefficient=entropy_coefficient,
            supervision_coefficient=supervision_coefficient,
            start_noise=start_noise,
        )
        self.cross_entropy = cross_entropy
        self.halting = halting
        self.halt_weight = halt_weight
        self.entropy_coefficient = entropy_coefficient
        self.supervision_coefficient = supervision_coefficient
        self.start_noise = start_noise
        self._bounds = (clip_low, clip_high)

    def __call__(
        self,
        logits_BLV: Tensor,
        halt_B: Tensor,
        batch: CanvasBatch,
        weights_BL: Tensor | None = None,
        is_last_B: Tensor | None = None,
    ) -> CanvasPolicyLoss:
        """The loss of a supervision step.

        Args:
            logits_BLV: scores of the canvas's tokens.
            halt_B: halting logits.
            batch: the rows.
            weights_BL: how much each label counts in its row's mean; None = 1. Labels of less than
                1 need not be met for an answer to be exact.
            is_last_B: rows whose last supervision step this is: only there a canvas is learned from
                that the network wrote; None = all.
        """
        is_policy_B, rewards_B = batch["is_policy_B"].bool(), batch["rewards_B"].float()
        halt_B = halt_B.float()
        logits_BLV = _without_banned(logits_BLV.float(), is_policy_B, batch.get("banned_ids_K"))
        read = self._read(logits_BLV, batch["labels_BL"], weights_BL)
        halt_losses_B = self._halt_losses(halt_B, read.is_again_B, rewards_B, is_policy_B)
        advantages_B = batch["advantages_B"].float()
        if self.halting == "value":
            advantages_B = rewards_B - halt_B.detach().sigmoid()
        learns_B = is_policy_B if is_last_B is None else is_policy_B & is_last_B
        sampling_BL = batch.get("sampling_log_probabilities_BL")
        if sampling_BL is not None:
            # What stands in rows of real answers is not read, and cannot be passed on as nan.
            sampling_BL = torch.where(is_policy_B.unsqueeze(1), sampling_BL.float(), 0.0)
        policy_B, measures = self._policy_losses(read, advantages_B, sampling_BL, learns_B)
        answer_B = -_row_means(read.log_BL, read.weights_BL)
        real_B = self.supervision_coefficient * (answer_B + self.halt_weight * halt_losses_B)
        total_B = torch.where(is_policy_B, policy_B + self.halt_weight * halt_losses_B, real_B)
        is_real_B = ~is_policy_B
        supervision = SupervisionLoss(
            total_B.mean(),
            (answer_B.detach() * is_real_B).sum() / is_real_B.sum().clamp(min=1),
            halt_losses_B.detach().mean(),
            read.is_again_B & (is_real_B | (rewards_B >= 1)),
            read.is_met_BL.sum(1, dtype=torch.int32),
            read.counts_BL.sum(1, dtype=torch.int32),
        )
        return CanvasPolicyLoss(supervision, {"reward": measure(rewards_B, learns_B)} | measures)

    def _read(self, logits_BLV: Tensor, labels_BL: Tensor, weights_BL: Tensor | None) -> _Read:
        is_label_BL = labels_BL != IGNORED
        if self.cross_entropy == "stablemax":
            logs_BLV = log_stablemax(logits_BLV)
        else:
            logs_BLV = logits_BLV.log_softmax(-1)
        indices_BL1 = torch.where(is_label_BL, labels_BL, 0).long().unsqueeze(-1)
        log_BL = logs_BLV.gather(-1, indices_BL1).squeeze(-1)
        if weights_BL is None:
            weights_BL = torch.ones_like(log_BL)
        weights_BL = torch.where(is_label_BL, weights_BL.float(), 0.0)
        counts_BL = is_label_BL & (weights_BL >= 1)
        return _Read(
            torch.where(is_label_BL, log_BL, 0.0),
            -(logs_BLV.exp() * logs_BLV).sum(-1),
            weights_BL,
            counts_BL,
            counts_BL & (logits_BLV.detach().argmax(-1) == labels_BL),
        )

    def _policy_losses(
        self, read: _Read, advantages_B: Tensor, sampling_BL: Tensor | None, learns_B: Tensor
    ) -> tuple[Tensor, Measures]:
        """Of each row, 0 where it does not learn; and the measures of the rows that do."""
        advantages_BL = torch.where(learns_B, advantages_B, 0.0).unsqueeze(1)
        ratios_BL = log_ratios(read.log_BL, sampling_BL)
        losses_BL = clipped_losses(ratios_BL, advantages_BL, self._bounds)
        learns_BL = learns_B.unsqueeze(1) & (read.weights_BL > 0)
        measures = {
            "policy_loss": measure(losses_BL, learns_BL),
            "clip_share": measure(is_clipped(ratios_BL, advantages_BL, self._bounds), learns_BL),
            "sampling_kl": measure(k3(ratios_BL), learns_BL),
            "log_probability_difference": measure(ratios_BL.abs(), learns_BL),
            "entropy": measure(read.entropies_BL, learns_BL),
        }
        if self.entropy_coefficient:
            losses_BL = losses_BL - self.entropy_coefficient * read.entropies_BL
        losses_B = _row_means(losses_BL, read.weights_BL)
        return torch.where(learns_B, losses_B, 0.0), measures

    def _halt_losses(
        self, halt_B: Tensor, is_again_B: Tensor, rewards_B: Tensor, is_policy_B: Tensor
    ) -> Tensor:
        """Of each row; 0 where nobody knows whether what is written now is right."""
        if self.halting == "value":
            targets_B = torch.where(is_policy_B, rewards_B.clamp(0, 1), is_again_B.float())
            is_known_B = torch.ones_like(is_again_B)
        else:
            is_right_B = is_again_B & (~is_policy_B | (rewards_B >= 1))
            targets_B = is_right_B.float()
            is_known_B = is_again_B | ~is_policy_B
        losses_B = functional.binary_cross_entropy_with_logits(halt_B, targets_B, reduction="none")
        return torch.where(is_known_B, losses_B, 0.0)


class _Read(NamedTuple):
    """What logits say of labels."""

    log_BL: Tensor
    entropies_BL: Tensor
    weights_BL: Tensor
    counts_BL: Tensor
    is_met_BL: Tensor

    @property
    def is_again_B(self) -> Tensor:
        """Whether every label of full weight is the likeliest token."""
        return self.is_met_BL.sum(1) == self.counts_BL.sum(1)


def _without_banned(logits_BLV: Tensor, is_policy_B: Tensor, ids_K: Tensor | None) -> Tensor:
    """The logits, in rows that the network wrote without what is never written."""
    if ids_K is None:
        return logits_BLV
    is_banned_V = torch.zeros_like(logits_BLV[0, 0], dtype=torch.bool).index_fill(0, ids_K, True)
    return logits_BLV.masked_fill(is_policy_B[:, None, None] & is_banned_V, BANNED_SCORE)


def _row_means(values_BL: Tensor, weights_BL: Tensor) -> Tensor:
    # A row without labels has a sum of 0 and must not divide by it.
    total_B = weights_BL.sum(1).clamp(min=torch.finfo(torch.float32).tiny)
    return (values_BL * weights_BL).sum(1) / total_B
