"""What the processes of a tree use and leave behind, read from /proc.

    pids = process_tree(runner.worker_pids)
    memory = memory_of(pids); seconds = cpu_seconds_of(pids)

Linux only. A process that ends meanwhile is passed over.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_STATE, _PARENT, _FIRST_TIME, _AFTER_TIMES = 0, 1, 11, 15
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Memory(NamedTuple):
    """Megabytes. What is shared counts in parts (`pss`), not at all (`uss`) or whole (`rss`).

    The first two are None where the processes' maps may not be read.
    """

    pss: float | None
    uss: float | None
    rss: float


def process_tree(roots: Iterable[int]) -> list[int]:
    """The processes and everything below them."""
    children: dict[int, list[int]] = {}
    for pid in _all_processes():
        if fields := _fields(pid):
            children.setdefault(int(fields[_PARENT]), []).append(pid)
    found = list(roots)
    for pid in found:
        found += children.get(pid, ())
    return found


def zombies_of(pid: int) -> list[int]:
    """Children of a process that ended and were not waited for."""
    return [child for child in children_of(pid) if (_fields(child) or ["Z"])[_STATE] == "Z"]


def children_of(pid: int) -> list[int]:
    """The direct children of a process, ended ones that nobody waited for included."""
    own = ((each, _fields(each)) for each in _all_processes())
    return [each for each, fields in own if fields and int(fields[_PARENT]) == pid]


def cpu_seconds_of(pids: Iterable[int]) -> float:
    """Processor time of the processes and of all children that they have waited for."""
    ticks = 0
    for pid in pids:
        if fields := _fields(pid):
            ticks += sum(map(int, fields[_FIRST_TIME:_AFTER_TIMES]))
    return ticks / _TICKS_PER_SECOND


def memory_of(pids: Iterable[int]) -> Memory:
    """What the processes hold together."""
    totals = dict.fromkeys(("Pss:", "Private_Clean:", "Private_Dirty:"), 0.0)
    rss, may_read = 0.0, True
    for pid in pids:
        rss += _megabytes(Path(f"/proc/{pid}/status"), ("VmRSS:",)).get("VmRSS:", 0.0)
        try:
            own = _megabytes(Path(f"/proc/{pid}/smaps_rollup"), tuple(totals))
        except PermissionError:
            may_read = False
            continue
        for name, value in own.items():
            totals[name] += value
    if not may_read:
        return Memory(None, None, rss)
    return Memory(totals["Pss:"], totals["Private_Clean:"] + totals["Private_Dirty:"], rss)


def num_descriptors() -> int:
    """Open descriptors of this process; the one that counts them is not counted."""
    return len(os.listdir("/proc/self/fd")) - 1


def _all_processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def _fields(pid: int) -> list[str]:
    """The fields of a process's stat file from its state on; empty where it is gone."""
    with contextlib.suppress(OSError):
        # The command's name may hold blanks and brackets: the fields follow the last one.
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    return []


def _megabytes(path: Path, names: tuple[str, ...]) -> dict[str, float]:
    found = {}
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in path.read_text().splitlines():
            parts = line.split()
            if parts and parts[0] in names:
                found[parts[0]] = int(parts[1]) / 1024
    return found
