"""`main.py data` on a run's pool: as a user would, on a pool of three small rounds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import pytest

from lit_coder.commands.data_pool import run
from lit_coder.corpora.parquet_files import read_parquet_rows
from lit_coder.training_data.folder_lock import FolderLock
from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.sample import Sample
from tests.training_data.parts import make_sample

FAILED = "visible tests: failed"


class Ended(NamedTuple):
    status: int
    out: str
    err: str


def samples_of(round: int) -> list[Sample]:
    rejected = {"accepted": False, "passed_visible": False, "passed": False, "reason": FAILED}
    return [
        make_sample(round=round, task_id="arithmetic/1", stream=f"{round}/a"),
        make_sample(round=round, task_id="arithmetic/1", stream=f"{round}/b", **rejected),
        make_sample(
            round=round, task_id=f"lists/{round}", source="lists", difficulty=3, passed=False
        ),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run whose pool has an empty version and one for each of three rounds."""
    pool = SamplePool.create(tmp_path / "run" / "pool.lance", "run-a")
    version = 1
    for round in range(3):
        version = pool.commit(samples_of(round), version)
    return tmp_path / "run"


@pytest.fixture
def data(capsys: pytest.CaptureFixture[str]) -> object:
    def do(*words: object) -> Ended:
        try:
            status = run([str(word) for word in words])
        except SystemExit as ending:
            status = int(ending.code or 0)
        return Ended(status, *capsys.readouterr())

    return do


def lines_of(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_a_pool_is_counted_by_round_family_difficulty_and_reason(data, folder: Path) -> None:
    ended = data("inspect", "--pool", folder, "--show", 0)
    lines = lines_of(ended.out)
    assert (ended.status, ended.err) == (0, "")
    assert "9 samples of 4 tasks, 6 accepted" in ended.out and "version 4, run run-a" in ended.out
    assert [line for line in lines if line[:1] == ["1"]] == [["1", "2", "3", "2", "1", "2"]]
    assert "arithmetic, difficulty 1      1        6       3       0         3" in ended.out
    assert "lists, difficulty 3           3        3       3       3         3" in ended.out
    assert [*FAILED.split(), "3"] in lines and ["accepted", "6"] in lines
    assert "return x + 1" not in ended.out


def test_samples_of_each_reason_are_shown_the_newest_first(data, folder: Path) -> None:
    ended = data("inspect", "--pool", folder)
    assert ended.out.count("--- ") == 2 and ended.out.count("return x + 1") == 2
    assert f"--- {FAILED} | round 2, step 6 | arithmetic/1" in ended.out
    assert data("inspect", "--pool", folder, "--show", 2).out.count("--- ") == 4


def test_the_lineage_of_a_task_is_what_became_of_it_by_round(data, folder: Path) -> None:
    ended = data("inspect", "--pool", folder, "--task", "arithmetic/1")
    shown = [line.split(" |")[:2] for line in ended.out.splitlines() if line.startswith("---")]
    assert shown == [
        [f"--- {reason}", f" round {round}, step 6"]
        for round in range(3)
        for reason in ("accepted", FAILED)
    ]
    only = data("inspect", "--pool", folder, "--task", "arithmetic/1", "--round", 2)
    assert "2 samples of 1 tasks, 1 accepted" in only.out
    of_reason = data("inspect", "--pool", folder, "--reason", "visible")
    assert "3 samples of 1 tasks, 0 accepted" in of_reason.out


def test_an_older_version_is_looked_at_as_it_was(data, folder: Path) -> None:
    assert "3 samples of 2 tasks" in data("inspect", "--pool", folder, "--version", 2).out
    assert "holds no samples yet" in data("inspect", "--pool", folder, "--version", 1).out


def test_what_would_steer_the_terminal_is_shown_as_a_picture(data, tmp_path: Path) -> None:
    pool = SamplePool.create(tmp_path / "pool.lance", "run-a")
    pool.commit([make_sample(completion="    \x1b[2J\x9b1m\r\n", detail="\x07")], 1)
    out = data("inspect", "--pool", tmp_path / "pool.lance").out
    assert "\u241b[2J\ufffd1m\u240d" in out and "\u2407" in out
    assert not set(out) & {"\x1b", "\x9b", "\r", "\x07"}


def test_versions_are_listed_and_compared(data, folder: Path) -> None:
    lines = lines_of(data("versions", folder).out)
    assert [line[0] for line in lines] == ["version", "1", "2", "3", "4"]
    assert [line[3:] for line in lines[1:]] == [
        ["0", "0", "-"],
        ["3", "2", "0"],
        ["6", "4", "1"],
        ["9", "6", "2"],
    ]
    ended = data("compare", folder, 2, 4)
    assert "3 in both" in ended.out and "0 only in version 2" in ended.out
    assert "6 only in version 4" in ended.out and ["2", "accepted", "2"] in lines_of(ended.out)


def test_a_restored_version_is_the_next_one_and_the_history_stays(data, folder: Path) -> None:
    ended = data("restore", folder, 2)
    assert ended.status == 0 and "version 5 holds what version 2 holds" in ended.out
    pool = SamplePool(folder / "pool.lance", "run-a")
    assert pool.read(5) == pool.read(2) == samples_of(0)
    assert len(pool.read(4)) == 9
    assert [each.num_samples for each in pool.versions()] == [0, 3, 6, 9, 3]


def test_nothing_is_restored_while_a_fit_holds_the_runs_lock(data, folder: Path) -> None:
    lock = FolderLock(folder, "is training in", "wait")
    lock.acquire()
    ended = data("restore", folder, 2)
    lock.release()
    assert ended.status == 2 and f"pid {os.getpid()}) is training in" in ended.err
    assert SamplePool(folder / "pool.lance", "").newest_version() == 4


def test_a_version_becomes_a_parquet_file(data, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "pool.parquet"
    ended = data("export", folder, "--format", "parquet", "--output", path)
    assert ended.out == f"{path}: 9 samples of version 4\n"
    rows = list(read_parquet_rows(path))
    assert [row["stream"] for row in rows[:2]] == ["0/a", "0/b"]
    assert rows[0]["completion"] == make_sample().completion and rows[0]["token_ids"] == [5, 6, 7]
    some = tmp_path / "some.parquet"
    ended = data(
        "export", folder, "--format", "parquet", "--output", some, "--version", 2, "--accepted"
    )
    assert ended.status == 0 and [row["accepted"] for row in read_parquet_rows(some)] == [
        True,
        True,
    ]
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "pool.parquet",
        "run",
        "some.parquet",
    ]


def test_the_hugging_face_folder_is_read_by_datasets(
    data, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "exported"
    ended = data("export", folder, "--format", "hf", "--output", output)
    assert ended.out == f"{output}: 9 samples of version 4\n"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    loaded = datasets.load_dataset(str(output), cache_dir=str(tmp_path / "cache"))
    assert {name: split.num_rows for name, split in loaded.items()} == {
        "accepted": 6,
        "rejected": 3,
    }
    assert loaded["rejected"][0]["reason"] == FAILED
    assert set(loaded["accepted"].column_names) == set(Sample.__dataclass_fields__)
    card = (output / "README.md").read_text()
    assert all(f"`{name}`" in card for name in Sample.__dataclass_fields__)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("inspect",), "the following arguments are required: --pool"),
        (("inspect", "--pool", "nowhere"), "--pool nowhere: there is no folder nowhere; name"),
        (("inspect", "--pool", "."), "--pool .: the folder holds no pool.lance; name"),
        (("inspect", "--pool", "run", "--task", "x"), "no sample of version 4 is of --round"),
        (("inspect", "--pool", "run", "--show", "-1"), "'-1' must be 0 or more"),
        (("inspect", "--pool", "run", "--version", "9"), "no such version; there are 1, 2, 3, 4"),
        (("versions", "last"), "RUN last: there is no folder runs/last; name"),
        (("compare", "run", "1", "7"), "VERSION 7: the pool has no such version"),
        (("restore", "run", "4"), "VERSION 4 is the newest version; there is nothing"),
        (("export", "run", "--format", "hf", "--output", "run"), "--output run is there already"),
        (("export", "run", "--format", "csv", "--output", "x"), "invalid choice: 'csv'"),
        (("export", "run", "--format", "hf", "--output", "no/x"), "there is no folder no; make"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_2(
    data, folder: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(folder.parent)
    ended = data(*words)
    assert ended.status == 2 and ended.out == ""
    assert sentence in ended.err and ended.err.count("\n") == 1
    assert sorted(file.name for file in folder.parent.iterdir()) == ["run"]
