"""Learning-rate schedule: linear warm-up, then a cosine down to a floor.

    scheduler = LambdaLR(optimizer, warmup_cosine(warmup_steps=50, total_steps=3000, floor=0.1))

It depends on the step number alone, so that a resumed run goes on exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable


def warmup_cosine(warmup_steps: int, total_steps: int, floor: float) -> Callable[[int], float]:
    """The factor on the peak learning rate at each step (Loshchilov and Hutter, 2017, eq. 5).

    Args:
        warmup_steps: steps over which the factor rises from near 0 to 1.
        total_steps: step at which the cosine reaches `floor`; it stays there afterwards.
        floor: factor at the end.
    """

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
        cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
        return floor + (1.0 - floor) * cosine

    return factor
