"""What an objective's options may be: each is refused by its name, with what it must be.

require_0_or_more(kl_coefficient=0.1, clip_high=0.28)
require_above_0(beta=0.1, chunk_tokens=None)          # None = left out, which is allowed
require("label_smoothing", 0.7, 0 <= 0.7 < 0.5, "from 0 to below 0.5")      # ValueError
"""

from __future__ import annotations


def require(name: str, value: float | None, is_good: bool, meaning: str) -> None:
    """Raise where an option is not what it must be.

    Raises:
        ValueError: naming it.
    """
    if not is_good:
        raise ValueError(f"{name} must be {meaning}, not {value}")


def require_0_or_more(**options: float) -> None:
    """Raise where one is below 0.

    Raises:
        ValueError: naming it.
    """
    for name, value in options.items():
        require(name, value, value >= 0, "0 or more")


def require_above_0(**options: float | None) -> None:
    """Raise where one is neither left out nor above 0.

    Raises:
        ValueError: naming it.
    """
    for name, value in options.items():
        require(name, value, value is None or value > 0, "above 0")


def require_share(**options: float) -> None:
    """Raise where one is not from 0 to 1.

    Raises:
        ValueError: naming it.
    """
    for name, value in options.items():
        require(name, value, 0 <= value <= 1, "from 0 to 1")
