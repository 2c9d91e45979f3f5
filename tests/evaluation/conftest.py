from __future__ import annotations

from pathlib import Path

import pytest
from example_run import MakeRun, write_run


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    def make(
        name: str = "quickstart", rounds: int = 4, per_difficulty: int = 12, with_pool: bool = True
    ) -> Path:
        return write_run(tmp_path / name, rounds, per_difficulty, with_pool)

    return make
