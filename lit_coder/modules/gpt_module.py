"""The GPT as a LightningModule.

    python main.py fit --model GPTModule --model.hidden_size 128 ...

Sizes carry the names of Hugging Face's Llama configuration. The network itself is
`networks/gpt.py`; sampling is `generation/gpt_generator.py`.
"""

from __future__ import annotations

from lit_coder.generation.contract import TokenGenerator
from lit_coder.generation.gpt_generator import GPTGenerator
from lit_coder.modules.code_module import CodeModule
from lit_coder.networks.gpt import GPT, GPTConfig


class GPTModule(CodeModule):
    """Decoder-only transformer in Llama's shape, trained by next-token prediction.

    Args:
        hidden_size: width of the residual stream.
        num_hidden_layers: blocks.
        num_attention_heads: query heads; must divide hidden_size.
        num_key_value_heads: key and value heads; must divide num_attention_heads. None = as many.
        intermediate_size: width of the feed-forward layer. None = 8/3 of hidden_size.
        rope_theta: base of the rotary position frequencies.
        gradient_checkpointing: recompute activations in the backward pass to save memory.
        learning_rate: peak learning rate of AdamW.
        min_learning_rate_ratio: share of the peak that the cosine ends at.
        warmup_steps: steps of linear warm-up.
        weight_decay: on matrices only.
        max_gradient_norm: gradients are scaled down to this norm.
        vocab_size: linked to the tokenizer; not set by hand.
        max_position_embeddings: longest sequence; linked to data.max_sequence_length.
    """

    network: GPT

    def __init__(
        self,
        hidden_size: int = 768,
        num_hidden_layers: int = 8,
        num_attention_heads: int = 12,
        num_key_value_heads: int | None = None,
        intermediate_size: int | None = None,
        rope_theta: float = 10000.0,
        gradient_checkpointing: bool = False,
        learning_rate: float = 3e-4,
        min_learning_rate_ratio: float = 0.1,
        warmup_steps: int = 100,
        weight_decay: float = 0.1,
        max_gradient_norm: float = 1.0,
        vocab_size: int = 512,
        max_position_embeddings: int = 256,
    ) -> None:
        super().__init__(
            learning_rate, min_learning_rate_ratio, warmup_steps, weight_decay, max_gradient_norm
        )
        self.save_hyperparameters()
        config = GPTConfig(
            vocab_size=vocab_size,
            hidden_size=hidden_size,
            num_hidden_layers=num_hidden_layers,
            num_attention_heads=num_attention_heads,
            num_key_value_heads=num_key_value_heads or num_attention_heads,
            intermediate_size=intermediate_size,
            max_position_embeddings=max_position_embeddings,
            rope_theta=rope_theta,
        )
        self.network = GPT(config, gradient_checkpointing=gradient_checkpointing)

    def generator(self) -> TokenGenerator:
        """A key-value-cache generator over the current weights.

        Raises:
            RuntimeError: no tokenizer is known yet (neither trained nor loaded).
        """
        if self.tokenizer is None:
            raise RuntimeError("the module has no tokenizer yet: load a checkpoint or start fit")
        tokenizer = self.tokenizer
        return GPTGenerator(self.network, tokenizer.end_id, tokenizer.pad_id, tokenizer.special_ids)
