"""The Tiny Recursive Model: one small network that updates a latent and an answer in turn.

    network = TRM(TRMConfig(vocab_size=11, sequence_length=81))
    state = network.initial_state(batch_size)
    state, logits_BLV, halt_B = network(state, ids_BL)        # one supervision step; again, again

A supervision step is T outer cycles; each updates the latent z n times, from z, the answer y and
the input, and then y once, from y and z, all with the same weights (arXiv:2510.04871, and
github.com/SamsungSAILMontreal/TinyRecursiveModels). Only the last outer cycles carry gradient,
and none passes from step to step. All positions are read and written at once; nothing is causal.
Shapes are static and no value is looked at, so that XLA compiles one graph. When to halt, and
which puzzle a slot of a batch works on, is in trm_halting.py; losses are objectives.

Letters after a name are its dimensions:
    B batch   L positions; of a state: registers, then the sequence   D features   V vocabulary
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lit_coder.networks.binary_latents import binarize
from lit_coder.networks.layers import RotaryEmbedding, Rotation
from lit_coder.networks.trm_config import TRMConfig
from lit_coder.networks.trm_layers import Block, BlockWeights, embedding, linear, truncated_normal

__all__ = ["TRM", "TRMConfig", "TRMState", "TRMStep"]

_INITIAL_HALT_BIAS = -5.0
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class TRMState(NamedTuple):
    """What is carried from one supervision step to the next, without gradient."""

    y_BLD: Tensor
    """The answer, as features."""

    z_BLD: Tensor
    """The latent: what the answer is updated from."""


class TRMStep(NamedTuple):
    """What a supervision step gives."""

    state: TRMState
    logits_BLV: Tensor
    """Scores of the tokens of the answer at the positions of the sequence, in float32."""

    halt_B: Tensor
    """Logits that the answer is right as it is, in float32: above 0 = halt."""


class TRM(nn.Module):
    """A Tiny Recursive Model over token ids.

    Args:
        config: its size and its recursion.
    """

    y_start_D: Tensor
    z_start_D: Tensor

    def __init__(self, config: TRMConfig) -> None:
        super().__init__()
        size = config.hidden_size
        self.config = config
        self.compute_dtype = _DTYPES[config.compute_dtype]
        self.embed_tokens = embedding(config.vocab_size, size)
        self.layers = nn.ModuleList(Block(config) for _ in range(config.num_hidden_layers))
        self.lm_head = linear(size, config.vocab_size)
        # The second output is the published value of going on, which nothing reads.
        self.halt_head = nn.Linear(size, 2)
        nn.init.zeros_(self.halt_head.weight)
        nn.init.constant_(self.halt_head.bias, _INITIAL_HALT_BIAS)
        self.embed_puzzles: nn.Embedding | None = None
        if config.num_puzzle_ids:
            self.embed_puzzles = nn.Embedding(config.num_puzzle_ids, size)
            nn.init.zeros_(self.embed_puzzles.weight)
        self.embed_positions: nn.Embedding | None = None
        self.rotary: RotaryEmbedding | None = None
        if config.position_encoding == "learned":
            self.embed_positions = embedding(config.num_positions, size)
        elif config.mixer == "attention":
            self.rotary = RotaryEmbedding(
                config.features_per_head, config.num_positions, config.rope_theta
            )
        # Drawn once and never trained, but part of the weights: another draw is another network.
        self.register_buffer("y_start_D", truncated_normal(size, std=1.0))
        self.register_buffer("z_start_D", truncated_normal(size, std=1.0))

    def initial_state(self, batch_size: int, noise: TRMState | None = None) -> TRMState:
        """Where the thinking about a puzzle starts: the same everywhere, but for noise.

        Args:
            batch_size: B.
            noise: added to the start; `start_noise` draws it. Without it, candidates of the same
                puzzle are all alike.
        """
        sizes = (batch_size, self.config.num_positions, -1)
        y_BLD = self.y_start_D.expand(sizes)
        z_BLD = self.z_start_D.expand(sizes)
        if noise is not None:
            y_BLD, z_BLD = y_BLD + noise.y_BLD, z_BLD + noise.z_BLD
        if self.config.binary_threshold is not None:
            z_BLD = binarize(z_BLD, self.config.binary_threshold)
        # Memory of its own: a state may be written into.
        return TRMState(
            y_BLD.to(self.compute_dtype).contiguous().clone(),
            z_BLD.to(self.compute_dtype).contiguous().clone(),
        )

    def start_noise(self, seeds: Sequence[int], scale: float) -> TRMState:
        """Normal noise for `initial_state`, a row for each seed.

        A row is the same whatever rows stand beside it and wherever it is computed.

        Args:
            seeds: of the rows.
            scale: its standard deviation; the starts' is 1.
        """
        sizes = (2, self.config.num_positions, self.config.hidden_size)
        rows = [torch.randn(sizes, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        y_BLD, z_BLD = (torch.stack(rows, 1) * scale).to(self.y_start_D.device)
        return TRMState(y_BLD, z_BLD)

    def forward(
        self, state: TRMState, ids_BL: Tensor, puzzle_ids_B: Tensor | None = None
    ) -> TRMStep:
        """One supervision step.

        Args:
            state: the one before, or `initial_state`.
            ids_BL: the tokens, `sequence_length` of them a row.
            puzzle_ids_B: which embedding of a puzzle; None = the first one.

        Raises:
            ValueError: rows of another length.
        """
        config = self.config
        if ids_BL.shape[1] != config.sequence_length:
            raise ValueError(
                f"rows must have data.max_sequence_length ({config.sequence_length}) "
                f"tokens, not {ids_BL.shape[1]}"
            )
        weights = [block.cast(self.compute_dtype) for block in self._blocks]
        x_BLD = self._inputs(ids_BL, puzzle_ids_B)
        rotation = None if self.rotary is None else self.rotary(x_BLD)
        with torch.no_grad():
            for _ in range(config.num_outer_cycles - config.num_gradient_cycles):
                state = self._cycle(state, x_BLD, weights, rotation)
        for _ in range(config.num_gradient_cycles):
            state = self._cycle(state, x_BLD, weights, rotation)
        y_BLD, z_BLD = state
        return TRMStep(
            TRMState(y_BLD.detach(), z_BLD.detach()),
            self._read(self.lm_head, y_BLD[:, config.num_registers :]),
            self._read(self.halt_head, y_BLD[:, 0])[:, 0],
        )

    @property
    def output_weight(self) -> Tensor:
        """The parameter (V, D) of the output layer."""
        return self.lm_head.weight

    @property
    def _blocks(self) -> list[Block]:
        return [block for block in self.layers if isinstance(block, Block)]

    def _inputs(self, ids_BL: Tensor, puzzle_ids_B: Tensor | None) -> Tensor:
        """Features of registers and tokens, of unit variance."""
        config = self.config
        x_BLD: Tensor = self.embed_tokens(ids_BL).to(self.compute_dtype)
        if config.num_registers:
            B, _, D = x_BLD.shape
            registers_BLD = x_BLD.new_zeros(B, config.num_registers, D)
            if self.embed_puzzles is not None:
                if puzzle_ids_B is None:
                    puzzle_ids_B = ids_BL.new_zeros(B)
                puzzles_BD: Tensor = self.embed_puzzles(puzzle_ids_B).to(self.compute_dtype)
                registers_BLD = F.pad(puzzles_BD[:, None], (0, 0, 0, config.num_registers - 1))
            x_BLD = torch.cat((registers_BLD, x_BLD), 1)
        scale = math.sqrt(config.hidden_size)
        if self.embed_positions is not None:
            x_BLD = x_BLD + self.embed_positions.weight.to(self.compute_dtype)
            # The sum of two has the variance of each again.
            scale *= math.sqrt(0.5)
        return x_BLD * scale

    def _cycle(
        self,
        state: TRMState,
        x_BLD: Tensor,
        weights: list[BlockWeights],
        rotation: Rotation | None,
    ) -> TRMState:
        """An outer cycle: n updates of the latent, then one of the answer."""
        y_BLD, z_BLD = state
        # The input is seen by updates of the latent only: that is how the network knows its job.
        given_BLD = y_BLD + x_BLD
        for _ in range(self.config.num_inner_cycles):
            z_BLD = self._update(z_BLD + given_BLD, weights, rotation)
        if self.config.binary_threshold is not None:
            z_BLD = binarize(z_BLD, self.config.binary_threshold)
        return TRMState(self._update(y_BLD + z_BLD, weights, rotation), z_BLD)

    def _update(
        self, h_BLD: Tensor, weights: list[BlockWeights], rotation: Rotation | None
    ) -> Tensor:
        """The small network."""
        for block, block_weights in zip(self._blocks, weights, strict=True):
            h_BLD = block(h_BLD, block_weights, rotation)
        return h_BLD

    def _read(self, head: nn.Linear, y: Tensor) -> Tensor:
        """What a head says of the answer, in float32."""
        dtype = self.compute_dtype
        bias = None if head.bias is None else head.bias.to(dtype)
        return F.linear(y, head.weight.to(dtype), bias).float()
