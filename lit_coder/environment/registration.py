"""Makes the environment known to gymnasium, where that is installed.

    import gymnasium, lit_coder.environment
    gymnasium.make("lit_coder/Coder-v0")

Searching for faults needs no gymnasium, and the room can be imported without it.
"""

from __future__ import annotations

from importlib.util import find_spec

ENVIRONMENT_ID = "lit_coder/Coder-v0"


def require_gymnasium() -> None:
    """Say how to get gymnasium where it is missing.

    Raises:
        ValueError: it is.
    """
    if find_spec("gymnasium") is None:
        raise ValueError(
            "the environment needs gymnasium, which is not installed: "
            "pip install '.[env]' in the folder of lit_coder"
        )


def register_environment() -> None:
    """Register `ENVIRONMENT_ID`; once, and only where gymnasium is installed."""
    if find_spec("gymnasium") is None:
        return
    import gymnasium

    if ENVIRONMENT_ID not in gymnasium.registry:
        gymnasium.register(
            ENVIRONMENT_ID,
            entry_point="lit_coder.environment.coder_environment:CoderEnvironment",
        )
