"""Where a benchmark is on this machine: one answer for scores, tests and decontamination."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from lit_coder.commands.score_arguments import read_request
from lit_coder.commands.score_packages import benchmark_before_sandbox
from lit_coder.corpora.benchmark_files import find_benchmark_files, load_benchmark
from lit_coder.corpora.decontamination import Decontaminator
from lit_coder.evaluation.benchmark_choice import find_protocols
from lit_coder.evaluation.benchmark_options import BenchmarkOptions
from lit_coder.problems.benchmarks.files import DATA_FOLDER_VARIABLE

ROW = {
    "task_id": "HumanEval/0",
    "prompt": 'def triple(x):\n    """Three times the number, as a lantern counts it."""\n',
    "canonical_solution": "    return x + x + x\n",
    "test": "def check(candidate):\n    assert candidate(2) == 6\n",
    "entry_point": "triple",
}


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(DATA_FOLDER_VARIABLE, raising=False)


def put_csv(path: Path) -> Path:
    """A table as Kaggle has one: an index column, and a name that says nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, ["", *ROW])
        table.writeheader()
        table.writerow({"": 0, **ROW})
    return path


def put_lines(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(ROW) + "\n", encoding="utf-8")
    return path


def test_places_are_asked_in_their_order_and_each_for_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_benchmark_files("humaneval") == []
    in_data = put_lines(Path("data/any/HumanEval.jsonl"))
    assert find_benchmark_files("humaneval") == [in_data]
    monkeypatch.setenv(DATA_FOLDER_VARIABLE, str(tmp_path / "variable"))
    from_kaggle = put_csv(tmp_path / "variable" / "humaneval" / "test.csv")
    assert find_benchmark_files("humaneval") == [from_kaggle]
    given = put_lines(Path("given/HumanEval.jsonl"))
    assert find_benchmark_files("humaneval", "given") == [given]
    assert find_benchmark_files("humaneval", from_kaggle.parent) == [from_kaggle]


def test_a_table_counts_in_the_benchmark_s_own_folder_only(tmp_path: Path) -> None:
    put_csv(Path("data/other/test.csv"))
    assert find_benchmark_files("humaneval") == []
    put_csv(Path("data/humaneval/test.csv"))
    assert [task.task_id for task in load_benchmark("humaneval", download=False).tasks] == [
        "HumanEval/0"
    ]


def test_what_a_download_brought_is_seen_by_test_score_and_decontamination(
    tmp_path: Path,
) -> None:
    put_csv(Path("data/humaneval/test.csv"))
    Path("samples.jsonl").write_text("", encoding="utf-8")
    names = [protocol.benchmark for protocol in find_protocols(BenchmarkOptions())]
    assert names == ["held_out", "humaneval"]
    request = read_request(["--benchmark", "humaneval", "--samples", "samples.jsonl"])
    assert benchmark_before_sandbox(request) is None
    with Decontaminator.of_this_machine() as decontaminator:
        found = decontaminator.matches(ROW["prompt"])
        assert [match.task_id for match in found] == ["HumanEval/0"]
