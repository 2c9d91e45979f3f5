"""The GPT: a decoder in Llama's shape with tied embeddings.

    network = GPT(GPTConfig(vocab_size=512, hidden_size=128, num_hidden_layers=4))
    logits_BTV = network(ids_BT)

RMSNorm before each part, rotary positions, SwiGLU, grouped-query attention, no bias, no dropout.
Names of weights are those of Hugging Face's Llama without the leading "model.". There is no loss
and no sampling here: objectives and generation have them.

Letters after a name are its dimensions:
    B batch   T tokens   C hidden   V vocabulary
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from lit_coder.networks.layers import (
    GroupedQueryAttention,
    KeyValueCache,
    RMSNorm,
    RotaryEmbedding,
    Rotation,
    SwiGLU,
)


@dataclass(frozen=True)
class GPTConfig:
    """The size of a GPT, in the names of Hugging Face's LlamaConfig.

    Args:
        vocab_size: number of token ids.
        hidden_size: features of a token.
        num_hidden_layers: blocks.
        num_attention_heads: query heads; divides `hidden_size` into even parts.
        num_key_value_heads: heads of keys and values; divides `num_attention_heads`.
            None = as many as query heads.
        intermediate_size: features inside the feed-forward layer.
            None = 8/3 of `hidden_size`, rounded up to a multiple of 64.
        max_position_embeddings: the context length, prompt and completion together.
        rope_theta: base of the rotary frequencies.
        rms_norm_eps: added to the mean square.
    """

    vocab_size: int
    hidden_size: int = 128
    num_hidden_layers: int = 4
    num_attention_heads: int = 4
    num_key_value_heads: int | None = None
    intermediate_size: int | None = None
    max_position_embeddings: int = 256
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and value <= 0:
                raise ValueError(f"model.init_args.{name} must be above 0, not {value}")
        if self.hidden_size % (2 * self.num_attention_heads):
            raise ValueError(
                f"model.init_args.hidden_size ({self.hidden_size}) must be a multiple of twice "
                f"model.init_args.num_attention_heads ({self.num_attention_heads})"
            )
        if self.num_attention_heads % self.key_value_heads:
            raise ValueError(
                f"model.init_args.num_key_value_heads ({self.num_key_value_heads}) must divide "
                f"model.init_args.num_attention_heads ({self.num_attention_heads})"
            )

    @property
    def head_dim(self) -> int:
        """Features of one head."""
        return self.hidden_size // self.num_attention_heads

    @property
    def key_value_heads(self) -> int:
        """`num_key_value_heads` with None filled in."""
        return self.num_key_value_heads or self.num_attention_heads

    @property
    def feed_forward_size(self) -> int:
        """`intermediate_size` with None filled in."""
        return self.intermediate_size or 64 * math.ceil(self.hidden_size * 8 / 3 / 64)

    @property
    def num_parameters(self) -> int:
        """Trainable numbers of a GPT of this size, the tied embedding counted once."""
        hidden, key_value = self.hidden_size, self.key_value_heads * self.head_dim
        attention = 2 * hidden * hidden + 2 * hidden * key_value
        block = attention + 3 * hidden * self.feed_forward_size + 2 * hidden
        return self.vocab_size * hidden + self.num_hidden_layers * block + hidden


class Block(nn.Module):
    """Attention, then feed-forward, each on a normed copy and added back."""

    def __init__(self, config: GPTConfig, layer: int) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = GroupedQueryAttention(
            config.hidden_size, config.num_attention_heads, config.key_value_heads, layer
        )
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = SwiGLU(config.hidden_size, config.feed_forward_size)

    def forward(
        self, x_BTC: Tensor, rotation: Rotation, cache: KeyValueCache | None = None
    ) -> Tensor:
        """The features after this block."""
        x_BTC = x_BTC + self.self_attn(self.input_layernorm(x_BTC), rotation, cache)
        y_BTC: Tensor = x_BTC + self.mlp(self.post_attention_layernorm(x_BTC))
        return y_BTC


class GPT(nn.Module):
    """A causal language model over token ids.

    Args:
        config: its size.
        gradient_checkpointing: recompute each block in the backward pass: about a third more
            work, far less memory. May be changed at any time.
    """

    def __init__(self, config: GPTConfig, gradient_checkpointing: bool = False) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = gradient_checkpointing
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Block(config, i) for i in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.rotary = RotaryEmbedding(
            config.head_dim, config.max_position_embeddings, config.rope_theta
        )
        self._initialize()

    def _initialize(self) -> None:
        # What adds to the residual stream starts smaller: its size must not grow with depth.
        residual_std = 0.02 / math.sqrt(2 * self.config.num_hidden_layers)
        for name, parameter in self.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.normal_(parameter, std=residual_std)
            elif parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, ids_BT: Tensor, cache: KeyValueCache | None = None) -> Tensor:
        """Logits (B, T, V) of the token after each one."""
        return self.logits(self.hidden(ids_BT, cache))

    def hidden(self, ids_BT: Tensor, cache: KeyValueCache | None = None) -> Tensor:
        """The last features (B, T, C), normed: what the logits are made of.

        Raises:
            ValueError: more tokens than the context holds.
        """
        limit = self.config.max_position_embeddings
        if ids_BT.shape[1] > limit:
            raise ValueError(f"{ids_BT.shape[1]} tokens do not fit the context of {limit}")
        x_BTC = self.embed_tokens(ids_BT)
        rotation = self.rotary(x_BTC, None if cache is None else cache.positions_BT)
        recompute = self.gradient_checkpointing and self.training and cache is None
        for block in self.layers:
            if recompute:
                x_BTC = checkpoint(block, x_BTC, rotation, use_reentrant=False)
            else:
                x_BTC = block(x_BTC, rotation, cache)
        y_BTC: Tensor = self.norm(x_BTC)
        return y_BTC

    def logits(self, hidden_BTC: Tensor) -> Tensor:
        """Scores of every token from features: the embedding, used backwards."""
        return F.linear(hidden_BTC, self.embed_tokens.weight)
