"""What every trainable module of lit_coder shares: optimizer, schedule, clipping, tokenizer.

    class GPTModule(CodeModule):            # a LightningModule around one network
        def generator(self) -> TokenGenerator: ...

A checkpoint of a CodeModule is complete for use: weights, hyper-parameters and the tokenizer.
Losses are summed on the device and read by callbacks; nothing here waits for the device at
every step. Which data it sees and when it generates is not decided here.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict

import lightning.pytorch as pl
import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.strategies import FSDPStrategy
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import nn

from lit_coder.generation.contract import TokenGenerator
from lit_coder.generation.text_stops import stop_rule
from lit_coder.modules.canvas_learning import CanvasLearning
from lit_coder.modules.gradient_clipping import clip_gradients
from lit_coder.modules.optimizers import (
    OptimizerOptions,
    ParameterKind,
    make_optimizer,
    parameter_kinds,
    suit_device,
)
from lit_coder.modules.policy_learning import PolicyLearning
from lit_coder.modules.schedule import ScheduleKind, warmup_cosine, warmup_stable_decay
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.problem_batch import ProblemBatch

CompileMode = Literal["auto", "on", "off"]


class LabelledTokens(TypedDict):
    """What each batch has: `ids_BT` and, shifted by one, `labels_BT`."""

    ids_BT: torch.Tensor
    labels_BT: torch.Tensor


class Batch(LabelledTokens, total=False):
    """One micro-batch.

    Attributes:
        ids_BT: the tokens.
        labels_BT: what each position should predict.
        documents_BT: in packed rows, the number of the document that each token belongs to.
        num_targets: what the sum of losses is divided by, a float32 scalar: the labels of the
            whole optimizer step over its number of micro-batches on all devices. Then the mean of
            the micro-batches' losses is the mean over all labels of the step. Left out where a
            step is one micro-batch.
        policy_mask_BT, is_paired_B and further: of rollouts and pairs.
    """

    documents_BT: torch.Tensor
    num_targets: torch.Tensor
    policy_mask_BT: torch.Tensor


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How a module is trained, as the user's options say it; see `GPTModule`."""

    optimizer: OptimizerOptions
    schedule: ScheduleKind = "cosine"
    min_learning_rate_ratio: float = 0.1
    warmup_steps: int = 100
    decay_share: float = 0.2
    max_gradient_norm: float = 1.0
    compile_mode: CompileMode = "auto"

    def __post_init__(self) -> None:
        ratio, share = self.min_learning_rate_ratio, self.decay_share
        for name, value, good, meaning in (
            ("min_learning_rate_ratio", ratio, 0 <= ratio <= 1, "from 0 to 1"),
            ("warmup_steps", self.warmup_steps, self.warmup_steps >= 0, "0 or more"),
            ("decay_share", share, 0 < share <= 1, "above 0, at most 1"),
            ("max_gradient_norm", self.max_gradient_norm, self.max_gradient_norm > 0, "above 0"),
        ):
            if not good:
                raise ValueError(f"model.init_args.{name} must be {meaning}, not {value}")


class LossTotal:
    """A sum of losses and their number, kept on the device until somebody reads it."""

    def __init__(self) -> None:
        self._sum: torch.Tensor | None = None
        self._count = 0

    def add(self, loss: torch.Tensor) -> None:
        """Add one detached scalar."""
        # TPUs have no float64.
        loss = loss.detach().to(torch.float32 if loss.device.type == "xla" else torch.float64)
        if self._sum is None:
            # From the host, and no scalar: XLA would make the 0 a part of this step's graph.
            self._sum = torch.zeros(1, dtype=torch.float64)
        if self._sum.device != loss.device:
            self._sum = self._sum.to(loss.dtype).to(loss.device)
        self._sum = self._sum + loss
        self._count += 1

    def mean(self) -> float | None:
        """The mean since the last reset, or None where nothing was added. Waits for the device."""
        return None if self._sum is None else float(self._sum) / self._count

    def total(self) -> tuple[float, int]:
        """Sum and number since the last reset. Waits for the device."""
        return (0.0 if self._sum is None else float(self._sum)), self._count

    def reset(self) -> None:
        """Start over."""
        self._sum, self._count = None, 0

    def state_dict(self) -> dict[str, float | int]:
        """Sum and count as plain numbers."""
        total, count = self.total()
        return {"sum": total, "count": count}

    def load_state_dict(self, state: dict[str, float | int]) -> None:
        """Go on from a saved state."""
        self._count = int(state["count"])
        self._sum = torch.tensor([state["sum"]], dtype=torch.float64) if self._count else None


class CodeModule(pl.LightningModule):
    """Base of the trainable modules; see the module's docstring.

    Attributes:
        train_loss: of each micro-batch since somebody reset it.
        gradient_norm: of the last optimizer step, before clipping, on the device; None before.
        learning: the objective over rollouts or pairs; None where there is none.
    """

    network: nn.Module
    learning: PolicyLearning | CanvasLearning | None = None
    has_static_shapes = False
    """Whether it trains and writes in rows of one length, as XLA devices want it."""

    def __init__(self, options: TrainingOptions) -> None:
        super().__init__()
        self.training_options = options
        self.train_loss = LossTotal()
        self.gradient_norm: torch.Tensor | None = None
        self.tokenizer: CodeTokenizer | None = None
        self._parameter_kinds: dict[str, ParameterKind] = {}

    @abstractmethod
    def generator(self) -> TokenGenerator:
        """A generator that samples from the current weights."""

    @abstractmethod
    def loss(self, batch: Batch) -> torch.Tensor:
        """The objective on one micro-batch; a scalar."""

    @abstractmethod
    def compile_network(self) -> None:
        """Have training go through torch.compile; where that fails, it goes on as it is."""

    def take_reference(self) -> None:
        """Freeze a copy of the network, where the objective wants one and has none yet."""

    def foretold(self, ids_BT: torch.Tensor) -> torch.Tensor:
        """Rewards (B, T) from each position on, as a value head foretells them.

        Raises:
            ValueError: the module has none.
        """
        raise ValueError(
            f"recursion.advantages ValueAdvantages needs a value head, which this "
            f"{type(self).__name__} has not: set model.init_args.value_head where it is offered, "
            "or choose GroupAdvantages"
        )

    @property
    def used_network(self) -> nn.Module:
        """The network that answers; another than `network` where weights are averaged."""
        return self.network

    def take_measures(self) -> dict[str, float]:
        """What the module itself has to say in a row of the log, since the last row.

        Waits for the device; the names are complete ("train/...").
        """
        return {}

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole run, for the schedule."""
        return int(self.trainer.max_steps)

    @property
    def wants_compiling(self) -> bool:
        """Whether compiling is wanted where the module is now."""
        mode = self.training_options.compile_mode
        # Sharded blocks gather their weights in hooks, which break a compiled block in pieces.
        is_whole = not isinstance(self.trainer.strategy, FSDPStrategy)
        return mode == "on" or (mode == "auto" and self.device.type == "cuda" and is_whole)

    def forward(self, ids_BT: torch.Tensor) -> torch.Tensor:
        """Logits [B, T, V] of the next token at each position."""
        logits: torch.Tensor = self.network(ids_BT)
        return logits

    def setup(self, stage: str) -> None:
        """Remember what each parameter is, before a strategy shards it."""
        self._parameter_kinds = parameter_kinds(self)

    def on_fit_start(self) -> None:
        """Compile, where that is wanted; it happens at the first step."""
        if self.wants_compiling:
            self.compile_network()

    def training_step(self, batch: Batch, batch_index: int) -> torch.Tensor:
        """The objective on one micro-batch."""
        loss = self.loss(batch)
        self.train_loss.add(loss)
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Free the gradients after a step: Lightning keeps them through the next forward pass."""
        if (batch_idx + 1) % self.trainer.accumulate_grad_batches == 0:
            for optimizer in self.trainer.optimizers:
                optimizer.zero_grad(set_to_none=True)

    def validation_step(self, batch: Batch, batch_index: int, dataloader_idx: int = 0) -> None:
        """Log the loss on real solutions, and on a corpus, that are never trained on."""
        data = getattr(self.trainer, "datamodule", None)
        names = getattr(data, "validation_names", ("validation/loss",))
        beginning = names[dataloader_idx].removesuffix("loss")
        for name, value in self.validation_measures(batch).items():
            self.log(
                beginning + name,
                value,
                batch_size=self.num_measured(batch),
                add_dataloader_idx=False,
                sync_dist=self.trainer.world_size > 1,
            )

    def validation_measures(self, batch: Batch) -> dict[str, torch.Tensor]:
        """`loss`, and what else is measured of a batch: means over its rows."""
        return {"loss": self.loss(batch)}

    def num_measured(self, batch: Batch) -> int:
        """Rows of a batch of validation that its loss is the mean of."""
        return batch["ids_BT"].shape[0]

    def test_step(
        self, batch: ProblemBatch, batch_index: int, dataloader_idx: int = 0
    ) -> dict[str, list[list[str]]]:
        """What the model writes behind each prompt, `num_samples` texts; verdicts come later."""
        return {"texts": self._write(batch)}

    def predict_step(
        self, batch: ProblemBatch, batch_index: int, dataloader_idx: int = 0
    ) -> list[str]:
        """One text for each prompt."""
        return [texts[0] for texts in self._write(batch)]

    def _write(self, batch: ProblemBatch) -> list[list[str]]:
        if not batch.prompts:
            return []
        tokenizer = self.tokenizer
        assert tokenizer is not None, "fit or a checkpoint gives the tokenizer"
        read = [asked.healed(tokenizer, batch.heals) for asked in batch.prompts]
        prompts = [
            replace(each.prompt(asked.stream), draft_ids=asked.draft_ids(tokenizer))
            for each, asked in zip(read, batch.prompts, strict=True)
        ]
        is_over = stop_rule(tokenizer, batch.stops) if batch.stops else None
        completions = self.generator().generate(prompts, batch.options, is_over)
        return [
            [each.text_of(tokenizer, completion.ids) for completion in group]
            for each, group in zip(read, completions, strict=True)
        ]

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """One optimizer, and a schedule that each of its groups follows from its own peak.

        Raises:
            ValueError: the optimizer cannot be had, or not with this strategy.
        """
        options = self.training_options
        kind = options.optimizer.kind
        if kind != "adamw" and isinstance(self.trainer.strategy, FSDPStrategy):
            raise ValueError(
                f"model.init_args.optimizer {kind} needs whole matrices, which trainer.strategy "
                "fsdp cuts; choose adamw, or trainer.strategy ddp"
            )
        optimizer = make_optimizer(
            options.optimizer, self.named_parameters(), self._parameter_kinds, self.wants_compiling
        )
        steps = (options.warmup_steps, self.total_steps, options.min_learning_rate_ratio)
        if options.schedule == "cosine":
            factor = warmup_cosine(*steps)
        else:
            factor = warmup_stable_decay(*steps, options.decay_share)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step", "frequency": 1},
        }

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer | LightningOptimizer,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip by norm here: Lightning refuses it for fused optimizers under mixed precision."""
        largest = self.training_options.max_gradient_norm
        self.gradient_norm = clip_gradients(self, optimizer, largest)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the tokenizer and the running loss beside the weights."""
        if self.tokenizer is not None:
            checkpoint["tokenizer_json"] = self.tokenizer.to_str()
        checkpoint["train_loss_total"] = self.train_loss.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take tokenizer and running loss back; refuse a tokenizer other than the weights' own."""
        saved = checkpoint.get("tokenizer_json")
        if saved is not None:
            tokenizer = CodeTokenizer.from_str(saved)
            if self.tokenizer is not None and self.tokenizer.fingerprint != tokenizer.fingerprint:
                raise ValueError(
                    "data.tokenizer is not the tokenizer these weights were trained with; leave "
                    "it out to use the checkpoint's own"
                )
            self.tokenizer = tokenizer
        if "train_loss_total" in checkpoint:
            self.train_loss.load_state_dict(checkpoint["train_loss_total"])
        if self._trainer is not None:
            for state in checkpoint.get("optimizer_states", ()):
                suit_device(state, self.trainer.strategy.root_device.type)
