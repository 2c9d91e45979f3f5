"""What is counted while a TRM trains, on the device, and read where a row of the log is due.

    measures.add(step, loss)                       # every supervision step; nothing waits
    measures.take()                                # {"train/exact": 0.93, ...}; starts over

Of slots that have just halted: how many answers are exact, after how many supervision steps, and
how many exact answers an application of the network gave. `exact_at_step_k` is the share of the
answers at depth k that are exact, halted or not: whether more steps help. Tokens are not counted:
most of a canvas is right by copying it.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed

from lit_coder.networks.binary_latents import share_of_ones
from lit_coder.networks.trm import TRM
from lit_coder.networks.trm_halting import SupervisionStep
from lit_coder.objectives.deep_supervision import SupervisionLoss

_SHOWN_DEPTHS = (1, 2, 4, 8, 16)


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
        self._max_steps = max_steps
        self._sums: Tensor | None = None

    def add(self, step: SupervisionStep, loss: SupervisionLoss) -> None:
        """Count one supervision step of all slots."""
        carry, is_exact_B = step.carry, loss.is_exact_B
        depths_S = torch.arange(1, self._max_steps + 1, device=is_exact_B.device)
        is_at_BS = carry.num_steps_B[:, None] == depths_S
        ones = share_of_ones(carry.state.z_BLD) if self._is_binary else loss.lm.new_zeros(())
        halted_B = carry.halted_B
        row = torch.stack(
            (
                loss.lm,
                loss.halt,
                ones,
                torch.ones_like(loss.lm),
                halted_B.sum().float(),
                (halted_B & is_exact_B).sum().float(),
                (halted_B * carry.num_steps_B).sum().float(),
                torch.full_like(loss.lm, halted_B.numel()),
            )
        )
        exact_S = (is_at_BS & is_exact_B[:, None]).sum(0).float()
        sums = torch.cat((row, is_at_BS.sum(0).float(), exact_S))
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
        seen, exact = sums[8 : 8 + self._max_steps], sums[8 + self._max_steps :]
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
        if self._is_binary:
            found["train/binary_decision_ratio"] = ones / num_steps
        for depth_shown in _SHOWN_DEPTHS:
            if depth_shown <= self._max_steps and seen[depth_shown - 1]:
                share = exact[depth_shown - 1] / seen[depth_shown - 1]
                found[f"train/exact_at_step_{depth_shown}"] = share
        return found
