"""Keeps attention within each document of rows that hold several.

    mask = document_mask(documents_BT, torch.bfloat16, heads)   # once a forward, for all layers
    y_BHTD = attend(q_BHTD, k_BKTD, v_BKTD, True, mask)         # attention.py

On a GPU the mask is a `BlockMask` of torch's FlexAttention: blocks of 128 x 128 that no document
reaches are skipped and those inside one document need no mask, so the work is that of the
documents and no T x T numbers exist. The block mask follows from the first and last document of
each block, without looking at all pairs of tokens and without waiting for the device. Elsewhere,
and where FlexAttention does not run, it is a dense mask (B, T, T) of booleans.

Whether FlexAttention runs is found out by running it: forward and backward on a small input of the
network's own head sizes, compared with a dense mask, once a process. Of this, a GPU's kernels have
not been run by this project's tests, which know only CPUs: there the forward of FlexAttention, its
block mask and the dense mask's forward and backward are tested, and torch has no backward of
FlexAttention for CPUs.

torch.nn.attention.varlen (torch 2.10 and newer, and this runs with 2.9) is not used: it takes the
documents' starts as a list, which is another length in each batch, so that making it from
`documents_BT` would wait for the device in every step and a compiled block would see ever new
shapes.

Letters after a name are its dimensions:
    B batch   T tokens   N blocks of 128 tokens   H query heads   K key-value heads
    D head dimension
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, TypeAlias, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, flex_attention

DocumentMask: TypeAlias = Tensor | BlockMask
"""Which tokens each token sees: booleans (B, T, T), or the same in blocks."""

BLOCK_SIZE = 128  # what FlexAttention's kernels are made for

_PROBE_TOKENS = 2 * BLOCK_SIZE + 32  # a full block, a partial one, and a rest
_TOLERANCE = 0.03  # of the norm: float32 may be multiplied as TF32, bfloat16 rounds


class HeadSizes(NamedTuple):
    """Heads of an attention layer."""

    num_heads: int
    num_key_value_heads: int
    head_dim: int

    def random_inputs(
        self, device: torch.device, dtype: torch.dtype, num_tokens: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of one row that want a gradient."""
        heads = (self.num_heads, self.num_key_value_heads, self.num_key_value_heads)
        generator = torch.Generator().manual_seed(0)
        query, key, value = (
            torch.randn(1, count, num_tokens, self.head_dim, generator=generator)
            .to(device, dtype)
            .requires_grad_()
            for count in heads
        )
        return query, key, value


def document_mask(documents_BT: Tensor, dtype: torch.dtype, heads: HeadSizes) -> DocumentMask:
    """The mask for rows whose tokens belong to these documents.

    Args:
        documents_BT: number of each token's document, never falling within a row.
        dtype: the type that attention is computed in.
        heads: of the network's attention layers.
    """
    if flex_failure(documents_BT.device, dtype, heads) is None:
        return document_blocks(documents_BT)
    return dense_document_mask(documents_BT)


def dense_document_mask(documents_BT: Tensor) -> Tensor:
    """Booleans (B, T, T): a token sees those of its document up to itself."""
    same_BTT = documents_BT[:, :, None] == documents_BT[:, None, :]
    return same_BTT.tril()


def document_blocks(documents_BT: Tensor) -> BlockMask:
    """The same mask in blocks, from the documents at the blocks' borders."""
    T = documents_BT.shape[1]
    starts_N = torch.arange(0, T, BLOCK_SIZE, device=documents_BT.device)
    first_BN = documents_BT[:, starts_N]
    last_BN = documents_BT[:, (starts_N + BLOCK_SIZE - 1).clamp(max=T - 1)]
    blocks_N = torch.arange(len(starts_N), device=documents_BT.device)
    before_NN = blocks_N[:, None] > blocks_N[None, :]
    # Numbers never fall: a block of keys before that of the queries shares a document with it
    # exactly where the last of the one is the first of the other, and lies with it in a single
    # document where also the first of the one is the last of the other.
    touching_BNN = before_NN & (last_BN[:, None, :] >= first_BN[:, :, None])
    # The kernels look at each query of a block that reaches beyond the row.
    whole_N1 = (starts_N + BLOCK_SIZE <= T)[:, None]
    full_BNN = before_NN & whole_N1 & (first_BN[:, None, :] == last_BN[:, :, None])
    partial_BNN = (touching_BNN & ~full_BNN) | (blocks_N[:, None] == blocks_N[None, :])

    def sees(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        same: Tensor = documents_BT[batch, query] == documents_BT[batch, key]
        return same & (query >= key)

    return BlockMask.from_kv_blocks(
        *_in_order(partial_BNN),
        *_in_order(full_BNN),
        BLOCK_SIZE=BLOCK_SIZE,
        mask_mod=sees,
        seq_lengths=(T, T),
    )


def _in_order(blocks_BNN: Tensor) -> tuple[Tensor, Tensor]:
    """How many blocks of keys each block of queries looks at, and which, the rest behind them."""
    chosen_B1NN = blocks_BNN[:, None].to(torch.int32)
    order_B1NN = chosen_B1NN.argsort(dim=-1, descending=True, stable=True)
    return chosen_B1NN.sum(-1).to(torch.int32), order_B1NN.to(torch.int32)


def compiled_flex_attention(
    q_BHTD: Tensor, k_BKTD: Tensor, v_BKTD: Tensor, mask: BlockMask, grouped: bool
) -> Tensor:
    """FlexAttention under a block mask; inside a compiled block it becomes a part of it."""
    run = cast(Callable[..., Tensor], flex_attention)
    if not torch.compiler.is_compiling():
        run = _flex_attention()
    return run(q_BHTD, k_BKTD, v_BKTD, block_mask=mask, enable_gqa=grouped)


@lru_cache(maxsize=1)
def _flex_attention() -> Callable[..., Tensor]:
    # Without compiling it would hold all T x T scores.
    compiled: Callable[..., Tensor] = torch.compile(flex_attention, dynamic=False)
    return compiled


@lru_cache(maxsize=16)
def flex_failure(device: torch.device, dtype: torch.dtype, heads: HeadSizes) -> str | None:
    """Why FlexAttention cannot train such heads there, in a few words; None where it can."""
    if device.type != "cuda":
        return f"it does not train on this device, {device.type}"
    # It may be asked within autocast or inference mode, and the answer is for training.
    with (
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast(device.type, enabled=False),
    ):
        try:
            error = _error_of_flex_attention(device, dtype, heads)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as failure:
            lines = str(failure).strip().splitlines()
            return f"{type(failure).__name__}: {lines[0]}" if lines else type(failure).__name__
    return None if error <= _TOLERANCE else f"its numbers are off by {error:.2g} of their norm"


def _error_of_flex_attention(device: torch.device, dtype: torch.dtype, heads: HeadSizes) -> float:
    """The difference from a dense mask as a share of the norm, the largest of all gradients too."""
    documents_1T = torch.arange(_PROBE_TOKENS, device=device)[None] // (2 * BLOCK_SIZE + 16)
    inputs = heads.random_inputs(device, dtype, _PROBE_TOKENS)
    query, key, value = inputs
    grouped = heads.num_heads != heads.num_key_value_heads
    given = compiled_flex_attention(query, key, value, document_blocks(documents_1T), grouped)
    repeated = heads.num_heads // heads.num_key_value_heads
    wanted = F.scaled_dot_product_attention(
        query,
        key.repeat_interleave(repeated, dim=1),
        value.repeat_interleave(repeated, dim=1),
        attn_mask=dense_document_mask(documents_1T)[:, None],
    )
    direction = wanted.detach()
    pairs = zip(
        (given.detach(), *torch.autograd.grad(given, inputs, direction)),
        (direction, *torch.autograd.grad(wanted, inputs, direction)),
        strict=True,
    )
    return max(
        float((ours - theirs).float().norm() / theirs.float().norm()) for ours, theirs in pairs
    )
