"""Where a round's time goes, and what the end of a round is doing at the moment.

clock = RoundClock()
with clock.timed("measuring"): ...
clock.phase, clock.seconds               # "measuring" within, "" outside; {"measuring": 1.4}
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class RoundClock:
    """Seconds of a round by what they were spent on.

    Attributes:
        phase: what is being done now, "" while training: such work may be broken off.
        seconds: of each phase so far.
    """

    def __init__(self) -> None:
        self.phase = ""
        self.seconds: dict[str, float] = {}
        self._started = 0.0

    def start(self) -> None:
        """A round begins: it trains."""
        self.seconds = {}
        self._started = time.perf_counter()

    def end_training(self) -> None:
        """The round's steps are done."""
        self.seconds = {"training": time.perf_counter() - self._started}

    @contextmanager
    def timed(self, phase: str, may_be_broken_off: bool = True) -> Iterator[None]:
        """Count what is done within; phases may come again."""
        started = time.perf_counter()
        self.phase = phase if may_be_broken_off else ""
        try:
            yield
        finally:
            self.phase = ""
            spent = time.perf_counter() - started
            self.seconds[phase] = self.seconds.get(phase, 0.0) + spent
