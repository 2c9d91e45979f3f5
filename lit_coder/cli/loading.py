"""Ctrl+C and SIGTERM while libraries are loaded: the process ends there, nothing has begun yet.

    with ending_at_once():
        import torch
    load_torch()                        # the same, for a command that will need it

A KeyboardInterrupt in the middle of an import may meet C++ code that expects none: torch then
aborts the process with SIGABRT. Only for imports, since nothing is cleaned up.
"""

from __future__ import annotations

import importlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ending_at_once(speaks: bool = True) -> Iterator[None]:
    """While it lasts a signal ends the process with 128 and its number.

    Args:
        speaks: say that it was stopped; of several processes one does.
    """
    if threading.current_thread() is not threading.main_thread():
        # Signals are the main thread's.
        yield
        return

    def end(number: int, frame: FrameType | None) -> NoReturn:
        if speaks:
            os.write(2, b"lit-coder: stopped\n")
        os._exit(128 + number)

    former = {number: signal.getsignal(number) for number in _NUMBERS}
    # Who started this process may want a signal ignored, as a shell does for what runs behind it.
    heeded = [number for number in _NUMBERS if former[number] != signal.SIG_IGN]
    for number in heeded:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, former[number])


def load_torch() -> None:
    """Load torch before a command has begun anything, such as the sandbox."""
    with ending_at_once():
        importlib.import_module("torch")
