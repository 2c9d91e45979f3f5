"""Warnings that Lightning, torch and Lance give at every start and nobody can do anything about.

def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:     # in a room's conftest.py
    pass_over_warnings(items, Path(__file__).parent)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

THIRD_PARTY = (
    "ignore:.*does not have many workers.*",
    "ignore:.*LeafSpec.*is deprecated.*",
    "ignore:.*`weights_only` was not set.*",
    "ignore:.*lance is not fork-safe.*",
)


def pass_over_warnings(items: Sequence[pytest.Item], folder: Path) -> None:
    """Let the tests of a folder go on where such a warning is given."""
    for item in items:
        if folder in item.path.parents:
            for message in THIRD_PARTY:
                item.add_marker(pytest.mark.filterwarnings(message))
