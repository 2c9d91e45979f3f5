"""What of the host is looked at before and after a program: a folder's tree, kernel objects.

    before = tree(folder)
    ...
    changes(before, tree(folder))      # ["target.txt: content 'untouched' -> ''"]

A tree holds what any system call could change on a file, times of reading excepted.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import stat
import time
from collections.abc import Mapping
from pathlib import Path

_LONG = 200
_IPC_RMID = 0


def tree(folder: Path) -> dict[str, str]:
    """Name and description of everything in a folder."""
    found = {".": _describe(folder)}
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            found[str(path.relative_to(folder))] = _describe(path)
    return found


def _describe(path: Path) -> str:
    facts = path.lstat()
    text = (
        f"mode {facts.st_mode:o} uid {facts.st_uid} gid {facts.st_gid} links {facts.st_nlink} "
        f"size {facts.st_size} modified {facts.st_mtime_ns}"
    )
    if stat.S_ISLNK(facts.st_mode):
        return f"{text} to {os.readlink(path)}"
    with contextlib.suppress(OSError):
        text += f" attributes {sorted((n, os.getxattr(path, n)) for n in os.listxattr(path))}"
    if stat.S_ISREG(facts.st_mode):
        with path.open("rb") as file:
            text += f" content {file.read(4096)!r}"
    return text


def kernel_objects(marker: str, ipc_key: int) -> dict[str, str]:
    """What a program could leave in the kernel, under names and keys of its own or for all."""
    found = {"hostname": socket.gethostname()}
    for kind in ("shm", "msg", "sem"):
        with contextlib.suppress(OSError):
            lines = Path("/proc/sysvipc", kind).read_text().splitlines()
            if any(line.split()[:1] == [str(ipc_key)] for line in lines):
                found[f"System V {kind}"] = "there"
    for name in _names(Path("/dev/shm")):
        if marker in name:
            found[f"/dev/shm/{name}"] = "there"
    with contextlib.suppress(OSError):
        found["core_pattern"] = Path("/proc/sys/kernel/core_pattern").read_text()
    return found


def remove_kernel_objects(marker: str, ipc_key: int) -> None:
    """Remove what `kernel_objects` found of programs."""
    library = ctypes.CDLL(None)
    if (memory := library.shmget(ipc_key, 0, 0)) >= 0:
        library.shmctl(memory, _IPC_RMID, None)
    if (messages := library.msgget(ipc_key, 0)) >= 0:
        library.msgctl(messages, _IPC_RMID, None)
    if (semaphores := library.semget(ipc_key, 0, 0)) >= 0:
        library.semctl(semaphores, 0, _IPC_RMID)
    for name in _names(Path("/dev/shm")):
        if marker in name:
            Path("/dev/shm", name).unlink()


def mounts_below(folder: Path) -> dict[str, str]:
    """What is mounted in a folder."""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return {}
    return {line.split()[1]: "mounted" for line in lines if str(folder) in line}


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What differs, as text for people."""
    return [
        f"{name}: {before.get(name, 'absent')[-_LONG:]} -> {after.get(name, 'absent')[-_LONG:]}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def processes_with(marker: str, patience_seconds: float = 0.5) -> list[int]:
    """Processes that carry the marker as name or argument, after they had time to end."""
    give_up = time.monotonic() + patience_seconds
    while found := _processes_with(marker.encode()):
        if time.monotonic() > give_up:
            break
        time.sleep(0.02)
    return found


def _processes_with(marker: bytes) -> list[int]:
    found = []
    for name in _names(Path("/proc")):
        if name.isdigit():
            with contextlib.suppress(OSError):
                text = Path("/proc", name, "comm").read_bytes()
                text += Path("/proc", name, "cmdline").read_bytes()
                if marker in text:
                    found.append(int(name))
    return found
