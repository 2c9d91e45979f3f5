"""A runner's temporary folder, which does not stay behind when the runner's process is killed.

    folder = make_work_folder()
    ...
    remove(str(folder))

The folder's mark says whose it is; whoever makes the next one removes those of processes that are
gone. Other users of the machine may put what they like beside it: only a folder of this user's with
a mark of this user's is ever removed. One whose process was killed before it had a mark stays.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from lit_coder.sandbox.inside.folders import remove
from lit_coder.sandbox.trainer_identity import is_gone, trainer_identity

_PREFIX = "lit_coder_"
_MARK = "trainer"
_MARK_BYTES = 512


def make_work_folder() -> Path:
    """A new folder that other users may pass through and not list."""
    remove_strays()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        (folder / _MARK).write_text(trainer_identity(), encoding="utf-8")
        folder.chmod(0o711)
    except BaseException:
        remove(str(folder))
        raise
    return folder


def remove_strays() -> None:
    """Remove the folders of processes of this machine that do not run any more."""
    if not hasattr(os, "geteuid"):
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if is_gone(_read_mark(folder)):
                remove(str(folder))


def _read_mark(folder: Path) -> str:
    """Whose this user's folder says it is; empty where it, or its mark, is not this user's."""
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid():
        return ""
    # Neither a link nor a pipe that nobody writes to: this must not lead elsewhere, nor wait.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    mark = os.open(folder / _MARK, flags)
    try:
        state = os.fstat(mark)
        if not stat.S_ISREG(state.st_mode) or state.st_uid != os.geteuid():
            return ""
        return os.read(mark, _MARK_BYTES).decode("utf-8")
    finally:
        os.close(mark)
