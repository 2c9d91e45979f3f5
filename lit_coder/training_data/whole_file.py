"""A file that is there whole or not at all, whenever the process is killed.

    write_whole(folder / "config.yaml", text)

The former file stays until the new one is on the disk. Streams of lines and checkpoints are
written elsewhere.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Raises:
        OSError: it cannot be written; the former file is as it was.
    """
    temporary = path.with_name(path.name + ".partial")
    try:
        with temporary.open("wb") as stream:
            stream.write(content.encode("utf-8") if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
