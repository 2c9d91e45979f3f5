"""Who this process is among all that a Docker daemon may be serving, and whether such a one lives.

    label = trainer_identity()
    is_gone(label)             # False: this process runs

A process is known by the machine's boot, its namespace of process numbers, its number and the time
it started at. Of a trainer on another machine, in another container, or where there is no /proc,
nothing is known, and so it is never taken to be gone.
"""

from __future__ import annotations

import os
from pathlib import Path

_UNKNOWN = "unknown"
_START_TIME_FIELD = 22


def trainer_identity() -> str:
    """This process in one line of text."""
    place = _place()
    started = _start_time(os.getpid())
    if place is None or started is None:
        return _UNKNOWN
    return f"{place} {os.getpid()} {started}"


def is_gone(identity: str) -> bool:
    """Whether the process of this identity was one of this place and does not run any more."""
    place, _, process = identity.rpartition(" ")[0].rpartition(" ")
    number, started = process, identity.rpartition(" ")[2]
    if not place or place != _place() or not number.isdecimal():
        return False
    return _start_time(int(number)) != started


def _place() -> str | None:
    """The machine's boot and the namespace in which this process has its number."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return None


def _start_time(pid: int) -> str | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command's name may hold blanks and brackets: the fields follow the last one.
    return text.rpartition(")")[2].split()[_START_TIME_FIELD - 3]
