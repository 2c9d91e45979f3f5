"""A round's training loss over all processes, in a checkpoint and out of it again.

    state = saved_losses(module.train_loss, processes, accumulate=2)
    take_losses(module.train_loss, state, processes, accumulate=1)     # by other processes, say

A step has as many losses as it has micro-batches, in all processes together. When the run goes on
with another number of them, the losses so far keep their weight in the round's mean.
"""

from __future__ import annotations

from lit_coder.modules.code_module import LossTotal
from lit_coder.recursion.processes import Processes


def saved_losses(
    losses: LossTotal, processes: Processes, accumulate: int
) -> dict[str, float | int]:
    """The losses of all processes; each of them calls this at the same time."""
    total, number = processes.sums(losses.total())
    return {"sum": total, "number": int(number), "a_step_has": processes.count * accumulate}


def take_losses(
    losses: LossTotal, saved: dict[str, float | int] | None, processes: Processes, accumulate: int
) -> None:
    """Go on with saved losses: the first process takes them, the others none.

    Args:
        losses: of this process; changed.
        saved: what `saved_losses` gave; None keeps what the first process has.
        processes: of the run as it is now.
        accumulate: micro-batches of a process in a step, now.
    """
    if not processes.is_first:
        losses.reset()
    elif saved is not None:
        then, now = int(saved["a_step_has"]), processes.count * accumulate
        total, number = saved["sum"], int(saved["number"])
        if then != now:
            total, number = total / then * now, number * now // then
        losses.load_state_dict({"sum": total, "count": number})
