"""The size and the shape of a GPT.

    config = GPTConfig(vocab_size=512, hidden_size=128, num_hidden_layers=4)
    config.num_parameters

Plain numbers, in the names of Hugging Face's configurations; the network is in gpt.py. Qwen2's
shape is `attention_bias`, Qwen3's `query_key_norm` with a `head_dim` of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lit_coder.networks.attention_masks import HeadSizes


@dataclass(frozen=True)
class GPTConfig:
    """The size of a GPT, in the names of Hugging Face's LlamaConfig.

    Args:
        vocab_size: number of token ids.
        hidden_size: features of a token.
        num_hidden_layers: blocks.
        num_attention_heads: query heads; divides `hidden_size` into even parts unless `head_dim`
            is given.
        num_key_value_heads: heads of keys and values; divides `num_attention_heads`.
            None = as many as query heads.
        intermediate_size: features inside the feed-forward layer.
            None = 8/3 of `hidden_size`, rounded up to a multiple of 64.
        max_position_embeddings: the context length, prompt and completion together.
        rope_theta: base of the rotary frequencies.
        rms_norm_eps: added to the mean square.
        head_dim: features of one head, even. None = `hidden_size` / `num_attention_heads`.
        attention_bias: queries, keys and values have a bias (Qwen2).
        query_key_norm: an RMSNorm over each head of queries and keys, before the rotation (Qwen3).
        tie_word_embeddings: the embedding is the output layer too; False = one of its own,
            `lm_head`.
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
    head_dim: int | None = None
    attention_bias: bool = False
    query_key_norm: bool = False
    tie_word_embeddings: bool = True

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not isinstance(value, bool) and value <= 0:
                raise ValueError(f"model.init_args.{name} must be above 0, not {value}")
        if self.head_dim is not None and self.head_dim % 2:
            raise ValueError(f"model.init_args.head_dim must be even, not {self.head_dim}")
        if self.head_dim is None and self.hidden_size % (2 * self.num_attention_heads):
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
    def features_per_head(self) -> int:
        """`head_dim` with None filled in."""
        return self.head_dim or self.hidden_size // self.num_attention_heads

    @property
    def key_value_heads(self) -> int:
        """`num_key_value_heads` with None filled in."""
        return self.num_key_value_heads or self.num_attention_heads

    @property
    def feed_forward_size(self) -> int:
        """`intermediate_size` with None filled in."""
        return self.intermediate_size or 64 * math.ceil(self.hidden_size * 8 / 3 / 64)

    @property
    def heads(self) -> HeadSizes:
        """Heads of one attention layer."""
        return HeadSizes(self.num_attention_heads, self.key_value_heads, self.features_per_head)

    @property
    def num_parameters(self) -> int:
        """Trainable numbers of a GPT of this size, a tied embedding counted once."""
        hidden, head_dim = self.hidden_size, self.features_per_head
        query_size = self.num_attention_heads * head_dim
        key_value_size = self.key_value_heads * head_dim
        attention = 2 * hidden * query_size + 2 * hidden * key_value_size
        if self.attention_bias:
            attention += query_size + 2 * key_value_size
        if self.query_key_norm:
            attention += 2 * head_dim
        block = attention + 3 * hidden * self.feed_forward_size + 2 * hidden
        num_tables = 1 if self.tie_word_embeddings else 2
        return num_tables * self.vocab_size * hidden + self.num_hidden_layers * block + hidden
