"""What both commands that try functions share: the line of progress, and the option `--workers`.

progress = HarvestProgress(sys.stderr)
progress.show("tried 12 of 80, kept 7")
progress.end()
"""

from __future__ import annotations

import time
from typing import TextIO

from lit_coder.sandbox.options import SandboxOptions

_SECONDS_ON_A_TERMINAL = 0.2
_SECONDS_ELSEWHERE = 20.0


class HarvestProgress:
    """Says how far a harvest is, with the time that it has taken."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._started = self._last = time.monotonic()
        self._width = 0

    def show(self, text: str) -> None:
        """Write the line, unless the last one is too new."""
        now = time.monotonic()
        pause = _SECONDS_ON_A_TERMINAL if self._is_terminal else _SECONDS_ELSEWHERE
        if now - self._last < pause:
            return
        self._last = now
        minutes, seconds = divmod(int(now - self._started), 60)
        line = f"harvest: {text}, {minutes}:{seconds:02}"
        if self._is_terminal:
            self._stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def end(self) -> None:
        """Leave the line that was written over."""
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
            self._width = 0


def sandbox_of(workers: int | None) -> SandboxOptions:
    """The sandbox's options where only the number of processes is asked for.

    Raises:
        ValueError: there are none.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"--workers must be at least 1, not {workers}; leave it out for all cores")
    return SandboxOptions(workers=workers)
