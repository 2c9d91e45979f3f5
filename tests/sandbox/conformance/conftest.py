from collections.abc import Iterator

import pytest

from tests.sandbox.conformance.backends import Backend, open_backend
from tests.sandbox.conformance.bait import Bait


@pytest.fixture(scope="session")
def bait() -> Iterator[Bait]:
    made = Bait()
    yield made
    made.close()


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest, bait: Bait) -> Iterator[Backend]:
    """The backend that a test names: `@pytest.mark.parametrize("backend", ..., indirect=True)`."""
    with open_backend(request.param, bait) as made:
        yield made
