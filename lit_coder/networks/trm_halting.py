"""Adaptive computation: each slot of a batch thinks as long as it needs, then takes a new puzzle.

    carry = initial_carry(network, batch)                        # every slot is free
    for batch in loader:                                         # each an optimizer step
        step = supervision_step(network, carry, batch, max_steps=16)
        loss = objective(step.logits_BLV, step.halt_B, step.carry.data["labels_BT"])
        carry = step.carry

A step of training is one supervision step of all slots, which stand at different depths. A slot
that has halted takes its row of the incoming batch at the next step; rows for slots that still
think are dropped. That is the published training (arXiv:2510.04871 and its code), with masks in
place of every branch: shapes are static and no value is looked at. A carry is only tensors: it is
no part of a network's weights. Refining answers of a fixed batch is in trm_refinement.py.

Letters after a name are its dimensions:
    B slots of the batch   L or T positions of the sequence   V vocabulary
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from lit_coder.networks.trm import TRM, TRMState

IDS = "ids_BT"
"""The field of a batch that holds the tokens to read."""

PUZZLE_IDS = "puzzle_ids_B"
"""The field that says which embedding of a puzzle a row has; a batch may lack it."""


class Carry(NamedTuple):
    """What each slot works on and how far it is."""

    state: TRMState
    num_steps_B: Tensor
    """Supervision steps since the slot took its puzzle, int32."""

    halted_B: Tensor
    """Whether the slot is done and takes a new puzzle at the next step."""

    data: dict[str, Tensor]
    """The fields of the batch's rows that the slots work on."""


class SupervisionStep(NamedTuple):
    """What a supervision step gives; the rows it is about are in `carry.data`."""

    carry: Carry
    logits_BLV: Tensor
    halt_B: Tensor


def initial_carry(network: TRM, batch: Mapping[str, Tensor]) -> Carry:
    """A carry whose slots are all free; nothing in it is read.

    Args:
        network: whose states the slots hold.
        batch: an example of the batches to come: their fields, sizes and device.
    """
    ids_BL = batch[IDS]
    sizes = (ids_BL.shape[0], network.config.num_positions, network.config.hidden_size)
    state = TRMState(
        *(torch.zeros(sizes, dtype=network.compute_dtype, device=ids_BL.device) for _ in range(2))
    )
    return Carry(
        state,
        torch.zeros(sizes[0], dtype=torch.int32, device=ids_BL.device),
        torch.ones(sizes[0], dtype=torch.bool, device=ids_BL.device),
        {name: torch.zeros_like(field) for name, field in batch.items()},
    )


def refill(
    network: TRM,
    carry: Carry,
    batch: Mapping[str, Tensor],
    starts: TRMState | None = None,
) -> Carry:
    """Slots that have halted start anew, each with its row of the batch; the others go on.

    Args:
        network: whose starts they are.
        carry: the one before.
        batch: has the fields of the carry's data; others are not read.
        starts: where the free slots start; None = at the network's starts.
    """
    halted_B = carry.halted_B
    if starts is None:
        # One row is enough for all.
        starts = network.initial_state(1)
    state = TRMState(
        *(_chosen(halted_B, new, old) for new, old in zip(starts, carry.state, strict=True))
    )
    data = {name: _chosen(halted_B, batch[name], field) for name, field in carry.data.items()}
    num_steps_B = torch.where(halted_B, 0, carry.num_steps_B)
    return Carry(state, num_steps_B, torch.zeros_like(halted_B), data)


def supervision_step(
    network: TRM,
    carry: Carry,
    batch: Mapping[str, Tensor],
    max_steps: int,
    exploration_probability: float = 0.1,
    is_training: bool = True,
    is_adaptive: bool = False,
    starts: TRMState | None = None,
) -> SupervisionStep:
    """Free slots are refilled, all take one supervision step, and some halt.

    Args:
        network: is applied.
        carry: the one before.
        batch: rows for the free slots.
        max_steps: a slot halts after so many steps.
        exploration_probability: in training, the share of slots that may not halt before a
            number of steps drawn from 2 to `max_steps`, so that the network also learns what
            more steps do.
        is_training: slots halt where the halting logit is above 0.
        is_adaptive: so they do outside training, where otherwise all take `max_steps`.
        starts: where the free slots start; None = at the network's starts.
    """
    carry = refill(network, carry, batch, starts)
    state, logits_BLV, halt_B = network(carry.state, carry.data[IDS], carry.data.get(PUZZLE_IDS))
    num_steps_B = carry.num_steps_B + 1
    halted_B = num_steps_B >= max_steps
    if is_training or is_adaptive:
        halted_B = halted_B | (halt_B.detach() > 0)
    if is_training and max_steps > 1:
        explores_B = torch.rand_like(halt_B) < exploration_probability
        drawn_B = torch.randint_like(num_steps_B, low=2, high=max_steps + 1)
        halted_B = halted_B & (num_steps_B >= explores_B * drawn_B)
    return SupervisionStep(Carry(state, num_steps_B, halted_B, carry.data), logits_BLV, halt_B)


def _chosen(halted_B: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """The new rows where a slot has halted, elsewhere the old."""
    return torch.where(halted_B.view(-1, *[1] * (old.dim() - 1)), new, old)
