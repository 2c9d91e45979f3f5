"""Reads Sudoku puzzles from a `.csv` file in the format of Sudoku-Extreme.

    problems = read_sudoku_file("sudoku_extreme/test.csv")

The columns are `source,question,answer,rating`: where a puzzle comes from, its 81 cells row by
row with `.` (or `0`) for a blank, its solution, and how hard it is for a solver (Hugging Face
dataset sapientinc/sudoku-extreme). Boards of 16 and 36 cells are read as well. Every row is
checked and a damaged one is named with its line; a puzzle that comes again is left out. Source and
rating are not used: the difficulty is the board's size, as in the family `sudoku`.

A file is read whole, and to know symmetric grids of 9x9 takes about ten milliseconds each: of a
file with millions of puzzles give a part.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from lit_coder.problems.answer_record import require_sudoku
from lit_coder.problems.json_lines import read_lines
from lit_coder.problems.problem import Problem
from lit_coder.problems.sudoku import difficulty_of, sudoku_problem
from lit_coder.problems.sudoku_grid import BLANK

COLUMNS = ("source", "question", "answer", "rating")


def read_sudoku_file(path: str | Path) -> list[Problem]:
    """The puzzles of a file, or of every `.csv` file of a folder in the order of their names.

    Raises:
        ValueError: the file is missing, has other columns, or a damaged row; one sentence.
    """
    path = Path(path)
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"the folder {path} holds no .csv file; put your puzzles into one")
    problems: dict[str, Problem] = {}
    for file in files:
        for problem in _problems(file):
            problems.setdefault(problem.draft, problem)
    if not problems:
        raise ValueError(f"{path} holds no puzzle; write one a line under {','.join(COLUMNS)}")
    return list(problems.values())


def has_sudoku_columns(file: Path) -> bool:
    """Whether the file's first line names the columns."""
    return next(csv.reader(read_lines(file)), None) == list(COLUMNS)


def _problems(file: Path) -> Iterator[Problem]:
    if not file.is_file():
        raise ValueError(f"there is no file {file}; give the path of a .csv file")
    rows = csv.reader(read_lines(file))
    header = next(rows, [])
    if header != list(COLUMNS):
        raise ValueError(
            f"{file} has the columns {','.join(header) or 'none'}; a .csv file of problems holds "
            f"Sudoku puzzles under {','.join(COLUMNS)}"
        )
    for row in rows:
        try:
            if row:
                yield _problem(row, source=file.stem)
        except ValueError as error:
            raise ValueError(f"{file}, line {rows.line_num}: {error}") from error


def _problem(row: list[str], source: str) -> Problem:
    if len(row) != len(COLUMNS):
        raise ValueError(f"{len(row)} columns where {len(COLUMNS)} are needed; repair the line")
    question, answer = row[1].replace("0", BLANK), row[2]
    require_sudoku(question, answer)
    return sudoku_problem(question, answer, source, difficulty_of(question))
