from collections.abc import Iterator

import pytest

from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.subprocess_runner import SubprocessRunner


@pytest.fixture(scope="session")
def runner() -> Iterator[SubprocessRunner]:
    with SubprocessRunner(SandboxOptions(workers=2)) as running:
        yield running
