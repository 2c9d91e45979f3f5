"""A run's log in words: `training.log`, and how much is said there and on the screen.

    set_log_level("debug")                       # once, before anything is said
    with RunLog(folder / "training.log"): ...    # every line, with its time and its level

Levels are the logging module's. `info` says what was decided and what is odd; `debug` adds each
row of metrics in one line, for runs without a terminal; `warning` and `error` say less. The log of
a run that is gone on with goes on in the same file. Numbers stand in `metrics.csv`.
"""

from __future__ import annotations

import logging
from pathlib import Path
from types import TracebackType
from typing import Literal

LogLevel = Literal["debug", "info", "warning", "error"]
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_PACKAGE = "lit_coder"


def set_log_level(level: LogLevel) -> None:
    """Leave out what is less urgent, in `training.log` and on the screen."""
    logging.getLogger(_PACKAGE).setLevel(level.upper())


class RunLog:
    """The package's log lines in a file, from now until it is closed.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._handler: logging.Handler | None = logging.FileHandler(path, encoding="utf-8")
        self._handler.setFormatter(logging.Formatter(FORMAT))
        logging.getLogger(_PACKAGE).addHandler(self._handler)

    def close(self) -> None:
        """Stop writing; once more does nothing."""
        if self._handler is not None:
            logging.getLogger(_PACKAGE).removeHandler(self._handler)
            self._handler.close()
            self._handler = None

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
