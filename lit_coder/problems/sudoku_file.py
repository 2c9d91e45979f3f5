"""Reads Sudoku puzzles from a `.csv` file in the format of Sudoku-Extreme.

    problems = read_sudoku_file("sudoku_extreme/test.csv", most=1000)

The columns are `source,question,answer,rating`: where a puzzle comes from, its 81 cells row by
row with `.` (or `0`) for a blank, its solution, and how hard it is for a solver (Hugging Face
dataset sapientinc/sudoku-extreme). Boards of 16 and 36 cells are read as well. Every row is
checked and a damaged one is named with its line; a puzzle that comes again is left out. Source and
rating are not used: the difficulty is the board's size, as in the family `sudoku`.

To know symmetric grids of 9x9 takes about ten milliseconds each, so of a file with millions of
puzzles take `most`: rows that are drawn from the whole file, always the same ones.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

from lit_coder.problems.answer_record import require_sudoku
from lit_coder.problems.json_lines import read_lines
from lit_coder.problems.problem import Problem
from lit_coder.problems.sudoku import difficulty_of, sudoku_problem
from lit_coder.problems.sudoku_grid import BLANK

COLUMNS = ("source", "question", "answer", "rating")
MOST_ROWS_READ_WHOLE = 100_000
"""Their symmetries take about a quarter of an hour."""


class _Row(NamedTuple):
    """A row, its number among all, and where it stands."""

    number: int
    file: Path
    line: int
    cells: list[str]


def read_sudoku_file(path: str | Path, most: int | None = None) -> list[Problem]:
    """The puzzles of a file, or of every `.csv` file of a folder in the order of their names.

    Args:
        path: of the file or folder.
        most: rows to take, drawn at random and always the same ones; the others are not checked.
            None takes all.

    Raises:
        ValueError: the file is missing, has other columns, a damaged row, or too many rows for
            all to be taken; one sentence.
    """
    path = Path(path)
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"the folder {path} holds no .csv file; put your puzzles into one")
    problems: dict[str, Problem] = {}
    numbered = enumerate(row for file in files for row in _rows(file))
    rows = (_Row(number, *row) for number, row in numbered)
    for row in _all(rows, path) if most is None else _drawn(rows, most):
        try:
            problem = _problem(row.cells, source=row.file.stem)
        except ValueError as error:
            raise ValueError(f"{row.file}, line {row.line}: {error}") from error
        problems.setdefault(problem.draft, problem)
    if not problems:
        raise ValueError(f"{path} holds no puzzle; write one a line under {','.join(COLUMNS)}")
    return list(problems.values())


def has_sudoku_columns(file: Path) -> bool:
    """Whether the file's first line names the columns.

    Raises:
        ValueError: that line is no CSV.
    """
    return next(_lines(file), (1, None))[1] == list(COLUMNS)


def _rows(file: Path) -> Iterator[tuple[Path, int, list[str]]]:
    """File, line and cells of each row."""
    if not file.is_file():
        raise ValueError(f"there is no file {file}; give the path of a .csv file")
    rows = _lines(file)
    _, header = next(rows, (1, []))
    if header != list(COLUMNS):
        raise ValueError(
            f"{file} has the columns {','.join(header) or 'none'}; a .csv file of problems holds "
            f"Sudoku puzzles under {','.join(COLUMNS)}"
        )
    for line, cells in rows:
        if cells:
            yield file, line, cells


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line."""
    rows = csv.reader(read_lines(file))
    try:
        for cells in rows:
            yield rows.line_num, cells
    except csv.Error as error:
        reason = str(error).partition(" - ")[0]
        raise ValueError(
            f"{file}, line {rows.line_num}: no row of a .csv file ({reason}); repair the line, and "
            "end lines by line feeds"
        ) from error


def _all(rows: Iterable[_Row], path: Path) -> list[_Row]:
    found = list(islice(rows, MOST_ROWS_READ_WHOLE + 1))
    if len(found) > MOST_ROWS_READ_WHOLE:
        raise ValueError(
            f"{path} holds more than {MOST_ROWS_READ_WHOLE:,} puzzles, and to tell symmetric ones "
            "apart takes about 10 ms each; say behind a file's name how many to draw from it, as "
            "train.csv:1000"
        )
    return found


def _drawn(rows: Iterable[_Row], most: int) -> list[_Row]:
    """So many of all rows, each with the same chance, in their order; no more are held."""
    random = Random(0)
    kept: list[_Row] = []
    for row in rows:
        if len(kept) < most:
            kept.append(row)
            continue
        place = int(random.random() * (row.number + 1))
        if place < most:
            kept[place] = row
    return sorted(kept)


def _problem(row: list[str], source: str) -> Problem:
    if len(row) != len(COLUMNS):
        raise ValueError(f"{len(row)} columns where {len(COLUMNS)} are needed; repair the line")
    question, answer = row[1].replace("0", BLANK), row[2]
    require_sudoku(question, answer)
    return sudoku_problem(question, answer, source, difficulty_of(question))
