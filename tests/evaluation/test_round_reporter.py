from __future__ import annotations

import io
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from lit_coder.evaluation.round_reporter import RoundReporter


def summary_of(folder: Path, global_step: int) -> str:
    """What the end of a fit says that trained nothing."""
    stream = io.StringIO()
    recursion: Any = SimpleNamespace(records=[])
    trainer: Any = SimpleNamespace(
        default_root_dir=folder,
        checkpoint_callback=None,
        global_step=global_step,
        max_steps=8,
        is_global_zero=True,
    )
    module: Any = None
    RoundReporter(recursion, Console(file=stream, width=200), "go on").on_fit_end(trainer, module)
    return stream.getvalue()


def test_plot_and_report_are_named_only_where_they_exist(tmp_path: Path) -> None:
    text = summary_of(tmp_path, 0)
    assert "rounds.png" not in text and "report.html" not in text and "go on" in text
    (tmp_path / "rounds.png").write_bytes(b"")
    assert "rounds.png" in summary_of(tmp_path, 0)
    (tmp_path / "report.html").write_text("")
    assert "report.html" in summary_of(tmp_path, 0)


@pytest.mark.parametrize(("step", "num_lines"), [(8, 1), (2, 0)])
def test_where_all_steps_are_done_already_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, step: int, num_lines: int
) -> None:
    named = logging.getLogger("lit_coder.evaluation")
    named.addHandler(caplog.handler)
    caplog.set_level(logging.INFO, "lit_coder.evaluation")
    summary_of(tmp_path, step)
    named.removeHandler(caplog.handler)
    lines = {record.getMessage() for record in caplog.records}
    assert len(lines) == num_lines
    if lines:
        assert lines == {"step 8 of 8 is reached already; raise trainer.max_steps to go on"}
