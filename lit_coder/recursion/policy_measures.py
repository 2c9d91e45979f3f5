"""What a round says of a policy: how its steps went, and how what it wrote was rewarded.

measures = policy_measures(module.learning, processes)       # all processes; starts over
measures |= rollout_measures(counts)
"""

from __future__ import annotations

import dataclasses

from lit_coder.modules.canvas_learning import CanvasLearning
from lit_coder.modules.policy_learning import PolicyLearning
from lit_coder.recursion.advantages import RolloutCounts
from lit_coder.recursion.processes import Processes
from lit_coder.recursion.shared_loss import summed


def policy_measures(
    learning: PolicyLearning | CanvasLearning | None,
    processes: Processes,
    rollouts: RolloutCounts | None,
) -> dict[str, float] | None:
    """Means over the tokens or pairs of the round's steps, of all processes, and what it wrote.

    Args:
        learning: of the module; its measures start over. None where it learns from what passed.
        processes: each of them calls this.
        rollouts: of the round; None in other processes than the first, and where there are none.
    """
    if learning is None:
        return None
    sums = summed(learning.since_round, processes)
    learning.since_round.load_state_dict({})
    found = {name: total / number for name, (total, number) in sums.items() if number}
    return found | (rollout_measures(rollouts) if rollouts is not None else {})


def rollout_measures(counts: RolloutCounts) -> dict[str, float]:
    """The counts of a round's rollouts by name, and the shares made of them."""
    found: dict[str, float] = dict(dataclasses.asdict(counts))
    if counts.groups:
        found["without_spread_share"] = counts.without_spread / counts.groups
    if counts.rollouts:
        found["truncated_share"] = counts.truncated / counts.rollouts
    return found
