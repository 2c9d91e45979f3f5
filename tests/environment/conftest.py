from __future__ import annotations

from collections.abc import Iterator

import pytest

from lit_coder.environment.looking_inside import LookingInside
from lit_coder.sandbox.contract import Limits
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner


@pytest.fixture(scope="session")
def runner() -> Iterator[PoolRunner]:
    with open_runner(SandboxOptions(workers=1)) as running:
        yield running


@pytest.fixture
def look(runner: PoolRunner) -> LookingInside:
    return LookingInside(runner, Limits())
