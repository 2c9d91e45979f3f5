"""Small files in the published formats, and the real ones where this machine has them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lit_coder.problems.benchmarks.benchmark import BenchmarkTask
from lit_coder.problems.benchmarks.files import DATA_FOLDER_VARIABLE, data_places, file_by_name
from lit_coder.problems.problem import CheckProgram


@pytest.fixture
def real_file() -> Callable[[str], Path]:
    def find(name: str) -> Path:
        places = data_places()
        path = next((p for p in (file_by_name(name, place) for place in places) if p), None)
        if path is None:
            pytest.skip(f"{name} is not on this machine; set {DATA_FOLDER_VARIABLE} to its folder")
        return path

    return find


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as JSON lines and give the path."""

    def write(*rows: dict[str, Any], name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def run_trusted() -> Callable[..., None]:
    """Run a task's program and its tests in one namespace, as published evaluators do."""

    def run(task: BenchmarkTask, completion: str | None = None) -> None:
        problem = task.problem
        assert isinstance(problem.tests, CheckProgram) and problem.reference is not None
        namespace: dict[str, Any] = {}
        text = problem.program(problem.reference if completion is None else completion)
        tests = problem.tests
        for part in (text, tests.setup, *tests.visible, *tests.hidden):
            exec(part, namespace)

    return run


@pytest.fixture
def node() -> str:
    path = shutil.which("node")
    if path is None:
        pytest.skip("Node.js is not installed")
    return path
