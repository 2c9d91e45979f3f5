"""Answers of a fixed batch, refined step by step; the network itself says when each is done.

    refinement = begin_refinement(network, ids_BL)
    for _ in range(max_steps):
        refinement = refine(network, refinement, ids_BL)
    answers_BL = refinement.logits_BLV.argmax(-1)

After each supervision step the halting head decides for each row: 0 = accept the answer, 1 =
refine it again. An accepted answer stays as it was accepted, so depth adapts to the row. Rows are
masked and never taken out of the batch, so shapes are static: an accepted row still costs its
share of a step. Time is saved by who stops once all are accepted (a look at the device that XLA
has to wait for), or by refilling slots, which `supervision_step` of trm_halting.py does.

Letters after a name are its dimensions:
    B rows   L positions of the sequence   V vocabulary
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from lit_coder.networks.trm import TRM, TRMState
from lit_coder.networks.xla_device import run_pending, share_rows


class Refinement(NamedTuple):
    """Where each row is; of an accepted one, where it was when it was accepted."""

    state: TRMState
    logits_BLV: Tensor
    halt_B: Tensor
    """The halting logits; their sigmoid is how sure the network is that the answer is right."""

    num_steps_B: Tensor
    """Supervision steps that the answer took, int32."""

    is_accepted_B: Tensor

    @property
    def decisions_B(self) -> Tensor:
        """What the halting head says: 0 = accept, 1 = refine again; int32."""
        return (~self.is_accepted_B).int()


def begin_refinement(network: TRM, ids_BL: Tensor, starts: TRMState | None = None) -> Refinement:
    """Before the first step; there is no answer yet.

    Args:
        network: whose states they are.
        ids_BL: the tokens that will be read.
        starts: where thinking starts; None = at the network's starts.
    """
    # On XLA devices, graphs are those of the answers, whatever else was asked for before.
    run_pending(ids_BL.device)
    B, L = ids_BL.shape
    halt_B = torch.zeros(B, device=ids_BL.device)
    refinement = Refinement(
        network.initial_state(B) if starts is None else starts,
        torch.zeros(B, L, network.config.vocab_size, device=ids_BL.device),
        halt_B,
        torch.zeros_like(halt_B, dtype=torch.int32),
        torch.zeros_like(halt_B, dtype=torch.bool),
    )
    for field in (*refinement.state, *refinement[1:]):
        share_rows(field)
    run_pending(ids_BL.device)
    return refinement


def refine(
    network: TRM,
    refinement: Refinement,
    ids_BL: Tensor,
    puzzle_ids_B: Tensor | None = None,
    is_adaptive: bool = True,
    halting_threshold: float = 0.5,
) -> Refinement:
    """One supervision step more, for the rows that are not accepted yet; without gradient.

    Args:
        network: is applied.
        refinement: the one before.
        ids_BL: the tokens, the same at every step.
        puzzle_ids_B: embeddings of the puzzles, where the network has them.
        is_adaptive: False = every row takes every step, as in published evaluation, and may
            change its mind.
        halting_threshold: how sure the network must be that an answer is right for it to be
            accepted, above 0 and below 1.
    """
    least_logit = math.log(halting_threshold / (1 - halting_threshold))
    with torch.no_grad():
        step = network(refinement.state, ids_BL, puzzle_ids_B)
    is_done_B = refinement.is_accepted_B
    if not is_adaptive:
        is_done_B = torch.zeros_like(is_done_B)
    is_done_B11 = is_done_B[:, None, None]
    state = TRMState(
        torch.where(is_done_B11, refinement.state.y_BLD, step.state.y_BLD),
        torch.where(is_done_B11, refinement.state.z_BLD, step.state.z_BLD),
    )
    halt_B = torch.where(is_done_B, refinement.halt_B, step.halt_B)
    refined = Refinement(
        state,
        torch.where(is_done_B11, refinement.logits_BLV, step.logits_BLV),
        halt_B,
        refinement.num_steps_B + (~is_done_B).int(),
        halt_B > least_logit,
    )
    # XLA compiles one step, once, and not all of them as one graph.
    run_pending(ids_BL.device)
    return refined
