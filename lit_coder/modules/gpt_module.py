"""The GPT as a LightningModule.

    python main.py fit --model GPTModule --model.hidden_size 128 ...

Sizes carry the names of Hugging Face's Llama configuration. The network itself is
`networks/gpt.py`; sampling is `generation/gpt_generator.py`.
"""

from __future__ import annotations

import dataclasses
import inspect
import logging
from collections.abc import Mapping
from typing import Any, Literal, get_args

import torch
from lightning.pytorch.strategies import FSDPStrategy
from lightning.pytorch.utilities import rank_zero_only

from lit_coder.generation.contract import TokenGenerator
from lit_coder.generation.gpt_generator import GPTGenerator
from lit_coder.modules.code_module import Batch, CodeModule, CompileMode, TrainingOptions
from lit_coder.modules.given_options import refuse_no_numbers
from lit_coder.modules.optimizers import OptimizerKind, OptimizerOptions
from lit_coder.modules.policy_learning import LEARNED_COLUMNS, Objective, PolicyLearning
from lit_coder.modules.pretrained import read_pretrained
from lit_coder.modules.schedule import ScheduleKind
from lit_coder.networks.gpt import GPT, GPTConfig
from lit_coder.networks.narrow_copy import narrow_copy
from lit_coder.objectives.next_token import NextToken
from lit_coder.objectives.value_head import ValueHead

logger = logging.getLogger("lit_coder.modules")

MIXED_PRECISIONS = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
"""Trainer precisions whose weights stay float32, and the type they compute in."""

ValueHeadKind = Literal["none", "detached", "shared"]

_SIZES = tuple(field.name for field in dataclasses.fields(GPTConfig))


class GPTModule(CodeModule):
    """Decoder-only transformer in Llama's shape, trained by next-token prediction or by rewards.

    Args:
        hidden_size: width of the residual stream.
        num_hidden_layers: blocks.
        num_attention_heads: query heads; must divide hidden_size unless head_dim is given.
        num_key_value_heads: key and value heads; must divide num_attention_heads. None = as many.
        intermediate_size: width of the feed-forward layer. None = 8/3 of hidden_size.
        rope_theta: base of the rotary position frequencies.
        gradient_checkpointing: recompute activations in the backward pass to save memory: 0 none,
            1 those of every block, n those of every n-th block.
        learning_rate: peak learning rate of AdamW.
        min_learning_rate_ratio: share of the peak that the schedule ends at.
        warmup_steps: steps of linear warm-up.
        weight_decay: on matrices only.
        max_gradient_norm: gradients are scaled down to this norm.
        vocab_size: linked to the tokenizer; not set by hand.
        max_position_embeddings: longest sequence; linked to data.max_sequence_length.
        head_dim: width of a head. None = hidden_size / num_attention_heads.
        attention_bias: queries, keys and values have a bias, as in Qwen2.
        query_key_norm: queries and keys are normed head by head, as in Qwen3.
        tie_word_embeddings: the embedding is the output layer too; false gives it its own.
        rms_norm_eps: added to the mean square in each norm.
        optimizer: adamw; adamw_8bit, with a quarter of its memory (needs torchao); or muon for
            the matrices inside the network, with AdamW for the rest.
        muon_learning_rate: peak learning rate of those matrices by Muon's own measure, of which
            0.02 is usual. None = learning_rate, with updates as large as AdamW's.
        muon_weight_decay: on those matrices. None = weight_decay.
        schedule: after the warm-up, cosine, or warmup_stable_decay: a plateau and a decay.
        decay_share: share of all steps in which warmup_stable_decay decays.
        compile: fuse the blocks and the loss with torch.compile; auto does so on a CUDA device.
        loss_chunk_tokens: positions whose logits exist at once. None = all of them where they
            take up to 256 MiB, else as many as take 128 MiB.
        pretrained: a folder in Hugging Face's format, or a name on its hub, whose weights
            training begins from. Sizes are the model's own: they need not be given.
        objective: what it learns from rounds: PolicyGradient, from the rewards of all that it
            wrote (configs/grpo.yaml, configs/ppo.yaml), or Preference, from pairs of what passed
            and what failed (configs/dpo.yaml). None = to write what passed.
        value_head: a layer that foretells rewards, for recursion.advantages ValueAdvantages;
            detached trains that layer alone on them, shared the network, too.
    """

    network: GPT
    learning: PolicyLearning | None = None

    def __init__(
        self,
        hidden_size: int = 768,
        num_hidden_layers: int = 8,
        num_attention_heads: int = 12,
        num_key_value_heads: int | None = None,
        intermediate_size: int | None = None,
        rope_theta: float = 10000.0,
        gradient_checkpointing: int = 0,
        learning_rate: float = 3e-4,
        min_learning_rate_ratio: float = 0.1,
        warmup_steps: int = 100,
        weight_decay: float = 0.1,
        max_gradient_norm: float = 1.0,
        vocab_size: int = 512,
        max_position_embeddings: int = 256,
        head_dim: int | None = None,
        attention_bias: bool = False,
        query_key_norm: bool = False,
        tie_word_embeddings: bool = True,
        rms_norm_eps: float = 1e-5,
        optimizer: OptimizerKind = "adamw",
        muon_learning_rate: float | None = None,
        muon_weight_decay: float | None = None,
        schedule: ScheduleKind = "cosine",
        decay_share: float = 0.2,
        compile: CompileMode = "auto",
        loss_chunk_tokens: int | None = None,
        pretrained: str | None = None,
        objective: Objective | None = None,
        value_head: ValueHeadKind = "none",
    ) -> None:
        given = dict(locals())
        refuse_no_numbers(GPTModule, given)
        sizes = {name: given[name] for name in _SIZES}
        optimizer_options = OptimizerOptions(
            optimizer, learning_rate, muon_learning_rate, weight_decay, muon_weight_decay
        )
        options = TrainingOptions(
            optimizer=optimizer_options,
            schedule=schedule,
            min_learning_rate_ratio=min_learning_rate_ratio,
            warmup_steps=warmup_steps,
            decay_share=decay_share,
            max_gradient_norm=max_gradient_norm,
            compile_mode=compile,
        )
        super().__init__(options)
        # What is rebuilt from a checkpoint is to be used, and needs no objective.
        self.save_hyperparameters(ignore=["objective", "value_head"])
        self.objective = NextToken(loss_chunk_tokens)
        self.network = self._made_network(sizes, pretrained, gradient_checkpointing)
        self.learning = None if objective is None else PolicyLearning(objective)
        width = self.network.config.hidden_size
        self.value_head = _value_head(value_head, width)
        self._said_attention = False

    def _made_network(
        self, sizes: dict[str, Any], pretrained: str | None, gradient_checkpointing: int
    ) -> GPT:
        """The network of these sizes, or one whose weights and sizes are pretrained."""
        if pretrained is None:
            return GPT(GPTConfig(**sizes), gradient_checkpointing)
        source = read_pretrained(pretrained)
        sizes = source.sizes(sizes, _default_sizes())
        # What is rebuilt from a checkpoint has its weights from there.
        self.hparams.update(sizes | {"pretrained": None})
        network = GPT(GPTConfig(**sizes), gradient_checkpointing)
        source.load_into(network)
        return network

    def loss(self, batch: Batch) -> torch.Tensor:
        """The objective on one micro-batch; a scalar.

        Without rollouts or pairs - before the first programs are written, and in validation - it
        is next-token prediction's.
        """
        documents_BT = batch.get("documents_BT")
        hidden_BTC = self.network.hidden(batch["ids_BT"], documents_BT=documents_BT)
        weight_VC = self.network.output_weight
        values_BT = None if self.value_head is None else self.value_head(hidden_BTC)
        if self.learning is not None and LEARNED_COLUMNS & batch.keys():
            return self.learning.loss(
                self.network, hidden_BTC, batch, values_BT, self.objective, self._banned_ids
            )
        loss = self.objective(hidden_BTC, weight_VC, batch["labels_BT"], batch.get("num_targets"))
        # Every weight is a part of every loss: gradients of processes would wait for it.
        return loss if values_BT is None else loss + 0.0 * values_BT.sum()

    def training_step(self, batch: Batch, batch_index: int) -> torch.Tensor:
        """The objective on one micro-batch; the first one says what computes attention."""
        if not self._said_attention:
            self._said_attention = True
            self._say_attention(batch)
        return super().training_step(batch, batch_index)

    def compile_network(self) -> None:
        """Have blocks and loss go through torch.compile; where that fails, they go on as is."""
        self.network.compile_blocks()
        self.objective.compile()

    def on_fit_start(self) -> None:
        """Refuse a reference where nobody could make it.

        Raises:
            ValueError: the weights are cut up.
        """
        super().on_fit_start()
        is_cut = isinstance(self.trainer.strategy, FSDPStrategy)
        if is_cut and self.learning is not None and self.learning.wants_reference:
            raise ValueError(
                "trainer.strategy fsdp cannot copy the weights that model.init_args.objective "
                "compares with; set ddp, or PolicyGradient with kl_coefficient 0"
            )

    def take_reference(self) -> None:
        """Freeze a copy of the network, where the objective wants one and has none yet."""
        if self.learning is not None:
            self.learning.take_reference(self.network)

    def foretold(self, ids_BT: torch.Tensor) -> torch.Tensor:
        """Rewards (B, T) from each position on, as the value head foretells them."""
        if self.value_head is None:
            return super().foretold(ids_BT)
        values_BT: torch.Tensor = self.value_head(self.network.hidden(ids_BT))
        return values_BT

    def take_measures(self) -> dict[str, float]:
        """What the objective measured since the last row of the log."""
        if self.learning is None:
            return {}
        return {f"train/{name}": mean for name, mean in self.learning.since_row.take().items()}

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> Any:
        """Take weights; those of a value head only where there is one."""
        if self.value_head is None:
            state_dict = {k: v for k, v in state_dict.items() if not k.startswith("value_head.")}
        return super().load_state_dict(state_dict, strict, assign)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the reference and the measures beside what every module saves."""
        super().on_save_checkpoint(checkpoint)
        if self.learning is not None:
            checkpoint["policy_learning"] = self.learning.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take them back."""
        super().on_load_checkpoint(checkpoint)
        if self.learning is not None and "policy_learning" in checkpoint:
            self.learning.load_state_dict(checkpoint["policy_learning"], self.network)

    @rank_zero_only
    def _say_attention(self, batch: Batch) -> None:
        device = self.device.type
        dtype = self.dtype
        if torch.is_autocast_enabled(device):
            dtype = torch.get_autocast_dtype(device)
        assert isinstance(dtype, torch.dtype)
        attention = self.network.describe_attention(
            dtype, "documents_BT" in batch, batch["ids_BT"].shape[1]
        )
        compiled = ", blocks compiled" if self.network.is_compiled else ""
        logger.info("attention: %s%s", attention, compiled)

    def generator(self) -> TokenGenerator:
        """A key-value-cache generator over the current weights.

        Raises:
            RuntimeError: no tokenizer is known yet (neither trained nor loaded).
        """
        if self.tokenizer is None:
            raise RuntimeError("the module has no tokenizer yet: load a checkpoint or start fit")
        network, tokenizer = self._sampled_network(), self.tokenizer
        return GPTGenerator(network, tokenizer.end_id, tokenizer.pad_id, self._banned_ids)

    @property
    def _banned_ids(self) -> tuple[int, ...]:
        """What is never written: what no text holds, but for the end."""
        tokenizer = self.tokenizer
        if tokenizer is None:
            return ()
        # A pretrained embedding may have more rows than its tokenizer has tokens.
        no_tokens = range(tokenizer.vocab_size, self.network.config.vocab_size)
        return tuple(sorted({*tokenizer.special_ids, *no_tokens} - {tokenizer.end_id}))

    def _sampled_network(self) -> GPT:
        """The network itself; while it trains in mixed precision on a GPU, a narrow copy."""
        precision = str(self._trainer.precision) if self._trainer is not None else ""
        if self.device.type != "cuda" or precision not in MIXED_PRECISIONS:
            return self.network
        return narrow_copy(self.network, MIXED_PRECISIONS[precision])


def _value_head(which: ValueHeadKind, width: int) -> ValueHead | None:
    if which not in get_args(ValueHeadKind):
        raise ValueError(
            f"model.init_args.value_head must be none, detached or shared, not {which}"
        )
    return None if which == "none" else ValueHead(width, shares_features=which == "shared")


def _default_sizes() -> dict[str, Any]:
    """Sizes that stand for "not given" where weights are pretrained."""
    parameters = inspect.signature(GPTModule.__init__).parameters
    return {name: parameters[name].default for name in _SIZES}
