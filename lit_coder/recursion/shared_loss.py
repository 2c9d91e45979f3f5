"""A round's losses and measures over all processes, in a checkpoint and out of it again.

    state = saved_losses(module, processes, accumulate=2)
    take_losses(module, state, processes, accumulate=1)     # by other processes, say

A step has as many losses as it has micro-batches, in all processes together. When the run goes on
with another number of them, the losses so far keep their weight in the round's mean. What a policy
measures are sums and counts, which stay what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lit_coder.modules.canvas_learning import CanvasLearning
from lit_coder.modules.code_module import CodeModule
from lit_coder.modules.policy_learning import PolicyLearning
from lit_coder.objectives.measure_totals import MeasureTotals
from lit_coder.recursion.processes import Processes


def saved_losses(module: CodeModule, processes: Processes, accumulate: int) -> dict[str, Any]:
    """The losses and measures of all processes; each of them calls this at the same time."""
    total, number = processes.sums(module.train_loss.total())
    return {
        "sum": total,
        "number": int(number),
        "a_step_has": processes.count * accumulate,
        "measures": [summed(each, processes) for each in _measures(module.learning)],
    }


def take_losses(
    module: CodeModule, saved: dict[str, Any] | None, processes: Processes, accumulate: int
) -> None:
    """Go on with saved losses and measures: the first process takes them, the others none.

    Args:
        module: of this process; its losses and measures are changed.
        saved: what `saved_losses` gave; None keeps what the first process has.
        processes: of the run as it is now.
        accumulate: micro-batches of a process in a step, now.
    """
    measures = _measures(module.learning)
    if not processes.is_first:
        module.train_loss.reset()
        for each in measures:
            each.load_state_dict({})
    elif saved is not None:
        then, now = int(saved["a_step_has"]), processes.count * accumulate
        total, number = saved["sum"], int(saved["number"])
        if then != now:
            total, number = total / then * now, number * now // then
        module.train_loss.load_state_dict({"sum": total, "count": number})
        # A run that was begun without an objective has none.
        for each, state in zip(measures, saved.get("measures", ()), strict=False):
            each.load_state_dict(state)


def summed(measures: MeasureTotals, processes: Processes) -> dict[str, list[float]]:
    """Sums and counts of all processes, for each of them; they all call this."""
    own = measures.state_dict()
    # A process may have met none of what another one measured.
    names = sorted({name for each in processes.all_interleaved([list(own)]) for name in each})
    # One exchange for all of them.
    pairs = iter(processes.sums([each for name in names for each in own.get(name, (0.0, 0.0))]))
    return {name: [next(pairs), next(pairs)] for name in names}


def _measures(learning: PolicyLearning | CanvasLearning | None) -> Sequence[MeasureTotals]:
    return () if learning is None else (learning.since_row, learning.since_round)
