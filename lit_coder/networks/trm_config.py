"""The size and the recursion of a Tiny Recursive Model.

    config = TRMConfig(vocab_size=11, sequence_length=81, mixer="mlp")
    config.num_parameters                                        # 5028866

Plain numbers. Sizes default to those of the published model (Jolicoeur-Martineau, "Less is More:
Recursive Reasoning with Tiny Networks", arXiv:2510.04871, and its code); the network is in trm.py.
How often a task is thought about, and how training halts, is not part of the network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal, get_args

Mixer = Literal["attention", "mlp"]
PositionEncoding = Literal["rope", "learned"]
ComputeDtype = Literal["float32", "bfloat16"]

_FEED_FORWARD_MULTIPLE = 256


@dataclass(frozen=True)
class TRMConfig:
    """The size and the recursion of a TRM.

    Args:
        vocab_size: number of token ids, of inputs and outputs.
        sequence_length: positions of an input, which are those of the output; always all.
        hidden_size: features of a position.
        num_hidden_layers: blocks of the one small network that is applied again and again.
        num_attention_heads: heads of `attention`; divides `hidden_size`, into even parts for rope.
        expansion: features inside a feed-forward layer are 2/3 of this times those outside,
            rounded up to a multiple of 256.
        num_registers: positions in front of the sequence that hold no token; the first one holds
            the puzzle's embedding, where there is one, and answers whether to halt. 0 = none, and
            the first token's position answers.
        num_outer_cycles: T, updates of the answer in a supervision step, each after a round of
            inner updates.
        num_inner_cycles: n, updates of the latent before each update of the answer.
        num_gradient_cycles: how many of the last outer cycles carry gradient; the others only
            bring the state closer. Published: 1.
        mixer: what moves information between positions: self-attention, in which every position
            sees every other, or an mlp over the positions, for short inputs of fixed layout.
        position_encoding: rope turns the queries and keys of `attention`; learned adds a vector
            for each position to the input.
        rope_theta: base of the rotary frequencies.
        rms_norm_eps: added to the mean square.
        num_puzzle_ids: tasks that have an embedding of their own, at the first register, learned
            from zero. 0 = none: registers are zeros, and the task is in its tokens.
        binary_threshold: where the sigmoid of a latent is above it, the latent becomes +1, else
            -1, before the answer reads it; see binary_latents. None = latents stay real numbers.
        compute_dtype: type of states and activations; weights stay in float32 and are cast once
            a supervision step. Published: bfloat16, for GPUs and TPUs. Independent of the
            Trainer's precision, which should be 32-true.

    Raises:
        ValueError: a value that is not possible, by the name of its option.
    """

    vocab_size: int
    sequence_length: int
    hidden_size: int = 512
    num_hidden_layers: int = 2
    num_attention_heads: int = 8
    expansion: float = 4.0
    num_registers: int = 16
    num_outer_cycles: int = 3
    num_inner_cycles: int = 6
    num_gradient_cycles: int = 1
    mixer: Mixer = "attention"
    position_encoding: PositionEncoding = "rope"
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5
    num_puzzle_ids: int = 0
    binary_threshold: float | None = None
    compute_dtype: ComputeDtype = "float32"

    def __post_init__(self) -> None:
        self._check_numbers()
        self._check_choices()
        if self.num_gradient_cycles > self.num_outer_cycles:
            raise ValueError(
                f"model.init_args.num_gradient_cycles ({self.num_gradient_cycles}) must be from 1 "
                f"to model.init_args.num_outer_cycles ({self.num_outer_cycles})"
            )
        needed = self.num_attention_heads * (2 if self.position_encoding == "rope" else 1)
        if self.mixer == "attention" and self.hidden_size % needed:
            raise ValueError(
                f"model.init_args.hidden_size ({self.hidden_size}) must be a multiple of {needed}: "
                f"each of model.init_args.num_attention_heads ({self.num_attention_heads}) takes "
                "an equal part, an even one with rope"
            )
        if self.num_puzzle_ids and not self.num_registers:
            raise ValueError(
                "model.init_args.num_registers must be above 0 with model.init_args.num_puzzle_ids "
                f"({self.num_puzzle_ids}): the first register holds the puzzle's embedding"
            )

    def _check_numbers(self) -> None:
        may_be_zero = ("num_registers", "num_puzzle_ids")
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None or isinstance(value, str):
                continue
            least_is_zero = field.name in may_be_zero
            if value < 0 or (value == 0 and not least_is_zero):
                least = "at least 0" if least_is_zero else "above 0"
                raise ValueError(f"model.init_args.{field.name} must be {least}, not {value}")
        if self.binary_threshold is not None and self.binary_threshold >= 1:
            raise ValueError(
                "model.init_args.binary_threshold must be between 0 and 1, or null for latents "
                f"that are real numbers, not {self.binary_threshold}"
            )

    def _check_choices(self) -> None:
        choices = {
            "mixer": Mixer,
            "position_encoding": PositionEncoding,
            "compute_dtype": ComputeDtype,
        }
        for name, type_of_choice in choices.items():
            allowed = get_args(type_of_choice)
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"model.init_args.{name} must be {' or '.join(allowed)}, "
                    f"not {getattr(self, name)}"
                )

    @property
    def num_positions(self) -> int:
        """Positions of a state: registers, then the sequence."""
        return self.num_registers + self.sequence_length

    @property
    def features_per_head(self) -> int:
        """Features of one attention head."""
        return self.hidden_size // self.num_attention_heads

    @property
    def num_evaluations(self) -> int:
        """How often the small network is applied in one supervision step."""
        return self.num_outer_cycles * (self.num_inner_cycles + 1)

    def feed_forward_size(self, size: int) -> int:
        """Features inside a feed-forward layer over `size` features."""
        wanted = round(self.expansion * size * 2 / 3)
        return _FEED_FORWARD_MULTIPLE * math.ceil(wanted / _FEED_FORWARD_MULTIPLE)

    @property
    def num_parameters(self) -> int:
        """Trainable numbers of a TRM of this size, embeddings of puzzles included."""
        hidden = self.hidden_size
        mixed = 4 * hidden * hidden
        if self.mixer == "mlp":
            mixed = 3 * self.num_positions * self.feed_forward_size(self.num_positions)
        block = mixed + 3 * hidden * self.feed_forward_size(hidden)
        tables = 2 * self.vocab_size + self.num_puzzle_ids
        if self.position_encoding == "learned":
            tables += self.num_positions
        return self.num_hidden_layers * block + tables * hidden + 2 * hidden + 2
