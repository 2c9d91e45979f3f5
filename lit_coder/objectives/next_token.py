"""Next-token cross-entropy over the tokens that are to be learned.

    loss = NextToken()(hidden_BTC, output_weight_VC, labels_BT)

It takes the features and the output layer instead of logits: those of a large vocabulary are the
largest thing in memory, and then they are never made as a whole (`chunked_cross_entropy`). Labels
equal to `IGNORED` (the prompt's and the padding's) carry no loss. It does not hold weights and
does not know where the batch came from.

Shapes: B rows, T positions, C hidden, V vocabulary, N learned positions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from lit_coder.networks.fused_block import compile_backward_early
from lit_coder.objectives.chunked_cross_entropy import (
    ChunkLoss,
    chunked_cross_entropy,
    loss_and_gradient,
)
from lit_coder.training_data.examples import IGNORED

logger = logging.getLogger("lit_coder.objectives")

PlainLoss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Of features (B, T, C), output layer (V, C) and labels (N,): the summed loss."""

PLAIN_BYTES = 256 * 2**20
"""Logits up to this size in float32 are made at once."""

_CHUNK_BYTES = 128 * 2**20
_SMALLEST_CHUNK = 512


class NextToken:
    """Mean negative log-likelihood in nats per learned token, computed in float32.

    Args:
        chunk_tokens: tokens whose logits exist at the same time. None = all, where they take up
            to 256 MiB, else as many as take 128 MiB (at least 512 tokens).

    Raises:
        ValueError: `chunk_tokens` is not above 0.
    """

    def __init__(self, chunk_tokens: int | None = None) -> None:
        if chunk_tokens is not None and chunk_tokens < 1:
            raise ValueError(
                f"model.init_args.loss_chunk_tokens must be above 0, not {chunk_tokens}; leave it "
                "out to have it chosen"
            )
        self.chunk_tokens = chunk_tokens
        self._chunk_loss: ChunkLoss = loss_and_gradient
        self._plain_loss: PlainLoss = _plain

    def compile(self) -> None:
        """From now on the loss goes through torch.compile, which reads logits fewer times.

        Where that fails, a warning says why, and it is computed as before.
        """
        compile_backward_early()
        self._chunk_loss = torch.compile(loss_and_gradient, dynamic=False)
        # Padded micro-batches differ in length.
        self._plain_loss = torch.compile(_plain, dynamic=True)

    @property
    def is_compiled(self) -> bool:
        """Whether the loss goes through torch.compile."""
        return self._chunk_loss is not loss_and_gradient

    def __call__(
        self,
        hidden_BTC: Tensor,
        output_weight_VC: Tensor,
        labels_BT: Tensor,
        num_targets: Tensor | None = None,
    ) -> Tensor:
        """The loss of a micro-batch; a scalar.

        `labels_BT[b, t]` is the token that the features `hidden_BTC[b, t]` should predict. Where
        no label is to be learned the loss is 0.

        Args:
            hidden_BTC: the network's last features.
            output_weight_VC: logits are the features times it, computed in autocast's type where
                that is on.
            labels_BT: the labels.
            num_targets: what the sum of losses is divided by: a scalar; None = the labels that
                are not `IGNORED`.
        """
        labels_N = labels_BT.flatten()
        if num_targets is None:
            num_targets = (labels_N != IGNORED).sum().clamp(min=1)
        else:
            # Other micro-batches of a step may hold all of its labels.
            num_targets = num_targets.clamp(min=torch.finfo(torch.float32).tiny)
        chunk_tokens = self._chunk_tokens(labels_N.numel(), len(output_weight_VC))
        if chunk_tokens is None:
            return self._whole(hidden_BTC, output_weight_VC, labels_N) / num_targets
        hidden_NC = hidden_BTC.flatten(0, 1)
        return self._chunked(hidden_NC, output_weight_VC, labels_N, chunk_tokens) / num_targets

    def _chunk_tokens(self, num_tokens: int, vocab_size: int) -> int | None:
        """Tokens of a chunk; None = logits are made as a whole."""
        if self.chunk_tokens is not None:
            return self.chunk_tokens
        if 4 * num_tokens * vocab_size <= PLAIN_BYTES:
            return None
        return max(_SMALLEST_CHUNK, _CHUNK_BYTES // (4 * vocab_size) // 128 * 128)

    def _whole(self, hidden_BTC: Tensor, output_weight_VC: Tensor, labels_N: Tensor) -> Tensor:
        if self.is_compiled:
            try:
                return self._plain_loss(hidden_BTC, output_weight_VC, labels_N)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                # A fault of the loss itself comes again below.
                self._give_up_compiling(error)
        return _plain(hidden_BTC, output_weight_VC, labels_N)

    def _chunked(
        self, hidden_NC: Tensor, output_weight_VC: Tensor, labels_N: Tensor, chunk_tokens: int
    ) -> Tensor:
        arguments = (hidden_NC, output_weight_VC, labels_N, chunk_tokens, IGNORED)
        if self.is_compiled:
            try:
                return chunked_cross_entropy(*arguments, self._chunk_loss)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                # A fault of the loss itself comes again below.
                self._give_up_compiling(error)
        return chunked_cross_entropy(*arguments)

    def _give_up_compiling(self, error: RuntimeError) -> None:
        self._chunk_loss, self._plain_loss = loss_and_gradient, _plain
        reason = next(iter(str(error).strip().splitlines()), "no reason given")
        logger.warning("the loss goes on without torch.compile: %s", reason)


def _plain(hidden_BTC: Tensor, output_weight_VC: Tensor, labels_N: Tensor) -> Tensor:
    logits_BTV = functional.linear(hidden_BTC, output_weight_VC)
    return functional.cross_entropy(
        logits_BTV.flatten(0, 1).float(), labels_N, ignore_index=IGNORED, reduction="sum"
    )
