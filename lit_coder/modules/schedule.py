"""Learning-rate schedules: linear warm-up, then a cosine, or a plateau with a decay at its end.

    scheduler = LambdaLR(optimizer, warmup_cosine(warmup_steps=50, total_steps=3000, floor=0.1))
    factor = warmup_stable_decay(50, 3000, floor=0.1, decay_share=0.2)

They depend on the step number alone, so that a resumed run goes on exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

ScheduleKind = Literal["cosine", "warmup_stable_decay"]


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


def warmup_stable_decay(
    warmup_steps: int, total_steps: int, floor: float, decay_share: float
) -> Callable[[int], float]:
    """The factor on the peak learning rate at each step (Hagele et al., 2024).

    It stays at 1 until the decay, which falls as 1 - sqrt(progress): fast at first. A run that is
    made longer repeats nothing but its decay.

    Args:
        warmup_steps: steps over which the factor rises from near 0 to 1.
        total_steps: step at which the decay reaches `floor`; it stays there afterwards.
        floor: factor at the end.
        decay_share: share of all steps in which it decays, never of those of the warm-up.
    """
    num_decay_steps = max(1, round(decay_share * total_steps))
    first_decay_step = max(warmup_steps, total_steps - num_decay_steps)

    def factor(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / warmup_steps
        if step < first_decay_step:
            return 1.0
        progress = (step - first_decay_step) / max(1, total_steps - first_decay_step)
        return floor + (1.0 - floor) * (1.0 - math.sqrt(min(1.0, progress)))

    return factor
