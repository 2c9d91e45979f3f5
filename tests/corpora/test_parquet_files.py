"""The hub's tables are read as the same records as the published files."""

from pathlib import Path

import pytest

from lit_coder.corpora.benchmark_files import load_benchmark
from lit_coder.corpora.parquet_files import read_parquet_rows
from lit_coder.problems.benchmarks.files import DATA_FOLDER_VARIABLE

parquet = pytest.importorskip("pyarrow.parquet")
ROWS = [
    {
        "task_id": number,
        "text": "Double it.",
        "code": "def g(x):\r\n  return 2 * x",
        "test_list": ["assert g(1) == 2", "assert g(2) == 4"],
        "test_setup_code": "",
        "challenge_test_list": [],
    }
    for number in (11, 12)
]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    import pyarrow

    path = tmp_path / "test-00000-of-00001.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(ROWS), path)
    return path


def test_rows_are_plain_values_in_their_order(table: Path) -> None:
    assert list(read_parquet_rows(table)) == ROWS


def test_a_table_is_a_benchmark_like_the_published_file(table: Path) -> None:
    benchmark = load_benchmark("mbpp", folder=table, download=False)
    assert [task.task_id for task in benchmark.measured_tasks] == ["MBPP/11", "MBPP/12"]
    assert benchmark.tasks[0].problem.reference == "def g(x):\n  return 2 * x\n"
    assert benchmark.tasks[0].record["test_list"] == ROWS[0]["test_list"]


def test_a_benchmark_is_found_where_data_download_puts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow

    monkeypatch.setenv(DATA_FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for split in ("prompt", "test", "validation", "train"):
        path = tmp_path / "mbpp" / "full" / f"{split}-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [{**row, "task_id": row["task_id"] + 2 * len(split)} for row in ROWS]
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    benchmark = load_benchmark("mbpp", download=False)
    assert len(benchmark.tasks) == 8
    assert benchmark.release == "google-research-datasets/mbpp"


def test_a_mistake_in_a_table_names_its_row(tmp_path: Path) -> None:
    import pyarrow

    path = tmp_path / "rows.parquet"
    parquet.write_table(pyarrow.Table.from_pylist([*ROWS, {**ROWS[0], "code": None}]), path)
    with pytest.raises(ValueError, match=r"rows\.parquet, row 3: the text field 'code'"):
        load_benchmark("mbpp", folder=path, download=False)


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(ValueError, match=r"rows\.parquet is not a readable Parquet file"):
        list(read_parquet_rows(path))
