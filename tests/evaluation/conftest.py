from __future__ import annotations

import logging
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


@pytest.fixture
def no_benchmark_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this machine's variable nor its ./data decides what a test sees."""
    monkeypatch.delenv("LIT_CODER_DATA_DIR", raising=False)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")


@pytest.fixture
def log_lines(log_lines: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    log_lines.set_level(logging.INFO, "lit_coder")
    return log_lines
