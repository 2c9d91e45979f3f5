"""The GPT: a decoder in the shape of Llama, Qwen2 or Qwen3.

    network = GPT(GPTConfig(vocab_size=512, hidden_size=128, num_hidden_layers=4))
    logits_BTV = network(ids_BT)
    hidden_BTC = network.hidden(ids_BT, documents_BT=documents_BT)   # rows of several documents
    network.compile_blocks()                                         # for training on a GPU

RMSNorm before each part, rotary positions, SwiGLU, grouped-query attention, no dropout; biases, a
norm of queries and keys and an output layer of its own where the configuration says so. Names of
weights are those of Hugging Face's Llama without the leading "model.". There is no loss and no
sampling here: objectives and generation have them.

Letters after a name are its dimensions:
    B batch   T tokens   C hidden   V vocabulary
"""

from __future__ import annotations

import logging
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from lit_coder.networks.attention import describe_attention
from lit_coder.networks.attention_masks import DocumentMask, document_mask
from lit_coder.networks.fused_block import fused, fused_length
from lit_coder.networks.gpt_config import GPTConfig
from lit_coder.networks.layers import (
    GroupedQueryAttention,
    KeyValueCache,
    RMSNorm,
    RotaryEmbedding,
    Rotation,
    SwiGLU,
)

__all__ = ["GPT", "Block", "GPTConfig"]

logger = logging.getLogger("lit_coder.networks")


class Block(nn.Module):
    """Attention, then feed-forward, each on a normed copy and added back."""

    def __init__(self, config: GPTConfig, layer: int) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = GroupedQueryAttention(
            config.hidden_size,
            config.heads,
            layer,
            bias=config.attention_bias,
            norm_eps=config.rms_norm_eps if config.query_key_norm else None,
        )
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = SwiGLU(config.hidden_size, config.feed_forward_size)

    def forward(
        self,
        x_BTC: Tensor,
        rotation: Rotation,
        cache: KeyValueCache | None = None,
        documents: DocumentMask | None = None,
    ) -> Tensor:
        """The features after this block."""
        normed_BTC = self.input_layernorm(x_BTC)
        x_BTC = x_BTC + self.self_attn(normed_BTC, rotation, cache, documents)
        y_BTC: Tensor = x_BTC + self.mlp(self.post_attention_layernorm(x_BTC))
        return y_BTC


def _run(
    block: nn.Module, x_BTC: Tensor, rotation: Rotation, documents: DocumentMask | None
) -> Tensor:
    """A block without a cache, as a function that can be compiled once for all blocks."""
    y_BTC: Tensor = block(x_BTC, rotation, None, documents)
    return y_BTC


class GPT(nn.Module):
    """A causal language model over token ids.

    Args:
        config: its size.
        gradient_checkpointing: 0 = none; 1 = each block is recomputed in the backward pass, about
            a third more work for far less memory; n = every n-th block. May be changed at any
            time.

    Raises:
        ValueError: `gradient_checkpointing` is negative.
    """

    def __init__(self, config: GPTConfig, gradient_checkpointing: int = 0) -> None:
        super().__init__()
        if gradient_checkpointing < 0:
            raise ValueError(
                "model.init_args.gradient_checkpointing must be 0 (none), 1 (every block) or n "
                f"(every n-th block), not {gradient_checkpointing}"
            )
        self.config = config
        self.gradient_checkpointing = int(gradient_checkpointing)
        self._is_compiled = False
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Block(config, i) for i in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.rotary = RotaryEmbedding(
            config.features_per_head, config.max_position_embeddings, config.rope_theta
        )
        self.lm_head: nn.Linear | None = None
        if not config.tie_word_embeddings:
            self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self._initialize()

    def _initialize(self) -> None:
        # What adds to the residual stream starts smaller: its size must not grow with depth.
        residual_std = 0.02 / math.sqrt(2 * self.config.num_hidden_layers)
        for name, parameter in self.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.normal_(parameter, std=residual_std)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)

    @property
    def output_weight(self) -> Tensor:
        """The parameter (V, C) of the output layer: the embedding, or `lm_head`'s own."""
        return self.embed_tokens.weight if self.lm_head is None else self.lm_head.weight

    def compile_blocks(self) -> None:
        """From now on training forwards go through torch.compile'd blocks.

        They compile at the first one, and for every new shape of a batch; rows are filled up to
        one of a few lengths. Where that fails, a warning says why and the blocks stay as they
        are. Forwards in evaluation mode or with a cache, and the names of weights, do not change.
        """
        self._is_compiled = True

    @property
    def is_compiled(self) -> bool:
        """Whether training forwards go through compiled blocks."""
        return self._is_compiled

    def describe_attention(self, dtype: torch.dtype, packed: bool, num_tokens: int) -> str:
        """What computes a training forward's attention where the network is now, in words.

        Args:
            dtype: the type that attention is computed in: autocast's, where that is on.
            packed: rows hold several documents.
            num_tokens: of a row.
        """
        device = self.embed_tokens.weight.device
        return describe_attention(device, dtype, packed, self.config.heads, num_tokens)

    def forward(
        self,
        ids_BT: Tensor,
        cache: KeyValueCache | None = None,
        documents_BT: Tensor | None = None,
    ) -> Tensor:
        """Logits (B, T, V) of the token after each one."""
        return self.logits(self.hidden(ids_BT, cache, documents_BT))

    def hidden(
        self,
        ids_BT: Tensor,
        cache: KeyValueCache | None = None,
        documents_BT: Tensor | None = None,
    ) -> Tensor:
        """The last features (B, T, C), normed: what the logits are made of.

        Args:
            ids_BT: the tokens.
            cache: what is known of earlier ones.
            documents_BT: the number of each token's document, never falling within a row; a token
                sees none of another document. None = a row is one document. Positions go on
                over a row: rotary positions are relative.

        Raises:
            ValueError: more tokens than the context holds.
        """
        num_tokens = ids_BT.shape[1]
        limit = self.config.max_position_embeddings
        if num_tokens > limit:
            raise ValueError(f"{num_tokens} tokens do not fit the context of {limit}")
        assert cache is None or documents_BT is None, "a cache holds rows of one document"
        if cache is None and self.training and self._is_compiled:
            padding = (0, fused_length(num_tokens, limit) - num_tokens)
            ids_BT = F.pad(ids_BT, padding)
            if documents_BT is not None:
                documents_BT = F.pad(documents_BT[None], padding, mode="replicate")[0]
        x_BTC = self.embed_tokens(ids_BT)
        rotation = self.rotary(x_BTC, None if cache is None else cache.positions_BT)
        if cache is None:
            x_BTC = self._through_blocks(x_BTC, rotation, self._mask(documents_BT))
            x_BTC = x_BTC[:, :num_tokens]
        else:
            for block in self.layers:
                x_BTC = block(x_BTC, rotation, cache)
        y_BTC: Tensor = self.norm(x_BTC)
        return y_BTC

    def logits(self, hidden_BTC: Tensor) -> Tensor:
        """Scores of every token from features."""
        return F.linear(hidden_BTC, self.output_weight)

    def _mask(self, documents_BT: Tensor | None) -> DocumentMask | None:
        """One mask for all layers."""
        if documents_BT is None:
            return None
        device = documents_BT.device.type
        dtype = self.embed_tokens.weight.dtype
        if torch.is_autocast_enabled(device):
            dtype = torch.get_autocast_dtype(device)
        return document_mask(documents_BT, dtype, self.config.heads)

    def _through_blocks(
        self, x_BTC: Tensor, rotation: Rotation, documents: DocumentMask | None
    ) -> Tensor:
        """The features after all blocks, compiled where that is wanted and works."""
        if self.training and self._is_compiled:
            try:
                return self._through(x_BTC, rotation, documents, compiled=True)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                # A fault of the network itself comes again below.
                self._is_compiled = False
                reason = next(iter(str(error).strip().splitlines()), "no reason given")
                logger.warning("training goes on without torch.compile: %s", reason)
        return self._through(x_BTC, rotation, documents, compiled=False)

    def _through(
        self, x_BTC: Tensor, rotation: Rotation, documents: DocumentMask | None, compiled: bool
    ) -> Tensor:
        every = int(self.gradient_checkpointing) if self.training else 0
        run = fused(_run) if compiled else _run
        for index, block in enumerate(self.layers):
            if every and index % every == 0:
                # Nothing in a block is random.
                x_BTC = checkpoint(
                    run,
                    block,
                    x_BTC,
                    rotation,
                    documents,
                    use_reentrant=False,
                    preserve_rng_state=False,
                )
            else:
                x_BTC = run(block, x_BTC, rotation, documents)
        return x_BTC
