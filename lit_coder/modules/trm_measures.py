"""What is counted while a TRM trains or is validated, on the device; nothing waits for it.

    measures.add(step, loss)                       # every supervision step of training
    measures.take()                                # {"train/exact": 0.93, ...}; waits, starts over
    refined_measures(network, objective, ids_BT, labels_BT, weights_BT, 16)    # of validation

Of training's slots that have just halted: how many answers are exact, after how many supervision
steps, and how many exact answers an application of the network gave. `exact_within_k_steps` is the
share of them that halted exact after k steps or fewer. Whether more steps help is not seen there,
since what is easy halts early: of validation every row takes every step, and `exact_at_step_k` is
the share of all rows that is exact after step k. Tokens are not counted: most of a canvas is right
by copying it.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed

from lit_coder.networks.binary_latents import share_of_ones
from lit_coder.networks.trm import TRM
from lit_coder.networks.trm_halting import SupervisionStep
from lit_coder.networks.trm_refinement import begin_refinement, refine
from lit_coder.networks.xla_device import run_pending
from lit_coder.objectives.deep_supervision import DeepSupervision, SupervisionLoss
from lit_coder.training_data.examples import IGNORED

_SHOWN_STEPS = (1, 2, 4, 8, 16)


class TRMMeasures:
    """Sums since the last row.

    Args:
        network: whose steps they are.
        max_steps: supervision steps of a puzzle, at most.
    """

    def __init__(self, network: TRM, max_steps: int) -> None:
        config = network.config
        self._evaluations_per_step = config.num_outer_cycles * (config.num_inner_cycles + 1)
        self._is_binary = config.binary_threshold is not None
        self._shown_steps = [step for step in _SHOWN_STEPS if step <= max_steps]
        self._sums: Tensor | None = None

    def add(self, step: SupervisionStep, loss: SupervisionLoss) -> None:
        """Count one supervision step of all slots."""
        carry, is_exact_B = step.carry, loss.is_exact_B
        ones = share_of_ones(carry.state.z_BLD) if self._is_binary else loss.lm.new_zeros(())
        halted_B = carry.halted_B
        is_done_B = halted_B & is_exact_B
        sums = torch.stack(
            (
                loss.lm,
                loss.halt,
                ones,
                torch.ones_like(loss.lm),
                halted_B.sum().float(),
                is_done_B.sum().float(),
                (halted_B * carry.num_steps_B).sum().float(),
                torch.full_like(loss.lm, halted_B.numel()),
                *(
                    (is_done_B & (carry.num_steps_B <= step_shown)).sum().float()
                    for step_shown in self._shown_steps
                ),
            )
        )
        if self._sums is None:
            # From the host: each step is the same graph on an XLA device, the first one too.
            self._sums = torch.zeros(sums.shape).to(sums.device)
        self._sums = self._sums + sums

    def take(self) -> dict[str, float]:
        """The means since the last row, by their names in the log. Waits for the device.

        They are of the slots of all processes, each of which must ask.
        """
        if self._sums is None:
            return {}
        if distributed.is_available() and distributed.is_initialized():
            distributed.all_reduce(self._sums)
        sums, self._sums = self._sums.tolist(), None
        lm, halt, ones, num_steps, num_halted, num_exact, depth, num_slots = sums[:8]
        found = {
            "train/answer_loss": lm / num_steps,
            "train/halting_loss": halt / num_steps,
            "train/halted_share": num_halted / num_slots,
            "train/exact_per_network_evaluation": (
                num_exact / (num_slots * self._evaluations_per_step)
            ),
        }
        if num_halted:
            found["train/exact"] = num_exact / num_halted
            found["train/mean_depth"] = depth / num_halted
            for step, num_within in zip(self._shown_steps, sums[8:], strict=True):
                found[f"train/exact_within_{step}_steps"] = num_within / num_halted
        if self._is_binary:
            found["train/binary_decision_ratio"] = ones / num_steps
        return found


def refined_measures(
    network: TRM,
    objective: DeepSupervision,
    ids_BT: Tensor,
    labels_BT: Tensor,
    weights_BT: Tensor | None,
    num_steps: int,
) -> dict[str, Tensor]:
    """The loss after all supervision steps, and which share of the rows is exact after some.

    Every row takes every step. Rows without labels, which fill a batch up, are not counted.

    Args:
        network: refines, without gradient.
        objective: whose cross-entropy is the loss, and which says what is exact.
        ids_BT: tokens.
        labels_BT: at their positions.
        weights_BT: of labels.
        num_steps: supervision steps.

    Returns:
        `loss` and `exact_at_step_k`, scalars on the device.
    """
    is_row_B = (labels_BT != IGNORED).any(1)
    num_rows = is_row_B.sum().clamp(min=1)
    refinement = begin_refinement(network, ids_BT)
    found: dict[str, Tensor] = {}
    for step in range(1, num_steps + 1):
        refinement = refine(network, refinement, ids_BT, is_adaptive=False)
        if step not in (*_SHOWN_STEPS, num_steps):
            continue
        result = objective(refinement.logits_BLV, refinement.halt_B, labels_BT, weights_BT)
        if step in _SHOWN_STEPS:
            found[f"exact_at_step_{step}"] = (result.is_exact_B & is_row_B).sum() / num_rows
        found["loss"] = result.lm * (len(labels_BT) / num_rows)
        # XLA compiles this once, and each refining step stays the same graph.
        run_pending(ids_BT.device)
    return found
