"""How fast a run trains: tokens and steps per second, and the share of the device's peak (MFU).

    meter = SpeedMeter(partial(training_flops_per_token, config), peak_flops)
    meter.start_over(step)
    meter.add(num_tokens, sequence)             # every micro-batch; no device is asked
    work = meter.take(step)                     # where a row is logged, after the device was read
    meter.rates(work)

Wall-clock time counts, with everything that stands between the steps: waiting for data, saving.
Tokens are all that the network computed, padding too. Work of several processes may be summed
before it is divided by the time; how processes talk is not decided here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple


class Work(NamedTuple):
    """What was done since the last row, by one process or by several together."""

    seconds: float
    num_steps: int
    num_tokens: float
    flops: float


class SpeedMeter:
    """Counts on the host what the device is given.

    Args:
        flops_per_token: FLOPs of a token in a row of so many tokens; None = not known.
        peak_flops: FLOP/s that all devices of the run can do together; None = not known.
    """

    def __init__(
        self,
        flops_per_token: Callable[[int], float] | None = None,
        peak_flops: float | None = None,
    ) -> None:
        self._flops_per_token = flops_per_token
        self._peak_flops = peak_flops
        self.start_over(0)

    def start_over(self, step: int) -> None:
        """Count from now on, at this optimizer step."""
        self._step, self._started = step, time.monotonic()
        self._tokens_by_sequence: dict[int, int] = {}

    def add(self, num_tokens: int, sequence: int) -> None:
        """Add a micro-batch of rows of `sequence` tokens."""
        before = self._tokens_by_sequence.get(sequence, 0)
        self._tokens_by_sequence[sequence] = before + num_tokens

    def take(self, step: int) -> Work:
        """What was done up to this optimizer step; counting starts over."""
        tokens = self._tokens_by_sequence
        per_token = self._flops_per_token
        flops = sum(n * per_token(length) for length, n in tokens.items()) if per_token else 0.0
        seconds = max(1e-9, time.monotonic() - self._started)
        work = Work(seconds, step - self._step, sum(tokens.values()), flops)
        self.start_over(step)
        return work

    def rates(self, work: Work) -> dict[str, float]:
        """`train/steps_per_second`, `train/tokens_per_second`; `train/mfu` where it is known."""
        found = {
            "train/steps_per_second": work.num_steps / work.seconds,
            "train/tokens_per_second": work.num_tokens / work.seconds,
        }
        if self._peak_flops and work.flops:
            found["train/mfu"] = work.flops / work.seconds / self._peak_flops
        return found
