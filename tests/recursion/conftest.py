from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.warnings_of_others import pass_over_warnings

torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    pass_over_warnings(items, Path(__file__).parent)
