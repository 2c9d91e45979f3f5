from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.conformance.backends import ALL, Backend, open_backend
from tests.sandbox.conformance.bait import Bait


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Within a file backend after backend, so that each is started once; else as they stand."""
    here = [place for place, item in enumerate(items) if Path(__file__).parent in item.path.parents]
    files = {path: number for number, path in enumerate(dict.fromkeys(items[i].path for i in here))}
    in_order = sorted((items[i] for i in here), key=lambda item: (files[item.path], _turn(item)))
    for place, item in zip(here, in_order, strict=True):
        items[place] = item


def _turn(item: pytest.Item) -> int:
    """The turn of the backend that a test is for; tests for none come last."""
    callspec = getattr(item, "callspec", None)
    name = callspec.params.get("backend") if callspec else None
    return ALL.index(name) if name in ALL else len(ALL)


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
