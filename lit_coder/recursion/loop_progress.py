"""Lightning's progress through a round, counted in micro-batches of another size.

    in_other_micro_batches(checkpoint["loops"], saved=1, now=2)

Lightning counts the micro-batches of one process. A run that goes on with fewer devices and more
accumulation, or the other way round, has another number of them in a step; where it stands in the
data is counted in samples, by the loader. A checkpoint always stands between two steps.
"""

from __future__ import annotations

from typing import Any


def in_other_micro_batches(loops: dict[str, Any], saved: int, now: int) -> None:
    """Change the saved progress in place.

    Args:
        loops: a checkpoint's `loops`.
        saved: micro-batches of a step when it was saved.
        now: micro-batches of a step now.
    """
    if saved == now:
        return
    progress = loops["fit_loop"]["epoch_loop.batch_progress"]
    for counts in (progress["total"], progress["current"]):
        added = counts["ready"] // saved * now - counts["ready"]
        # What was saved at the end of a batch has that one not completed yet: by one, as before.
        for name in counts:
            counts[name] += added
