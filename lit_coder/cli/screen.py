"""What appears on the screen beside tables: our log lines, and nothing of other libraries' chatter.

    quiet_warnings()      # before the libraries are imported: some warn while they load
    log_to_stderr()
    quiet_loggers()       # after: Lightning sets its loggers' levels when it is imported

Every message is silenced by name, with why a user can do nothing about it. What is not named here
is shown.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import TextIO

_WARNINGS = (
    ".*LeafSpec.*is deprecated.*",  # between Lightning and torch
    ".*does not have many workers.*",  # batches are made in the main process on purpose
    ".*no .*_dataloader.* defined.*",
    ".*`weights_only` was not set.*",  # our checkpoints load with weights_only=True
    ".*lance is not fork-safe.*",  # the sandbox starts before the pool is opened
    ".*is smaller than the logging interval.*",  # StepProgress counts over rounds
    ".*Total length of .* across ranks is zero.*",  # no validation problems were asked for
    ".*Use torch_xla.* instead.*",  # between Lightning and torch_xla
    ".*loggers? .*without the `ModelCheckpoint`.*",
)
_LOGGERS = ("lightning.pytorch", "lightning.fabric", "lightning")


class _Lines(logging.StreamHandler[TextIO]):
    """One line a record, on whatever standard error is now."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(logging.Formatter("%(message)s"))

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def quiet_warnings() -> None:
    """Silence the named warnings."""
    # Lightning calls jsonargparse by names that are about to go.
    os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")
    for message in _WARNINGS:
        warnings.filterwarnings("ignore", message=message)


def quiet_loggers() -> None:
    """Silence what Lightning says at every start: seeds, devices, tips."""
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name, item in logging.Logger.manager.loggerDict.items():
        # Loggers made on import may have a level of their own.
        if name.startswith("lightning.") and isinstance(item, logging.Logger):
            item.setLevel(logging.WARNING)


def log_to_stderr(speaks: bool = True) -> None:
    """Our own log lines: warnings, and what the sandbox says at start.

    Args:
        speaks: False for all processes of a run but the first: their lines are the same.
    """
    logger = logging.getLogger("lit_coder")
    logger.setLevel(logging.INFO if speaks else logging.ERROR)
    for handler in list(logger.handlers):
        if isinstance(handler, _Lines):
            logger.removeHandler(handler)
    logger.addHandler(_Lines())
    logger.propagate = False
