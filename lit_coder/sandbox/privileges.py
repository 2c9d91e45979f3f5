"""Root, and the user that root's programs run as instead.

if is_root() and not readable_by_others(interpreter): ...
"""

from __future__ import annotations

import os
from pathlib import Path

NOBODY = 65534
"""The user and group that programs run as where the trainer is root."""


def readable_by_others(path: Path) -> bool:
    """Whether any user can reach and read it, by the modes of it and of the folders above."""
    if not path.exists():
        return False
    parents_open = all(parent.stat().st_mode & 0o001 for parent in path.parents)
    needed = 0o005 if path.is_dir() else 0o004
    return parents_open and path.stat().st_mode & needed == needed


def is_root() -> bool:
    """Whether this process is root."""
    return os.geteuid() == 0
