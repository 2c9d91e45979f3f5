"""The parts of a TRM's small network: norm without gain, two mixers, feed-forward, block.

    block = Block(TRMConfig(vocab_size=11, sequence_length=81))
    weights = block.cast(torch.bfloat16)                      # once, for many applications
    h_BLD = block(h_BLD, weights, rotation)

A part holds its weights in float32 and is applied with copies that `cast` made: the recursion
uses the same weights dozens of times, and casting them each time would cost a small network more
than its products. Gradients reach the float32 weights through the copies; those of several
applications are summed in the copies' type. No biases, no dropout, no mask; a norm comes after
each residual sum. Attention is over all positions, whatever they hold.

Letters after a name are its dimensions:
    B batch   L positions, registers included   D features   H heads   E features of a head
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lit_coder.networks.attention import attend_to_all
from lit_coder.networks.layers import Rotation, rotate
from lit_coder.networks.trm_config import TRMConfig

_TRUNCATION = 2.0
"""Initial weights stay within so many standard deviations of the normal they are drawn from."""


def truncated_normal(*sizes: int, std: float) -> Tensor:
    """A tensor drawn from a normal distribution cut at two sigma, whose own deviation is `std`.

    PyTorch's `trunc_normal_` takes the deviation before the cut, JAX's the one after it; the
    published weights start as JAX's.
    """
    density = math.exp(-(_TRUNCATION**2) / 2) / math.sqrt(2 * math.pi)
    mass = math.erf(_TRUNCATION / math.sqrt(2))
    uncut_std = std / math.sqrt(1 - 2 * _TRUNCATION * density / mass)
    limit = _TRUNCATION * uncut_std
    return nn.init.trunc_normal_(torch.empty(sizes), std=uncut_std, a=-limit, b=limit)


def linear(num_in: int, num_out: int) -> nn.Linear:
    """A linear layer without bias, drawn so that it keeps the variance of its input."""
    layer = nn.Linear(num_in, num_out, bias=False)
    layer.weight = nn.Parameter(truncated_normal(num_out, num_in, std=num_in**-0.5))
    return layer


def embedding(num_rows: int, size: int) -> nn.Embedding:
    """A table whose rows have a length of about 1."""
    return nn.Embedding(num_rows, size, _weight=truncated_normal(num_rows, size, std=size**-0.5))


def rms_norm(x: Tensor, eps: float) -> Tensor:
    """Divides by the root mean square over the last dimension, computed in float32.

    Written out as the published code has it: PyTorch's own rounds differently, and where the
    mixer is an mlp, which is chaotic at its start, a step makes 3e-3 of that.
    """
    wide = x.float()
    return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps)).to(x.dtype)


class FeedForwardWeights(NamedTuple):
    """A SwiGLU's weights as they are applied."""

    gate_up: Tensor
    down: Tensor


class FeedForward(nn.Module):
    """SwiGLU, gate and up in one product: down(silu(gate(x)) * up(x)).

    Args:
        size: features that come in and go out.
        inner_size: features inside.
    """

    def __init__(self, size: int, inner_size: int) -> None:
        super().__init__()
        self.gate_up_proj = linear(size, 2 * inner_size)
        self.down_proj = linear(inner_size, size)

    def cast(self, dtype: torch.dtype) -> FeedForwardWeights:
        """The weights in a type."""
        return FeedForwardWeights(
            self.gate_up_proj.weight.to(dtype), self.down_proj.weight.to(dtype)
        )

    def forward(self, x: Tensor, weights: FeedForwardWeights) -> Tensor:
        """The transformed features, the last dimension."""
        gate, up = F.linear(x, weights.gate_up).chunk(2, -1)
        return F.linear(F.silu(gate) * up, weights.down)


class AttentionWeights(NamedTuple):
    """An attention layer's weights as they are applied."""

    qkv: Tensor
    output: Tensor


class Attention(nn.Module):
    """Self-attention in which every position sees every other; one product makes q, k and v.

    Args:
        size: features of a position.
        num_heads: divides `size`.
    """

    def __init__(self, size: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv_proj = linear(size, 3 * size)
        self.o_proj = linear(size, size)

    def cast(self, dtype: torch.dtype) -> AttentionWeights:
        """The weights in a type."""
        return AttentionWeights(self.qkv_proj.weight.to(dtype), self.o_proj.weight.to(dtype))

    def forward(
        self, x_BLD: Tensor, weights: AttentionWeights, rotation: Rotation | None
    ) -> Tensor:
        """What each position takes from all of them."""
        B, L, D = x_BLD.shape
        qkv_BLHE = F.linear(x_BLD, weights.qkv).view(B, L, 3 * self.num_heads, -1)
        q_BLHE, k_BLHE, v_BLHE = qkv_BLHE.chunk(3, 2)
        if rotation is not None:
            # In the angles' own type, float32, as published.
            q_BLHE = rotate(q_BLHE.to(rotation.cosine.dtype), rotation).to(v_BLHE.dtype)
            k_BLHE = rotate(k_BLHE.to(rotation.cosine.dtype), rotation).to(v_BLHE.dtype)
        y_BHLE = attend_to_all(*(x.transpose(1, 2) for x in (q_BLHE, k_BLHE, v_BLHE)))
        return F.linear(y_BHLE.transpose(1, 2).reshape(B, L, D), weights.output)


class BlockWeights(NamedTuple):
    """A block's weights as they are applied."""

    mixer: AttentionWeights | FeedForwardWeights
    mlp: FeedForwardWeights


class Block(nn.Module):
    """A mixer of positions, then a feed-forward layer on each, both added and then normed.

    The mlp mixer's norm is over the positions, for each feature by itself: the published one.
    """

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        size, length = config.hidden_size, config.num_positions
        self.norm_eps = config.rms_norm_eps
        self.mixer: Attention | FeedForward
        if config.mixer == "mlp":
            self.mixer = FeedForward(length, config.feed_forward_size(length))
        else:
            self.mixer = Attention(size, config.num_attention_heads)
        self.mlp = FeedForward(size, config.feed_forward_size(size))

    def cast(self, dtype: torch.dtype) -> BlockWeights:
        """The weights in a type."""
        return BlockWeights(self.mixer.cast(dtype), self.mlp.cast(dtype))

    def forward(self, h_BLD: Tensor, weights: BlockWeights, rotation: Rotation | None) -> Tensor:
        """The features after this block."""
        if isinstance(weights.mixer, AttentionWeights):
            mixed_BLD = self.mixer(h_BLD, weights.mixer, rotation)
            h_BLD = rms_norm(h_BLD + mixed_BLD, self.norm_eps)
        else:
            h_BDL = h_BLD.transpose(1, 2)
            h_BDL = rms_norm(h_BDL + self.mixer(h_BDL, weights.mixer), self.norm_eps)
            h_BLD = h_BDL.transpose(1, 2)
        return rms_norm(h_BLD + self.mlp(h_BLD, weights.mlp), self.norm_eps)
