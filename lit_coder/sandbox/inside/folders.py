"""Removes what programs wrote, whatever names, modes and depths they gave it.

remove("/tmp/lit_coder_x/1")
is_emptied("/scratch")         # False: something could not be removed

Every folder is held by a descriptor and no link is followed, so nobody who can write in one leads
the removal, or a change of modes, to a place outside. What mounts or other users' folders keep
stays where it is.
"""

from __future__ import annotations

import contextlib
import os
import shutil

_HAS_DESCRIPTORS = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")


def remove(folder: str) -> None:
    """Remove a folder with all below it, as far as this user can; its own files go last."""
    if not _HAS_DESCRIPTORS:
        shutil.rmtree(folder, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        _empty(folder)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def is_emptied(folder: str) -> bool:
    """Remove everything in a folder that stays; whether that succeeded."""
    with contextlib.suppress(OSError):
        _empty(folder)
        return not os.listdir(folder)
    return False


def _empty(folder: str) -> None:
    """Remove what is in a folder.

    The folders below are moved up into it before they are looked into: neither a path nor the
    number of descriptors grows with their depth.
    """
    _allow(folder, None)
    top = _open(folder, None)
    try:
        waiting, files = _list(top)
        while waiting:
            name = waiting.pop()
            with contextlib.suppress(OSError):
                waiting += _move_up(name, top)
                os.rmdir(name, dir_fd=top)
        # Last, so that a removal that was broken off leaves the folder's mark.
        _unlink(files, top)
    finally:
        os.close(top)


def _move_up(name: str, top: int) -> list[str]:
    """Empty a folder of the top one: remove its files, give its folders new names in the top."""
    moved = []
    folder = _open(name, top)
    try:
        folders, files = _list(folder)
        # First, for on a full disk there is no room for new names.
        _unlink(files, folder)
        for old in folders:
            new = os.urandom(16).hex()
            with contextlib.suppress(OSError):
                os.rename(old, new, src_dir_fd=folder, dst_dir_fd=top)
                moved.append(new)
    finally:
        os.close(folder)
    return moved


def _list(folder: int) -> tuple[list[str], list[str]]:
    """A folder's folders, which this user may change from now on, and what else is in it."""
    folders: list[str] = []
    files: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    for name in folders:
        _allow(name, folder)
    return folders, files


def _unlink(names: list[str], folder: int) -> None:
    for name in names:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=folder)


def _open(name: str, parent: int | None) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(name, flags, dir_fd=parent)


def _allow(name: str, parent: int | None) -> None:
    """Let this user list a folder and change what is in it. Root may do so anyway."""
    if os.geteuid() == 0:
        return
    with contextlib.suppress(OSError):
        if not hasattr(os, "O_PATH"):
            os.chmod(name, 0o700, dir_fd=parent, follow_symlinks=False)
            return
        # Linux cannot change a mode without following links, nor through such a descriptor; but
        # the descriptor's entry in /proc leads to what it holds, whatever has that name by now.
        flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        folder = os.open(name, flags, dir_fd=parent)
        try:
            os.chmod(f"/proc/self/fd/{folder}", 0o700)
        finally:
            os.close(folder)
