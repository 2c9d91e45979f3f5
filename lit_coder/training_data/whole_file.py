"""A text file that is there whole or not at all, whenever the process is killed.

    write_whole(folder / "config.yaml", text)

The former file stays until the new one is on the disk. Streams of lines and checkpoints are
written elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all."""
    temporary = path.with_name(path.name + ".partial")
    with temporary.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
