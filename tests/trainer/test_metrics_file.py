from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

from lit_coder.trainer.metrics_file import MetricsFile


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def metrics(tmp_path: Path) -> MetricsFile:
    return MetricsFile(tmp_path)


def test_a_row_holds_step_and_numbers(metrics: MetricsFile) -> None:
    metrics.log_metrics({"loss": 0.1, "rate": torch.tensor(0.5)}, step=3)  # type: ignore[dict-item]
    assert rows_of(metrics.path) == [{"step": "3", "loss": "0.1", "rate": "0.5"}]


def test_a_new_column_is_empty_in_the_rows_before_and_loses_none(metrics: MetricsFile) -> None:
    metrics.log_metrics({"loss": 1.0}, step=1)
    metrics.log_metrics({"score": 0.5}, step=1)
    metrics.log_metrics({"loss": 0.25}, step=2)
    assert rows_of(metrics.path) == [
        {"step": "1", "loss": "1.0", "score": ""},
        {"step": "1", "loss": "", "score": "0.5"},
        {"step": "2", "loss": "0.25", "score": ""},
    ]


def test_a_row_without_a_step_is_kept(metrics: MetricsFile) -> None:
    metrics.log_metrics({"loss": 1.0})
    metrics.log_metrics({"loss": 2.0}, step=9)
    metrics.go_on_from(5)
    assert [row["loss"] for row in rows_of(metrics.path)] == ["1.0"]


def test_going_on_moves_later_rows_aside_and_loses_none(
    metrics: MetricsFile, tmp_path: Path
) -> None:
    for step in (1, 2, 3, 4):
        metrics.log_metrics({"loss": float(step)}, step)
    metrics.go_on_from(2)
    aside = tmp_path / "metrics.superseded.csv"
    assert [row["step"] for row in rows_of(metrics.path)] == ["1", "2"]
    assert [row["step"] for row in rows_of(aside)] == ["3", "4"]
    metrics.log_metrics({"loss": 3.5, "new": 1.0}, 3)
    metrics.go_on_from(0)
    assert rows_of(metrics.path) == []
    assert [(row["step"], row["loss"]) for row in rows_of(aside)] == [
        ("3", "3.0"),
        ("4", "4.0"),
        ("1", "1.0"),
        ("2", "2.0"),
        ("3", "3.5"),
    ]
    assert rows_of(aside)[-1]["new"] == "1.0"
    metrics.log_metrics({"loss": 9.0}, 1)
    assert len(rows_of(metrics.path)) == 1


def test_going_on_from_the_newest_step_changes_nothing(
    metrics: MetricsFile, tmp_path: Path
) -> None:
    metrics.go_on_from(0)
    assert list(tmp_path.iterdir()) == []
    metrics.log_metrics({"loss": 1.0}, 7)
    before = metrics.path.read_bytes()
    metrics.go_on_from(7)
    assert metrics.path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [metrics.path]


def test_a_resumed_run_keeps_the_columns_of_the_file(metrics: MetricsFile, tmp_path: Path) -> None:
    metrics.log_metrics({"a": 1.0, "b": 2.0}, 1)
    MetricsFile(tmp_path).log_metrics({"b": 4.0}, 2)
    assert rows_of(metrics.path)[1] == {"step": "2", "a": "", "b": "4.0"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e-300, -0.0])
def test_numbers_come_back_exactly(metrics: MetricsFile, value: float) -> None:
    metrics.log_metrics({"x": value}, 1)
    assert repr(float(rows_of(metrics.path)[0]["x"])) == repr(value)


def test_a_row_that_was_cut_short_is_dropped_and_the_next_has_its_own_line(
    metrics: MetricsFile,
) -> None:
    for step in (10, 20):
        metrics.log_metrics({"loss": 0.5}, step)
    whole = metrics.path.read_bytes()
    for cut in range(1, len(b"20,0.5\r\n")):
        metrics.path.write_bytes(whole[:-cut])
        metrics.go_on_from(100)
        metrics.log_metrics({"loss": 0.25}, 30)
        assert [row["step"] for row in rows_of(metrics.path)][-1] == "30"
        assert all(None not in row for row in rows_of(metrics.path))


def test_nothing_to_log_is_no_row(metrics: MetricsFile) -> None:
    metrics.log_metrics({}, 1)
    assert not metrics.path.exists()
