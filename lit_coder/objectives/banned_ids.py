"""What sampling never chooses, left out of the probabilities that a policy is trained with.

    banned = BannedIds(ids_on_device((0, 2, 3), device), is_held_N)
    banned.leave_out(scores_nV)                        # in place, before they are normalized

Padding, and the marks of filling in the middle, are never drawn. With their share of the
probability in the loss, a policy would be trained as another distribution than the one that was
drawn from. Which ids these are is known where there is a tokenizer; real data may hold any.

Shapes: K ids, N tokens, n tokens of a chunk, V vocabulary.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import torch
from torch import Tensor

BANNED_SCORE = -1e30
"""A score without probability, whose product with 0 is no nan."""


class BannedIds(NamedTuple):
    """What some tokens could not have been drawn as: their probabilities are of what is left."""

    ids_K: Tensor

    is_held_N: Tensor | None = None
    """The tokens that this is so for; None = all."""

    def of(self, chunk: slice) -> BannedIds:
        """Of the tokens of a slice."""
        return BannedIds(self.ids_K, None if self.is_held_N is None else self.is_held_N[chunk])

    def leave_out(self, scores_nV: Tensor) -> None:
        """Take their probability from the banned ids, in place."""
        if self.is_held_N is None:
            scores_nV.index_fill_(1, self.ids_K, BANNED_SCORE)
            return
        scores_nK = scores_nV.index_select(1, self.ids_K)
        scores_nK.masked_fill_(self.is_held_N.unsqueeze(1), BANNED_SCORE)
        scores_nV.index_copy_(1, self.ids_K, scores_nK)


@functools.lru_cache(maxsize=8)
def ids_on_device(ids: tuple[int, ...], device: torch.device) -> Tensor:
    """The ids where they are needed, copied there once; not to be changed."""
    # What is made while gradients are off for good could not be a part of a loss later on.
    with torch.inference_mode(False):
        return torch.tensor(ids, dtype=torch.int64, device=device)
