from collections.abc import Iterator

import pytest

from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner


@pytest.fixture(scope="session")
def runner() -> Iterator[PoolRunner]:
    with open_runner(SandboxOptions(workers=2)) as running:
        yield running
