"""datasets.json: what a run trains on is on record, and what changed is said on a resume."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from lit_coder.training_data.dataset_choice import dataset_choices
from lit_coder.training_data.dataset_manifest import DATASETS_FILE, keep_manifest
from lit_coder.training_data.dataset_mixing import TrainingDatasets
from tests.training_data.dataset_files import write_lines, write_mbpp, write_programs
from tests.training_data.parts import attached, tiny_data

ROWS: list[dict[str, Any]] = [
    {"instruction": f"Return the number {n}.", "input": "", "output": f"def f():\n    return {n}"}
    for n in range(6)
]
LONG = {"instruction": "Many.", "input": "", "output": "x = 1\ny = 2\nz = x + y\n" * 40}
EUCLID = "def common(p, q):\n    while q:\n        p, q = q, p % q\n    return p\n"
ROWS += [
    {"instruction": "Count them.", "input": "", "output": "SELECT count(*) FROM them;"},
    {"instruction": "Say it.", "input": "", "output": "both = [first,\r\n    second]"},
    {"instruction": "What divides both?", "input": "", "output": EUCLID},
    {"instruction": "Nothing.", "input": "", "output": ""},
]


def written(run: Path, sets: Path, decontaminate: bool = False, **options: Any) -> dict[str, Any]:
    datasets = TrainingDatasets(
        dataset_choices(["alpaca_python"]), str(sets), decontaminate=decontaminate, **options
    )
    keep_manifest(run, datasets, None)
    content: dict[str, Any] = json.loads((run / DATASETS_FILE).read_text())
    return content


def test_files_licence_rows_and_every_reason_are_on_record(tmp_path: Path) -> None:
    path = tmp_path / "sets" / "rows.jsonl"
    write_lines(path, ROWS)
    content = written(tmp_path, tmp_path / "sets", decontaminate=True)
    entry = content["datasets"]["alpaca_python"]
    assert entry["files"]["rows.jsonl"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert entry["licence"] and entry["rows_read"] == 10
    assert entry["taken"]["training_examples"] == 7
    assert entry["left_out"] == {"does not parse": 1, "contaminated": 1}
    assert entry["contaminated"]["humaneval"] == {"syntax tree": 1}
    assert sum(entry["unreadable"].values()) == 1
    assert entry["examples"]["does not parse"] == ["row 7"]
    assert content["settings"]["keep_only"] == "parses"
    assert any(name.startswith("humaneval") for name in content["benchmarks"])


def test_what_changed_since_the_run_began_is_said_and_the_former_record_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_lines(tmp_path / "sets" / "rows.jsonl", ROWS)
    first = written(tmp_path, tmp_path / "sets")
    written(tmp_path, tmp_path / "sets")
    assert not caplog.text and not (tmp_path / "datasets.1.json").exists()
    write_lines(tmp_path / "sets" / "rows.jsonl", [*ROWS, ROWS[6] | {"instruction": "More."}])
    written(tmp_path, tmp_path / "sets", max_samples=500)
    assert "alpaca_python: rows_read: 10 -> 11" in caplog.text
    assert "alpaca_python: left_out: does not parse: 1 -> 2" in caplog.text
    assert "alpaca_python: files: rows.jsonl: sha256: " in caplog.text
    assert "settings: max_samples_per_dataset: None -> 500" in caplog.text
    assert json.loads((tmp_path / "datasets.1.json").read_text()) == first


def test_what_was_taken_and_has_no_use_is_counted(tmp_path: Path) -> None:
    write_mbpp(tmp_path / "sets")
    write_lines(tmp_path / "sets" / "rows.jsonl", [*ROWS[:2], LONG])
    data = tiny_data(
        families=[],
        datasets=["mbpp_train", "alpaca_python"],
        datasets_folder=str(tmp_path / "sets"),
        max_sequence_length=128,
    )
    data.leave_out_labelled(frozenset({"mbpp_train/605"}))
    attached(data, tmp_path).train_dataloader()
    assert data.known_failing
    keep_manifest(tmp_path, data.datasets, None, data.problems, data.known_failing)
    entries = json.loads((tmp_path / DATASETS_FILE).read_text())["datasets"]
    assert entries["mbpp_train"]["not_used"] == {"reference fails its tests": 1}
    assert entries["alpaca_python"]["not_used"] == {"too long for a row": 1}


def test_programs_are_counted_where_the_corpus_counts_them(tmp_path: Path) -> None:
    write_programs(tmp_path / "sets")
    with (tmp_path / "sets" / "codeparrot" / "file-000000000001.jsonl").open("a") as stream:
        row = {"repo_name": "a", "path": "old.py", "content": "print 'old'", "license": "mit"}
        stream.write(json.dumps(row))
    data = tiny_data(
        families=["arithmetic"],
        datasets=["codeparrot_clean"],
        datasets_folder=str(tmp_path / "sets"),
        cache_dir=str(tmp_path / "cache"),
        max_sequence_length=64,
    )
    attached(data, tmp_path)
    keep_manifest(tmp_path, data.datasets, data.corpus)
    content = json.loads((tmp_path / DATASETS_FILE).read_text())
    entry = content["datasets"]["codeparrot_clean"]
    assert entry["rows_read"] == 61 and entry["left_out"] == {"does not parse": 1}
    assert entry["taken"]["documents"] == 60 and content["benchmarks"]


def test_a_run_without_datasets_has_no_record_of_them(tmp_path: Path) -> None:
    keep_manifest(tmp_path, TrainingDatasets(), None)
    assert not (tmp_path / DATASETS_FILE).exists()
