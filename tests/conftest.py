"""Set before any test imports torch, or starts a process; the log as each test finds it."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator

import pytest

# Threads that spin while they wait make every step slower where another process wants a core too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Workers of pytest-xdist share the cores already; what they start has as many threads as they.
_num_workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if _num_workers > 1:
    _num_threads = max(1, (os.cpu_count() or 1) // _num_workers)
    os.environ.setdefault("OMP_NUM_THREADS", str(_num_threads))
# A shell that runs the tests in the background has them, and all they start, ignore Ctrl+C.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Files are taken in their order: by number of tests, the few long ones would come last."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def _forget_command_lines() -> None:
    logger = logging.getLogger("lit_coder")
    logger.setLevel(logging.NOTSET)
    logger.propagate = True
    logger.handlers.clear()


@pytest.fixture(autouse=True)
def package_log_as_imported() -> Iterator[None]:
    """A command line sets the log up; fixtures of a wider scope run some before a test."""
    _forget_command_lines()
    yield
    _forget_command_lines()


@pytest.fixture
def log_lines(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The package's log, also where a command line cuts it off from the root logger."""
    logger = logging.getLogger("lit_coder")
    logger.propagate = False
    logger.addHandler(caplog.handler)
    yield caplog
