"""The folder that everything lies in which is made once and used by later runs.

    cache_root(None)                              # $LIT_CODER_CACHE_DIR or ~/.cache/lit_coder

It names the folder and makes nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

CACHE_FOLDER_VARIABLE = "LIT_CODER_CACHE_DIR"


def cache_root(given: str | Path | None) -> Path:
    """The folder that caches lie in: the given one, the environment's, or the user's."""
    named = given or os.environ.get(CACHE_FOLDER_VARIABLE)
    return Path(named).expanduser() if named else Path.home() / ".cache" / "lit_coder"
