"""Which lines of the tried program a call reaches; runs in the sandbox.

    with Reached() as reached:
        call(function, arguments)
    reached.lines

Only lines of the program itself are followed, so that its libraries run at their own speed.
"""

from __future__ import annotations

import sys
from types import FrameType, TracebackType
from typing import Any

from lit_coder.harvesting.inside.execution import FILE_NAME


class Reached:
    """The lines that were executed while it was entered."""

    def __init__(self) -> None:
        self.lines: set[int] = set()

    def __enter__(self) -> Reached:
        """Begin to follow."""
        sys.settrace(self._of_frame)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it."""
        sys.settrace(None)

    def _of_frame(self, frame: FrameType, event: str, _: object) -> Any:
        return self._of_line if frame.f_code.co_filename == FILE_NAME else None

    def _of_line(self, frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            self.lines.add(frame.f_lineno)
        return self._of_line
