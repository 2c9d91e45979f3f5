"""A number split by shares into whole parts that add up to it, the same on every machine.

    apportioned(10, [0.5, 0.3, 0.2])        # [5, 3, 2]

By largest remainder; of equal ones the first gets the rest.
"""

from __future__ import annotations

from collections.abc import Sequence


def apportioned(number: int, shares: Sequence[float]) -> list[int]:
    """`number` in as many whole parts as there are shares; these add up to 1."""
    wanted = [number * share for share in shares]
    parts = [int(each) for each in wanted]
    # Rounded: sums in another order must not decide.
    by_rest = sorted(range(len(parts)), key=lambda i: (-round(wanted[i] - parts[i], 9), i))
    for index in by_rest[: number - sum(parts)]:
        parts[index] += 1
    return parts
