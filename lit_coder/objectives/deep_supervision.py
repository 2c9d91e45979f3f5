"""The loss of one supervision step: is the answer right, and is the network right about that.

    loss = DeepSupervision()(step.logits_BLV, step.halt_B, labels_BL, weights_BL)
    loss.total.backward()

Each supervision step of a recursive network has it, whatever step it is (arXiv:2510.04871 and its
code): the cross-entropy of the answer, a mean over each sequence's labels, and half the binary
cross-entropy of the halting logit against "the whole answer is right". Means are over the batch.
Everything is float32 - the published stablemax is float64, which TPUs lack - and of static shape.
Labels equal to `IGNORED` carry no loss. It holds no weights and does not know of slots or steps.

Shapes: B rows, L positions, V vocabulary.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.nn import functional

from lit_coder.networks.stablemax import stablemax_scores
from lit_coder.training_data.examples import IGNORED

CrossEntropy = Literal["stablemax", "softmax"]


class SupervisionLoss(NamedTuple):
    """The parts of a loss; the first three are scalars, all but `total` are for the record."""

    total: Tensor
    """What is to be minimized: `lm` and the weighted `halt`."""

    lm: Tensor
    """Cross-entropy of the answers, nats per label, without gradient."""

    halt: Tensor
    """Binary cross-entropy of the halting logits, without gradient."""

    is_exact_B: Tensor
    """Whether every label of full weight is met."""

    num_correct_B: Tensor
    """Labels of full weight that are met, int32."""

    num_labels_B: Tensor
    """Labels of full weight, int32."""


class DeepSupervision:
    """Cross-entropy of the answer, and of the halting logit against its exactness.

    Args:
        cross_entropy: softmax, or the published stablemax (Prieto et al., arXiv:2501.04697),
            which grows linearly where softmax grows exponentially, so that differences between
            large logits are not lost to rounding.
        halt_weight: of the halting part in the total.

    Raises:
        ValueError: a value that is not possible, by the name of its option.
    """

    def __init__(self, cross_entropy: CrossEntropy = "stablemax", halt_weight: float = 0.5) -> None:
        if cross_entropy not in get_args(CrossEntropy):
            raise ValueError(
                f"model.init_args.cross_entropy must be stablemax or softmax, not {cross_entropy}"
            )
        if halt_weight < 0:
            raise ValueError(f"model.init_args.halt_weight must be at least 0, not {halt_weight}")
        self.cross_entropy = cross_entropy
        self.halt_weight = halt_weight

    def __call__(
        self,
        logits_BLV: Tensor,
        halt_B: Tensor,
        labels_BL: Tensor,
        weights_BL: Tensor | None = None,
    ) -> SupervisionLoss:
        """The loss of a supervision step.

        Args:
            logits_BLV: scores of the answer's tokens.
            halt_B: halting logits.
            labels_BL: the token at each position itself; `IGNORED` = none.
            weights_BL: how much each label counts in its sequence's mean; None = 1. Labels of
                less than 1, as those of padding behind an answer, need not be met for it to be
                exact.
        """
        is_label_BL = labels_BL != IGNORED
        if weights_BL is None:
            weights_BL = torch.ones_like(labels_BL, dtype=torch.float32)
        weights_BL = torch.where(is_label_BL, weights_BL.float(), 0.0)
        losses_BL = _CROSS_ENTROPIES[self.cross_entropy](logits_BLV.float(), labels_BL)
        # A row without labels has a sum of 0 and must not divide by it.
        total_weight_B = weights_BL.sum(1).clamp(min=torch.finfo(torch.float32).tiny)
        lm = ((losses_BL * weights_BL).sum(1) / total_weight_B).mean()

        counts_BL = is_label_BL & (weights_BL >= 1)
        is_correct_BL = counts_BL & (logits_BLV.detach().argmax(-1) == labels_BL)
        num_labels_B = counts_BL.sum(1, dtype=torch.int32)
        num_correct_B = is_correct_BL.sum(1, dtype=torch.int32)
        is_exact_B = num_correct_B == num_labels_B
        halt = functional.binary_cross_entropy_with_logits(halt_B.float(), is_exact_B.float())
        return SupervisionLoss(
            lm + self.halt_weight * halt,
            lm.detach(),
            halt.detach(),
            is_exact_B,
            num_correct_B,
            num_labels_B,
        )


def stablemax_cross_entropy(logits_BLV: Tensor, labels_BL: Tensor) -> Tensor:
    """-log(s(label's logit) / sum of s), s(x) = x + 1 above 0 and 1 / (1 - x) below; (B, L).

    0 where there is no label.
    """
    is_label_BL = labels_BL != IGNORED
    scores_BLV = stablemax_scores(logits_BLV)
    indices_BL1 = torch.where(is_label_BL, labels_BL, 0).long().unsqueeze(-1)
    of_label_BL = scores_BLV.gather(-1, indices_BL1).squeeze(-1)
    losses_BL = scores_BLV.sum(-1).log() - of_label_BL.log()
    return torch.where(is_label_BL, losses_BL, 0.0)


def softmax_cross_entropy(logits_BLV: Tensor, labels_BL: Tensor) -> Tensor:
    """The usual cross-entropy (B, L); 0 where there is no label."""
    losses_N = functional.cross_entropy(
        logits_BLV.flatten(0, 1), labels_BL.flatten().long(), ignore_index=IGNORED, reduction="none"
    )
    return losses_N.view(labels_BL.shape)


_CROSS_ENTROPIES = {"stablemax": stablemax_cross_entropy, "softmax": softmax_cross_entropy}
