"""The Tiny Recursive Model as a LightningModule.

    python main.py fit --config configs/trm_debug.yaml
    python main.py fit --model TRMModule --data.canvas_length 16 --data.families '[sudoku]' ...

A step of training is one supervision step of every slot of the batch, under automatic
optimization: what the slots think about is carried from step to step and saved for a resume. The
network is networks/trm.py, the loss objectives/deep_supervision.py or, where it learns from rewards
of what it wrote, objectives/canvas_policy.py; answering is generation/trm_generator.py. Problems
are laid out as canvases by the DataModule.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor

from lit_coder.generation.canvas import Canvas, CanvasShape
from lit_coder.generation.trm_generator import RefinementOptions, TRMGenerator
from lit_coder.modules.canvas_learning import CanvasLearning
from lit_coder.modules.code_module import Batch, CodeModule, CompileMode, TrainingOptions
from lit_coder.modules.given_options import refuse_no_numbers
from lit_coder.modules.optimizers import OptimizerKind, OptimizerOptions
from lit_coder.modules.schedule import ScheduleKind
from lit_coder.modules.trm_carries import Carries
from lit_coder.modules.trm_measures import TRMMeasures, refined_measures
from lit_coder.modules.weight_average import WeightAverage, frozen_copy
from lit_coder.networks.fused_block import compile_backward_early
from lit_coder.networks.trm import TRM, TRMConfig, TRMState
from lit_coder.networks.trm_config import ComputeDtype, Mixer, PositionEncoding
from lit_coder.networks.trm_halting import Carry, SupervisionStep, supervision_step
from lit_coder.networks.xla_device import run_pending, share_rows
from lit_coder.objectives.canvas_policy import CanvasPolicy
from lit_coder.objectives.deep_supervision import CrossEntropy, DeepSupervision, SupervisionLoss
from lit_coder.training_data.examples import IGNORED

logger = logging.getLogger("lit_coder.modules")

_MOST_OF_PADDING = 1 - 2**-20
_SIZES = tuple(f.name for f in dataclasses.fields(TRMConfig) if f.name != "sequence_length")


class TRMModule(CodeModule):
    """A network of two layers that refines an answer again and again (Jolicoeur-Martineau, 2025).

    Args:
        hidden_size: features of a position.
        num_hidden_layers: blocks of the one small network.
        num_attention_heads: heads of attention.
        expansion: feed-forward width is 2/3 of this times hidden_size, up to a multiple of 256.
        num_registers: positions in front of the row that hold no token.
        num_outer_cycles: T, updates of the answer in a supervision step.
        num_inner_cycles: n, updates of the latent before each of them.
        num_gradient_cycles: how many of the T carry gradient, the last ones; the others are passes
            without.
        mixer: attention; or mlp over the positions, for short rows of a fixed layout.
        position_encoding: rope, or learned.
        rope_theta: base of the rotary frequencies.
        rms_norm_eps: added to the mean square in each norm.
        num_puzzle_ids: 0, or 1 for a trained embedding in the first register; tasks are told by
            their tokens.
        binary_threshold: latents become +1 where their sigmoid is above it and else -1; None
            leaves them real.
        compute_dtype: of states and activations; keep trainer.precision at 32-true.
        supervision_steps: of an answer, at most, in training and where it is written.
        exploration_probability: share of the slots that may not halt before a random step.
        halts_when_sure: where answers are written, the halting head accepts (0) or refines (1);
            false always takes all supervision steps, as published.
        halting_threshold: how sure it must be that an answer is right to accept it.
        cross_entropy: stablemax, or softmax.
        halt_weight: of the halting loss; an objective's must be the same.
        padding_weight: what all padding of an answer weighs together, in tokens.
        average_decay: of the running average of the weights, which is what is measured and used.
        learning_rate: peak learning rate of AdamW.
        min_learning_rate_ratio: share of the peak that the schedule ends at.
        warmup_steps: steps of linear warm-up.
        weight_decay: on matrices only.
        max_gradient_norm: gradients are scaled down to this norm.
        optimizer: as GPTModule's.
        muon_learning_rate: as GPTModule's.
        muon_weight_decay: as GPTModule's.
        schedule: as GPTModule's.
        decay_share: share of all steps in which warmup_stable_decay decays.
        compile: a supervision step with torch.compile; auto does so on a CUDA device. XLA devices
            compile by themselves, whatever is said here.
        vocab_size: linked to the tokenizer; not set by hand.
        max_position_embeddings: positions of a row; linked to data.max_sequence_length.
        canvas_length: positions of the canvas; linked to data.canvas_length.
        canvas_line_length: positions of a line of it; linked to data.canvas_line_length.
        objective: CanvasPolicy, to learn from the rewards of all that it wrote in a round. None =
            to write what passed.
    """

    network: TRM
    averaged: TRM
    learning: CanvasLearning | None = None
    has_static_shapes = True

    def __init__(
        self,
        hidden_size: int = 512,
        num_hidden_layers: int = 2,
        num_attention_heads: int = 8,
        expansion: float = 4.0,
        num_registers: int = 16,
        num_outer_cycles: int = 3,
        num_inner_cycles: int = 6,
        num_gradient_cycles: int = 1,
        mixer: Mixer = "attention",
        position_encoding: PositionEncoding = "rope",
        rope_theta: float = 10000.0,
        rms_norm_eps: float = 1e-5,
        num_puzzle_ids: int = 0,
        binary_threshold: float | None = None,
        compute_dtype: ComputeDtype = "float32",
        supervision_steps: int = 16,
        exploration_probability: float = 0.1,
        halts_when_sure: bool = True,
        halting_threshold: float = 0.5,
        cross_entropy: CrossEntropy = "stablemax",
        halt_weight: float = 0.5,
        padding_weight: float = 1.0,
        average_decay: float = 0.999,
        learning_rate: float = 1e-4,
        min_learning_rate_ratio: float = 1.0,
        warmup_steps: int = 2000,
        weight_decay: float = 0.1,
        max_gradient_norm: float = 1.0,
        optimizer: OptimizerKind = "adamw",
        muon_learning_rate: float | None = None,
        muon_weight_decay: float | None = None,
        schedule: ScheduleKind = "cosine",
        decay_share: float = 0.2,
        compile: CompileMode = "auto",
        vocab_size: int = 512,
        max_position_embeddings: int = 256,
        canvas_length: int | None = None,
        canvas_line_length: int | None = None,
        objective: CanvasPolicy | None = None,
    ) -> None:
        given = dict(locals())
        _check_options(given)
        super().__init__(_training_options(given))
        # What is rebuilt from a checkpoint is to be used, and needs no objective.
        self.save_hyperparameters(ignore=["objective"])
        sizes = {name: given[name] for name in _SIZES}
        self.network = TRM(TRMConfig(sequence_length=max_position_embeddings, **sizes))
        self.averaged = frozen_copy(self.network)
        self.average_decay = average_decay
        self.objective = DeepSupervision(cross_entropy, halt_weight)
        self.learning = None if objective is None else CanvasLearning(objective)
        self._measures = TRMMeasures(self.network, supervision_steps)
        self._carries: Carries | None = None
        self._saved_carries: dict[str, Tensor] = {}
        self._num_filled = self._most_measured = 0

    def configure_callbacks(self) -> list[pl.Callback]:
        """The average moves where there is training."""
        return [WeightAverage()]

    def on_fit_start(self) -> None:
        """Compile where that is wanted; take up what the slots of a checkpoint worked on."""
        data = getattr(self.trainer, "datamodule", None)
        has_rewards = data is None or getattr(data, "learns_from", "accepted") == "rollouts"
        if self.learning is not None and not has_rewards:
            raise ValueError(
                "model.init_args.objective needs batches with canvases and their rewards: set "
                "data.learns_from to rollouts, or leave the objective out"
            )
        super().on_fit_start()
        self._carries = Carries(self.network, self.trainer.accumulate_grad_batches)
        self._carries.load_state_dict(self._saved_carries)
        self._saved_carries = {}

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Keep what was logged before out of the step's graph on XLA devices."""
        run_pending(self.device)

    def training_step(self, batch: Batch, batch_index: int) -> Tensor:
        """One supervision step of every slot."""
        assert self._carries is not None, "fit begins with on_fit_start"
        fields = {name: batch[name] for name in ("ids_BT", "labels_BT")}
        starts = None
        if self.learning is not None:
            fields = self.learning.fields(batch)
            starts = self.learning.starts(self.network, batch)
        index = batch_index % self.trainer.accumulate_grad_batches
        step = self._supervise(self._carries.of(fields, index), fields, starts)
        if self.learning is not None:
            step = self.learning.replayed(step)
        loss = self._step_loss(step)
        self._carries.keep(index, step.carry)
        self._measures.add(step, loss)
        self.train_loss.add(loss.total)
        return loss.total

    def _step_loss(self, step: SupervisionStep) -> SupervisionLoss:
        labels_BT = step.carry.data["labels_BT"]
        weights_BT = self._weights(labels_BT)
        if self.learning is not None:
            return self.learning.loss(step, weights_BT, self._banned_ids)
        return self.objective(step.logits_BLV, step.halt_B, labels_BT, weights_BT)

    def validation_step(self, batch: Any, batch_index: int, dataloader_idx: int = 0) -> None:
        """Log a loss; XLA would compile the network anew for a batch of fewer rows: fill it up."""
        num_rows = batch["ids_BT"].shape[0]
        self._most_measured = max(self._most_measured, num_rows)
        self._num_filled = self._most_measured - num_rows if self.device.type == "xla" else 0
        if self._num_filled:
            assert self.tokenizer is not None, "fit or a checkpoint gives the tokenizer"
            batch = filled_up(batch, self._num_filled, self.tokenizer.pad_id)
            run_pending(self.device)
            batch = {name: share_rows(field) for name, field in batch.items()}
        super().validation_step(batch, batch_index, dataloader_idx)

    def num_measured(self, batch: Batch) -> int:
        """Rows that were there before a batch was filled up."""
        return super().num_measured(batch) - self._num_filled

    def loss(self, batch: Batch) -> Tensor:
        """The answer's cross-entropy after all supervision steps, with the averaged weights."""
        return self.validation_measures(batch)["loss"]

    def validation_measures(self, batch: Batch) -> dict[str, Tensor]:
        """The loss, and the share of rows that is exact after each of some supervision steps."""
        ids_BT, labels_BT = batch["ids_BT"], batch["labels_BT"]
        weights_BT, num_steps = self._weights(labels_BT), self.hparams["supervision_steps"]
        return refined_measures(
            self.averaged, self.objective, ids_BT, labels_BT, weights_BT, num_steps
        )

    def generator(self) -> TRMGenerator:
        """A generator over the averaged weights.

        Raises:
            RuntimeError: no tokenizer is known yet (neither trained nor loaded).
        """
        if self.tokenizer is None:
            raise RuntimeError("the module has no tokenizer yet: load a checkpoint or start fit")
        options, tokenizer = self.hparams, self.tokenizer
        sizes = ("max_position_embeddings", "canvas_length", "canvas_line_length")
        canvas = Canvas.of_row(tokenizer, *(options[name] for name in sizes))
        refinement = RefinementOptions(
            options["supervision_steps"],
            options["halts_when_sure"],
            is_stablemax=options["cross_entropy"] == "stablemax",
            looks_at_halting=self.device.type != "xla",
            fills_batches=self.device.type == "xla",
            halting_threshold=options["halting_threshold"],
        )
        return TRMGenerator(self.averaged, canvas, refinement, self._banned_ids)

    @property
    def _banned_ids(self) -> tuple[int, ...]:
        """What is never written: what no text holds, but for end and padding."""
        tokenizer = self.tokenizer
        assert tokenizer is not None, "fit or a checkpoint gives the tokenizer"
        return tuple(sorted({*tokenizer.special_ids} - {tokenizer.end_id, tokenizer.pad_id}))

    @property
    def used_network(self) -> TRM:
        """The averaged one."""
        return self.averaged

    def take_measures(self) -> dict[str, float]:
        """Exact answers, depth and halting since the last row, and what the policy measured."""
        measures = self._measures.take()
        if self.learning is not None:
            policy = self.learning.since_row.take()
            measures |= {f"train/{name}": mean for name, mean in policy.items()}
        return measures

    def compile_network(self) -> None:
        """Have supervision steps go through torch.compile; where that fails, they go on as is."""
        if self.device.type == "xla":
            return
        compile_backward_early()
        self.network.compile(dynamic=False)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put what the slots work on beside the weights."""
        super().on_save_checkpoint(checkpoint)
        if self._carries is not None:
            checkpoint["trm_carries"] = self._carries.state_dict()
        if self.learning is not None:
            checkpoint["canvas_learning"] = self.learning.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep what the slots worked on for a fit; other uses drop it."""
        super().on_load_checkpoint(checkpoint)
        if self._trainer is not None and self.trainer.state.fn == TrainerFn.FITTING:
            self._saved_carries = dict(checkpoint.get("trm_carries", {}))
            if self.learning is not None and "canvas_learning" in checkpoint:
                self.learning.load_state_dict(checkpoint["canvas_learning"])

    def _supervise(
        self, carry: Carry, batch: dict[str, Tensor], starts: TRMState | None
    ) -> SupervisionStep:
        options = self.hparams
        arguments = (options["supervision_steps"], options["exploration_probability"])
        try:
            return supervision_step(self.network, carry, batch, *arguments, starts=starts)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            if self.network._compiled_call_impl is None:
                raise
            # A fault of the network itself comes again below.
            self.network._compiled_call_impl = None
            reason = next(iter(str(error).strip().splitlines()), "no reason given")
            logger.warning("the network goes on without torch.compile: %s", reason)
            return supervision_step(self.network, carry, batch, *arguments, starts=starts)

    def _weights(self, labels_BT: Tensor) -> Tensor | None:
        """1 for the answer and its end; all padding weighs `padding_weight` together."""
        assert self.tokenizer is not None, "fit or a checkpoint gives the tokenizer"
        is_padding_BT = labels_BT == self.tokenizer.pad_id
        num_padding_B1 = is_padding_BT.sum(1, keepdim=True).clamp(min=1)
        share_B1 = self.hparams["padding_weight"] / num_padding_B1
        # Below 1, also where there is one position of it: padding is not read, and need not be met.
        weights_BT = torch.where(is_padding_BT, share_B1.clamp(max=_MOST_OF_PADDING), 1.0)
        return torch.where(labels_BT == IGNORED, 0.0, weights_BT)


def filled_up(batch: dict[str, Tensor], num_rows: int, pad_id: int) -> dict[str, Tensor]:
    """The batch with so many rows more, of padding without labels."""
    fills = {"ids_BT": pad_id, "labels_BT": IGNORED}
    return {
        name: torch.cat(
            [field, torch.full_like(field[:1], fills.get(name, 0)).repeat_interleave(num_rows, 0)]
        )
        for name, field in batch.items()
    }


def _training_options(given: dict[str, Any]) -> TrainingOptions:
    """What the options say of training."""
    names = ("learning_rate", "muon_learning_rate", "weight_decay", "muon_weight_decay")
    return TrainingOptions(
        optimizer=OptimizerOptions(given["optimizer"], **{name: given[name] for name in names}),
        schedule=given["schedule"],
        min_learning_rate_ratio=given["min_learning_rate_ratio"],
        warmup_steps=given["warmup_steps"],
        decay_share=given["decay_share"],
        max_gradient_norm=given["max_gradient_norm"],
        compile_mode=given["compile"],
    )


def _check_options(given: dict[str, Any]) -> None:
    """Raise where an option of the module itself is out of its range."""
    refuse_no_numbers(TRMModule, given)
    canvas, positions = given["canvas_length"], given["max_position_embeddings"]
    if canvas is None:
        raise ValueError(
            "data.canvas_length is needed for a TRMModule: the tokens of the canvas that holds the "
            "answer, at most data.max_sequence_length"
        )
    for name, good, meaning in (
        ("num_puzzle_ids", given["num_puzzle_ids"] <= 1, "0 or 1, as rows name no puzzle"),
        ("supervision_steps", given["supervision_steps"] >= 1, "1 or more"),
        ("exploration_probability", 0 <= given["exploration_probability"] <= 1, "from 0 to 1"),
        ("halting_threshold", 0 < given["halting_threshold"] < 1, "above 0 and below 1"),
        ("padding_weight", 0 <= given["padding_weight"] <= 1, "from 0 to 1"),
        ("average_decay", 0 <= given["average_decay"] < 1, "from 0 to below 1"),
    ):
        if not good:
            raise ValueError(f"model.init_args.{name} must be {meaning}, not {given[name]}")
    for name in ("cross_entropy", "halt_weight"):
        own = getattr(given["objective"], name, given[name])
        if own != given[name]:
            raise ValueError(
                f"model.init_args.objective: {name} must be model.init_args.{name} "
                f"({given[name]}), not {own}: a network is learned with one"
            )
    CanvasShape.of_row(positions, canvas, given["canvas_line_length"])
