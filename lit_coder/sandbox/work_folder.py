"""A runner's temporary folder, which does not stay behind when the runner's process is killed.

    folder = make_work_folder()
    ...
    remove(str(folder))

The folder's mark says whose it is; whoever makes the next one removes those of processes that are
gone.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from lit_coder.sandbox.inside.folders import remove
from lit_coder.sandbox.trainer_identity import is_gone, trainer_identity

_PREFIX = "lit_coder_"
_MARK = "trainer"


def make_work_folder() -> Path:
    """A new folder that other users may pass through and not list."""
    remove_strays()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    folder.chmod(0o711)
    (folder / _MARK).write_text(trainer_identity(), encoding="utf-8")
    return folder


def remove_strays() -> None:
    """Remove the folders of processes of this machine that do not run any more."""
    for mark in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_MARK}"):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            if not mark.is_symlink() and is_gone(mark.read_text(encoding="utf-8")):
                remove(str(mark.parent))
