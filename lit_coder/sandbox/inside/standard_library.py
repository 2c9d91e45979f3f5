"""What of the file system a program must read: the standard library and the system's libraries.

    read, list_only = readable_paths()

Found from the interpreter that runs this, in whatever root it runs. Packages installed beside the
standard library are left out.
"""

from __future__ import annotations

import glob
import os
import sys

_PACKAGES = ("site-packages", "dist-packages")
# Shared libraries that extension modules load late, and data that the standard library opens.
_SYSTEM = (
    "/lib64",
    "/lib/*-linux-gnu*",
    "/usr/lib64",
    "/usr/lib/*-linux-gnu*",
    "/lib/ld-musl-*",
    "/usr/lib/lib*.so*",
    "/lib/lib*.so*",
    "/etc/ld.so.cache",
    "/usr/share/zoneinfo",
    "/dev/null",
    "/dev/zero",
    "/dev/urandom",
)


def readable_paths() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Files and folders to read with all below them, and folders to list only."""
    read: list[str] = []
    folders = [folder for folder in sys.path if os.path.isdir(folder)]
    for folder in folders:
        with os.scandir(folder) as entries:
            read += [entry.path for entry in entries if entry.name not in _PACKAGES]
    read += glob.glob(os.path.join(sys.base_prefix, "lib", "lib*.so*"))
    for pattern in _SYSTEM:
        read += glob.glob(pattern)
    # A link may lead out of this root to where there is nothing.
    return tuple(filter(os.path.exists, dict.fromkeys(read))), tuple(folders)
