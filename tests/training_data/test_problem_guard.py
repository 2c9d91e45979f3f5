"""Benchmarks that a user's problem file holds."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from lit_coder.corpora.benchmark_files import find_benchmark_files, read_benchmark_files
from lit_coder.problems.problem_file import read_problems
from lit_coder.training_data.problem_guard import without_benchmarks

EXAMPLES = Path(__file__).parents[2] / "data" / "problems" / "example.jsonl"


def test_tasks_of_a_benchmark_are_left_out_and_counted_and_all_else_stays(
    caplog: pytest.LogCaptureFixture,
) -> None:
    paths = find_benchmark_files("humaneval")
    if not paths:
        pytest.skip("needs HumanEval's file (LIT_CODER_DATA_DIR)")
    own = read_problems(EXAMPLES)
    benchmark = read_benchmark_files("humaneval", paths)
    tasks = [task.problem for task in benchmark.tasks[:20]]
    with caplog.at_level(logging.WARNING, logger="lit_coder.training_data"):
        kept = without_benchmarks([*own, *tasks])
    assert kept == tuple(own)
    assert f"data.problem_files: {len(tasks)} problems hold a task of a benchmark" in caplog.text
    assert "data.decontaminate false" in caplog.text


def test_nothing_is_said_where_no_benchmark_is_held(caplog: pytest.LogCaptureFixture) -> None:
    own = tuple(read_problems(EXAMPLES))
    assert without_benchmarks(own) == own and caplog.text == ""
