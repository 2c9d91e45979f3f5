"""What does nothing wrong works on every backend."""

import importlib.util
from collections.abc import Iterator

import pytest

from lit_coder.sandbox.contract import Outcome
from tests.sandbox.conformance import benign, benign_libraries
from tests.sandbox.conformance.backends import ALL, Backend, open_backend, spread
from tests.sandbox.conformance.bait import Bait
from tests.sandbox.conformance.benign import Benign

PROGRAMS = (
    *benign.PROGRAMS,
    *benign_libraries.PROGRAMS,
    *benign_libraries.WITH_THREADS,
    *benign_libraries.WITH_FILES,
)
# The other user's Python is the system's, which need not have it.
# Of another user's interpreter and of an image it is not known that they have numpy.
NUMPY_BACKENDS = [name for name in ALL if not name.endswith("-unprivileged") and name != "docker"]

on_every_backend = pytest.mark.parametrize("backend", ALL, indirect=True)


@pytest.fixture(scope="module")
def numpy_backend(request: pytest.FixtureRequest, bait: Bait) -> Iterator[Backend]:
    with open_backend(request.param, bait, packages=("numpy",)) as made:
        yield made


@spread(PROGRAMS)
def test_it_works(backend: Backend, item: Benign) -> None:
    execution = backend.execute(item.job())
    assert execution.status == "completed", execution
    assert execution.outcomes == ((Outcome(item.expected),),), execution


@pytest.mark.skipif(importlib.util.find_spec("numpy") is None, reason="numpy is not installed")
@pytest.mark.parametrize("numpy_backend", NUMPY_BACKENDS, indirect=True)
@pytest.mark.parametrize("program", benign_libraries.WITH_NUMPY, ids=str)
def test_numpy_works_where_it_is_allowed(numpy_backend: Backend, program: Benign) -> None:
    execution = numpy_backend.execute(program.job())
    assert execution.outcomes == ((Outcome(program.expected),),), execution


@on_every_backend
def test_numpy_is_not_there_where_it_is_not_allowed(backend: Backend) -> None:
    execution = backend.execute(Benign("numpy", "import numpy", None).job())
    assert execution.outcomes == ((Outcome(exception="ModuleNotFoundError"),),)


def test_there_are_at_least_sixty_programs_that_differ() -> None:
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS) >= 60
    assert len({(program.top, program.body) for program in PROGRAMS}) == len(PROGRAMS)
