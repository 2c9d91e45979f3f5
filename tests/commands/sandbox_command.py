"""Runs `main.py sandbox ...` as a user does, in this process."""

from __future__ import annotations

import contextlib
import io
import logging
from typing import NamedTuple

from lit_coder.__main__ import main


class Ended(NamedTuple):
    """How a command ended and what it wrote."""

    status: int
    out: str
    err: str


def sandbox(*words: str) -> Ended:
    """Run the command; what it does to the package's log is undone."""
    logger = logging.getLogger("lit_coder")
    former = logger.level, logger.propagate, list(logger.handlers)
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main(["sandbox", *words])
            except SystemExit as end:
                status = int(end.code or 0)
    finally:
        logger.setLevel(former[0])
        logger.propagate, logger.handlers[:] = former[1], former[2]
    return Ended(status, out.getvalue(), err.getvalue())
