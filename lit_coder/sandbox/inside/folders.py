"""Removes what programs wrote, whatever names, modes and depths they gave it.

remove("/tmp/lit_coder_x/1")
is_emptied("/scratch")         # False: something could not be removed
"""

from __future__ import annotations

import contextlib
import os
import shutil

_RM = "/bin/rm"


def remove(folder: str) -> None:
    """Remove a folder with all below it, as far as this user can."""
    try:
        os.rmdir(folder)
    except OSError:
        # Something is in it, perhaps under names and modes made to be in the way.
        with contextlib.suppress(RecursionError):
            _open_folders(folder)
            shutil.rmtree(folder, ignore_errors=True)
        if os.path.isdir(folder) and os.path.exists(_RM):
            # It goes down folders that are deeper than paths can be long.
            pid = os.posix_spawn(_RM, [_RM, "-rf", "--", folder], {})
            os.waitpid(pid, 0)


def is_emptied(folder: str) -> bool:
    """Remove everything in a folder that stays; whether that succeeded."""
    for entry in list(os.scandir(folder)):
        if entry.is_dir(follow_symlinks=False):
            remove(entry.path)
        else:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)
    return not os.listdir(folder)


def _open_folders(folder: str) -> None:
    """Let this user list a folder and all below it, and remove what is there."""
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o700)
    for path, names, _ in os.walk(folder):
        for name in names:
            below = os.path.join(path, name)
            # A link may lead anywhere.
            with contextlib.suppress(OSError):
                if not os.path.islink(below):
                    os.chmod(below, 0o700)
