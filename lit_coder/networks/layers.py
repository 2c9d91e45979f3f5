"""The parts of a decoder in Llama's shape: norm, rotary positions, attention, feed-forward.

    rotation = RotaryEmbedding(head_dim=32, max_positions=256)
    attention = GroupedQueryAttention(hidden_size=128, heads=HeadSizes(4, 2, 32))
    y_BTC = attention(x_BTC, rotation(x_BTC))

Sub-modules carry the names of Hugging Face's Llama, and the rotation pairs feature i with
i + head_dim / 2 as it does, so weights move between the two without a permutation. Queries, keys
and values may have biases (Qwen2), queries and keys a norm over each head (Qwen3); nothing else
has a bias, and there is no dropout. What computes attention is in attention.py.

Letters after a name are its dimensions:
    B batch   T new tokens   S keys seen (cached and new)   C hidden   F feed-forward
    H query heads   K key-value heads   D head dimension
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lit_coder.networks.attention import attend, attend_to_cache
from lit_coder.networks.attention_masks import DocumentMask, HeadSizes


class Rotation(NamedTuple):
    """The rotary angles of the tokens at hand, (T, 1, D) or (B, T, 1, D), in the data's type."""

    cosine: Tensor
    sine: Tensor  # the first half of the features already negated


class KeyValueCache(Protocol):
    """What attention asks of a cache; its makers are in the generation room."""

    positions_BT: Tensor | None
    """Positions of the new tokens; None = 0, 1, 2, ... (a prompt from its start)."""

    mask_BHTS: Tensor | None
    """Which keys each new token sees (True = sees). Without `positions_BT` it is not used and
    the new tokens see each other causally; with it, None means every key."""

    def extend(self, layer: int, key_BKTD: Tensor, value_BKTD: Tensor) -> tuple[Tensor, Tensor]:
        """Stores the new keys and values; all of this layer's that attention should look at."""
        ...


class RMSNorm(nn.Module):
    """Divides by the root mean square over the features, then scales each feature."""

    def __init__(self, size: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normed features, of the same shape and type."""
        # Autocast leaves the weight in float32, and the fused kernel takes one type only.
        return F.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.eps)


class RotaryEmbedding(nn.Module):
    """Tables of rotary angles, computed once in fp32 and not part of the weights."""

    cosine: Tensor
    sine: Tensor

    def __init__(self, head_dim: int, max_positions: int, theta: float = 10000.0) -> None:
        super().__init__()
        frequencies = theta ** (-torch.arange(0, head_dim, 2).float() / head_dim)
        angles = torch.outer(torch.arange(max_positions).float(), frequencies)
        cosine, sine = angles.cos(), angles.sin()
        self.register_buffer("cosine", torch.cat((cosine, cosine), -1), persistent=False)
        self.register_buffer("sine", torch.cat((-sine, sine), -1), persistent=False)

    def forward(self, x_BTC: Tensor, positions_BT: Tensor | None = None) -> Rotation:
        """The angles at the positions, by default 0 to T - 1."""
        if positions_BT is None:
            length = x_BTC.shape[1]
            cosine, sine = self.cosine[:length], self.sine[:length]
        else:
            cosine, sine = self.cosine[positions_BT], self.sine[positions_BT]
        return Rotation(cosine.unsqueeze(-2), sine.unsqueeze(-2))


def rotate(x_BTHD: Tensor, rotation: Rotation) -> Tensor:
    """Turns each pair of features (i, i + D/2) by its position's angle."""
    cosine, sine = rotation.cosine.to(x_BTHD.dtype), rotation.sine.to(x_BTHD.dtype)
    # A roll with half the sine negated is Llama's rotate_half in fewer passes over memory.
    return torch.addcmul(x_BTHD * cosine, x_BTHD.roll(x_BTHD.shape[-1] // 2, -1), sine)


class GroupedQueryAttention(nn.Module):
    """Self-attention in which several query heads share one key-value head.

    Args:
        hidden_size: features that come in and go out.
        heads: how many of each and how wide.
        layer: place in the cache.
        causal: no token sees a later one.
        bias: queries, keys and values have one.
        norm_eps: queries and keys pass an RMSNorm over each head before the rotation; None = none.
    """

    def __init__(
        self,
        hidden_size: int,
        heads: HeadSizes,
        layer: int = 0,
        causal: bool = True,
        bias: bool = False,
        norm_eps: float | None = None,
    ) -> None:
        super().__init__()
        self.num_heads, self.num_key_value_heads, self.head_dim = heads
        self.layer = layer
        self.causal = causal
        query_size = self.num_heads * self.head_dim
        key_value_size = self.num_key_value_heads * self.head_dim
        self.q_proj = nn.Linear(hidden_size, query_size, bias=bias)
        self.k_proj = nn.Linear(hidden_size, key_value_size, bias=bias)
        self.v_proj = nn.Linear(hidden_size, key_value_size, bias=bias)
        self.o_proj = nn.Linear(query_size, hidden_size, bias=False)
        self.q_norm = None if norm_eps is None else RMSNorm(self.head_dim, norm_eps)
        self.k_norm = None if norm_eps is None else RMSNorm(self.head_dim, norm_eps)

    def forward(
        self,
        x_BTC: Tensor,
        rotation: Rotation,
        cache: KeyValueCache | None = None,
        documents: DocumentMask | None = None,
    ) -> Tensor:
        """What each token takes from those it sees."""
        B, T, _ = x_BTC.shape
        q_BTHD = self.q_proj(x_BTC).view(B, T, self.num_heads, self.head_dim)
        k_BTKD = self.k_proj(x_BTC).view(B, T, self.num_key_value_heads, self.head_dim)
        v_BTKD = self.v_proj(x_BTC).view(B, T, self.num_key_value_heads, self.head_dim)
        if self.q_norm is not None and self.k_norm is not None:
            q_BTHD, k_BTKD = self.q_norm(q_BTHD), self.k_norm(k_BTKD)
        q_BHTD = rotate(q_BTHD, rotation).transpose(1, 2)
        k_BKSD, v_BKSD = rotate(k_BTKD, rotation).transpose(1, 2), v_BTKD.transpose(1, 2)
        if cache is not None:
            k_BKSD, v_BKSD = cache.extend(self.layer, k_BKSD, v_BKSD)
        if cache is None or cache.positions_BT is None:
            y_BHTD = attend(q_BHTD, k_BKSD, v_BKSD, self.causal, documents)
        else:
            y_BHTD = attend_to_cache(q_BHTD, k_BKSD, v_BKSD, cache.mask_BHTS)
        out_BTC: Tensor = self.o_proj(y_BHTD.transpose(1, 2).reshape(B, T, -1))
        return out_BTC


class SwiGLU(nn.Module):
    """The gated feed-forward layer: down(silu(gate(x)) * up(x))."""

    def __init__(self, hidden_size: int, intermediate_size: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.up_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.down_proj = nn.Linear(intermediate_size, hidden_size, bias=False)

    def forward(self, x_BTC: Tensor) -> Tensor:
        """The transformed features."""
        y_BTC: Tensor = self.down_proj(F.silu(self.gate_proj(x_BTC)) * self.up_proj(x_BTC))
        return y_BTC
