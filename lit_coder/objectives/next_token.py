"""Next-token cross-entropy over the tokens that are to be learned.

    loss = NextToken()(logits_BTV, labels_BT)

Labels equal to `IGNORED` (the prompt's and the padding's) carry no loss. It does not hold
weights and does not know where the batch came from.

Shapes: B rows, T positions, V vocabulary.
"""

from __future__ import annotations

import torch
from torch.nn import functional

from lit_coder.training_data.examples import IGNORED


class NextToken:
    """Mean negative log-likelihood in nats per learned token, computed in float32."""

    def __call__(self, logits_BTV: torch.Tensor, labels_BT: torch.Tensor) -> torch.Tensor:
        """The mean over all labels that are not `IGNORED`; a scalar.

        `labels_BT[b, t]` is the token that `logits_BTV[b, t]` should predict. Where no label is
        to be learned the loss is 0.
        """
        total = functional.cross_entropy(
            logits_BTV.flatten(0, 1).float(),
            labels_BT.flatten(),
            ignore_index=IGNORED,
            reduction="sum",
        )
        return total / (labels_BT != IGNORED).sum().clamp(min=1)
