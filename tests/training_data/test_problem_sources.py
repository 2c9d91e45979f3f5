"""Problem files of the hub, and so many rows of a large one."""

from __future__ import annotations

import socket
from pathlib import Path
from random import Random

import pytest
from huggingface_hub import constants

from lit_coder.problems.sudoku_file import COLUMNS
from lit_coder.problems.sudoku_grid import SHAPES, minimal_puzzle, random_grid
from lit_coder.problems.sudoku_symmetry import symmetric
from lit_coder.training_data.problem_set import ProblemOptions, ProblemSet
from lit_coder.training_data.problem_sources import problem_source, source_checksums

TRAIN = "hf:someone/boards/train.csv"
TEST = "hf:someone/boards/hard/test.csv"


def boards(count: int, seed: int) -> str:
    """Rows of a file: images of one 4x4 board."""
    random = Random(seed)
    grid = random_grid(SHAPES[16], random)
    puzzle = minimal_puzzle(SHAPES[16], grid, random)
    rows = [",".join(COLUMNS)]
    for number in range(count):
        rows.append(f"made,{','.join(symmetric(puzzle, grid, random))},{number}")
    return "\n".join(rows) + "\n"


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache as the hub's client keeps it, and no hub behind it."""
    repository = tmp_path / "hub" / "datasets--someone--boards"
    snapshot = repository / "snapshots" / ("0123456789" * 4)
    (snapshot / "hard").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(snapshot.name, encoding="utf-8")
    (snapshot / "train.csv").write_text(boards(30, seed=1), encoding="utf-8")
    (snapshot / "hard" / "test.csv").write_text(boards(5, seed=2), encoding="utf-8")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = taken.getsockname()[1]
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{closed}")
    return snapshot


def test_a_file_of_the_hub_is_read_from_its_cache(hub_cache: Path) -> None:
    problems = problem_source("problem_files", TRAIN).problems()
    local = problem_source("problem_files", str(hub_cache / "train.csv")).problems()
    assert problems == local != []
    assert {problem.source for problem in problems} == {"train"}
    named = problem_source("problem_files", f"{TRAIN}@{hub_cache.name}")
    assert named.problems() == problems


def test_so_many_rows_are_always_the_same_ones_of_the_whole_file(hub_cache: Path) -> None:
    everything = problem_source("problem_files", TRAIN).problems()
    some = problem_source("problem_files", f"{TRAIN}:10").problems()
    assert some == problem_source("problem_files", f"{hub_cache / 'train.csv'}:10").problems()
    places = [everything.index(problem) for problem in some]
    assert 8 <= len(places) <= 10
    assert places == sorted(places) != list(range(len(places)))
    assert max(places) > len(everything) // 2
    assert problem_source("problem_files", f"{TRAIN}:1000").problems() == everything


def test_a_run_trains_on_one_and_measures_on_another(hub_cache: Path) -> None:
    options = ProblemOptions((), (), 0, (), 0, 0, (f"{TRAIN}:12",), (TEST,))
    problems = ProblemSet.build(options, seed=0)
    assert {problem.source for problem in problems.labelled} == {"train"}
    assert {problem.source for problem in problems.held_out} == {"test"}


def test_a_hub_out_of_reach_is_one_sentence(hub_cache: Path) -> None:
    source = problem_source("held_out_files", "hf:someone/boards/other.csv:7")
    with pytest.raises(ValueError, match="cannot be reached") as caught:
        source.problems()
    said = str(caught.value)
    assert said.startswith("data.held_out_files: hf:someone/boards/other.csv cannot be had (")
    assert said.endswith("download it where the hub can be reached and give the file's path")
    assert "\n" not in said


@pytest.mark.parametrize(
    "name, meant",
    [
        ("hf:sudoku/train.csv", "is no file of the hub; write hf:OWNER/NAME/FILE.csv"),
        ("hf:someone/boards", "is no file of the hub"),
        ("hf:someone/boards/train.parquet", "is no file of the hub"),
        ("hf:someone/boards/train.csv:many", "is no file of the hub"),
        ("hf:someone/boards/train.csv:0", "draws 0 rows; name 1 or more of a .csv file"),
        ("mine.jsonl:10", "draws 10 rows; name 1 or more of a .csv file"),
    ],
)
def test_what_names_no_source_is_refused(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=meant) as caught:
        problem_source("problem_files", name)
    assert str(caught.value).startswith(f"data.problem_files: {name}")


def test_a_name_is_understood_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, absolute in (
        (f"{TRAIN}:10", f"{TRAIN}:10"),
        ("a.csv:10", f"{tmp_path}/a.csv:10"),
        ("folder", f"{tmp_path}/folder"),
    ):
        assert problem_source("problem_files", name).from_anywhere() == absolute
    with pytest.raises(ValueError, match=r"data\.problem_files: there is no file a\.csv"):
        problem_source("problem_files", "a.csv:10").refuse_missing()


def test_a_path_may_hold_a_colon(tmp_path: Path) -> None:
    path = tmp_path / "boards.csv:3"
    path.mkdir()
    (path / "a.csv").write_text(boards(4, seed=3), encoding="utf-8")
    assert problem_source("problem_files", str(path)).most is None


def test_checksums_are_by_the_names_on_the_hub(hub_cache: Path) -> None:
    local = str(hub_cache / "hard" / "test.csv")
    found = source_checksums({"problem_files": [f"{TRAIN}:10"], "held_out_files": [local]})
    assert list(found) == [TRAIN, local]
    (hub_cache / "train.csv").write_text(boards(3, seed=4), encoding="utf-8")
    assert source_checksums({"problem_files": [TRAIN]})[TRAIN] != found[TRAIN]
