"""Seeds of single draws, each a function of what is drawn and of nothing else.

    draw_seed("batch/1/3/40")     # seed 1, round 3, step 40

So that no draw depends on what was drawn before it: a run that is gone on with, a worker process
and another device all draw the same.
"""

from __future__ import annotations

import hashlib


def draw_seed(key: str) -> int:
    """63 bits that belong to the key."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
