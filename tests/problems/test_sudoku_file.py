"""Sudoku from files in the format of Sudoku-Extreme."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from lit_coder.problems import sudoku_file
from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.file_checksums import problem_file_checksums
from lit_coder.problems.problem import Answer
from lit_coder.problems.problem_file import read_problems
from lit_coder.problems.sudoku_file import read_sudoku_file
from lit_coder.problems.sudoku_grid import SHAPES, minimal_puzzle, random_grid

HEADER = "source,question,answer,rating"


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str]]:
    random = Random(0)
    grids = [random_grid(SHAPES[81], random) for _ in range(60)]
    return [(minimal_puzzle(SHAPES[81], grid, random), grid) for grid in grids]


def write(path: Path, *lines: str, end: str = "\n") -> Path:
    path.write_bytes("".join(line + end for line in (HEADER, *lines)).encode())
    return path


def text_of(rows: list[tuple[str, str]]) -> list[str]:
    return [f"made,{puzzle},{grid},{number}" for number, (puzzle, grid) in enumerate(rows)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_row_becomes_a_problem(tmp_path: Path, rows: list[tuple[str, str]], end: str) -> None:
    problems = read_sudoku_file(write(tmp_path / "hard.csv", *text_of(rows), end=end))
    assert [(p.draft, p.reference) for p in problems] == rows
    assert problems[0].tests == Answer("sudoku", *rows[0])
    assert {(p.source, p.difficulty, p.kind, p.prompt) for p in problems} == {
        ("hard", 3, "answer", "")
    }
    assert len({p.task_id for p in problems}) == len(set(map(behaviour, problems))) == 60


def test_a_puzzle_that_comes_again_is_left_out(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    lines = text_of(rows[:2])
    assert len(read_sudoku_file(write(tmp_path / "a.csv", *lines, lines[0]))) == 2


def test_zeros_are_blanks_too(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    puzzle, grid = rows[0]
    (problem,) = read_sudoku_file(
        write(tmp_path / "a.csv", f'"x,y",{puzzle.replace(".", "0")},{grid},0')
    )
    assert problem.draft == puzzle


def test_problem_files_may_name_such_a_file_or_its_folder(
    tmp_path: Path, rows: list[tuple[str, str]]
) -> None:
    path = write(tmp_path / "a.csv", *text_of(rows[:3]))
    (tmp_path / "notes.csv").write_text("date,text\n1,2\n", encoding="utf-8")
    assert len(read_problems(path)) == len(read_problems(tmp_path)) == 3
    assert list(problem_file_checksums([tmp_path])) == [str(path)]


def damaged(row: str) -> list[str]:
    source, puzzle, grid, rating = row.split(",")
    swapped = grid[1] + grid[0] + grid[2:]
    return [
        f"{source},{puzzle[:-1]},{grid},{rating}",
        f"{source},{'x' + puzzle[1:]},{grid},{rating}",
        f"{source},{puzzle},{swapped},{rating}",
        f"{source},{puzzle},{grid[:-1]},{rating}",
        f"{source},{grid[1:]}1,{grid},{rating}",
        f"{source},{puzzle},{grid}",
        row[: len(row) // 2],
    ]


def test_every_damaged_row_is_named_with_its_line(
    tmp_path: Path, rows: list[tuple[str, str]]
) -> None:
    lines = text_of(rows[:2])
    for bad in damaged(text_of(rows[2:])[0]):
        path = write(tmp_path / "a.csv", *lines, bad)
        with pytest.raises(ValueError, match=r"a\.csv, line 4: ") as caught:
            read_sudoku_file(path)
        assert "\n" not in str(caught.value)


def test_what_is_no_csv_is_named_with_its_line(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    first, second = text_of(rows[:2])
    path = write(tmp_path / "a.csv", first, second.replace(",", "\r,", 1))
    with pytest.raises(ValueError, match=r"a\.csv, line 3: no row of a \.csv file") as caught:
        read_sudoku_file(path)
    assert "universal-newline" not in str(caught.value)
    path.write_text(path.read_text(encoding="utf-8").replace("\n", "\r"), newline="")
    with pytest.raises(ValueError, match=r"a\.csv, line 1: .* end lines by line feeds"):
        read_problems(tmp_path)


def test_other_columns_a_missing_file_and_an_empty_one_are_named(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("question,answer\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"other\.csv has the columns question,answer; a \.csv"):
        read_problems(other)
    for name in ("packed.csv.gz", "OTHER.CSV"):
        with pytest.raises(ValueError, match=rf"{name} does not end in \.csv.*; unpack or rename"):
            read_problems(tmp_path / name)
    with pytest.raises(ValueError, match=r"there is no file .*none\.csv"):
        read_sudoku_file(tmp_path / "none.csv")
    with pytest.raises(ValueError, match="holds no puzzle"):
        read_sudoku_file(write(tmp_path / "empty.csv"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match=r"holds no \.csv file"):
        read_sudoku_file(tmp_path / "folder")
    with pytest.raises(ValueError, match=r"and no \.csv file with the columns source,question"):
        read_problems(tmp_path / "folder")


def test_so_many_rows_are_drawn_each_with_the_same_chance(
    tmp_path: Path, rows: list[tuple[str, str]]
) -> None:
    path = write(tmp_path / "a.csv", *text_of(rows))
    drawn = read_sudoku_file(path, most=20)
    assert drawn == read_sudoku_file(path, most=20)
    puzzles = [puzzle for puzzle, _ in rows]
    places = [puzzles.index(problem.draft) for problem in drawn]
    assert places == sorted(set(places)) and len(places) == 20
    assert all(any(start <= place < start + 20 for place in places) for start in (0, 20, 40))
    assert len(read_sudoku_file(path, most=1000)) == 60


def test_a_damaged_row_that_is_drawn_is_named(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    path = write(tmp_path / "a.csv", *["damaged"] * 20, *text_of(rows[:1]))
    with pytest.raises(ValueError, match=r"a\.csv, line \d+: 1 columns where 4 are needed"):
        read_sudoku_file(path, most=3)


def test_more_rows_than_can_be_told_apart_are_refused(
    tmp_path: Path, rows: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sudoku_file, "MOST_ROWS_READ_WHOLE", 5)
    path = write(tmp_path / "a.csv", *text_of(rows[:6]))
    with pytest.raises(ValueError, match=r"holds more than 5 puzzles, .* as train\.csv:1000"):
        read_sudoku_file(path)
    assert len(read_sudoku_file(path, most=6)) == 6
