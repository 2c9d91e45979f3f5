"""All attacks on walls, by theme."""

from __future__ import annotations

from tests.sandbox.conformance import (
    attacks_inheritance,
    attacks_kernel,
    attacks_network,
    attacks_privileges,
    attacks_processes,
    attacks_reading,
    attacks_starting,
    attacks_writing,
)
from tests.sandbox.conformance.attack import Attack

THEMES: dict[str, tuple[Attack, ...]] = {
    "reading": attacks_reading.ATTACKS,
    "writing": attacks_writing.ATTACKS,
    "network": attacks_network.ATTACKS,
    "starting": attacks_starting.ATTACKS,
    "processes": attacks_processes.ATTACKS,
    "privileges": attacks_privileges.ATTACKS,
    "kernel": attacks_kernel.ATTACKS,
    "inheritance": attacks_inheritance.ATTACKS,
}

ATTACKS = tuple(attack for attacks in THEMES.values() for attack in attacks)
