from __future__ import annotations

from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)

# What Lightning and torch say at every start and nobody can do anything about.
THIRD_PARTY = (
    "ignore:.*does not have many workers.*",
    "ignore:.*LeafSpec.*is deprecated.*",
    "ignore:.*`weights_only` was not set.*",
    "ignore:.*lance is not fork-safe.*",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for message in THIRD_PARTY:
                item.add_marker(pytest.mark.filterwarnings(message))
