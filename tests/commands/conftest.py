import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can enter, as root's programs, who are another one, must."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(autouse=True)
def same_log() -> Iterator[None]:
    """What a command line does to the package's log in this process is undone."""
    logger = logging.getLogger("lit_coder")
    former = logger.level, logger.propagate, list(logger.handlers)
    yield
    logger.setLevel(former[0])
    logger.propagate, logger.handlers[:] = former[1], former[2]
