"""Mazes: one shortest path, found, drawn and compared up to turning."""

from __future__ import annotations

from itertools import product
from math import isqrt
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.maze import MAZES, maze_problem
from lit_coder.problems.maze_grid import canonical_maze, is_maze, shortest_paths, with_path
from lit_coder.problems.problem import Answer
from lit_coder.problems.sampling import SplitPlan, split_problems
from lit_coder.verification.answers import judge_answer

SEEDS = st.integers(0, 2**32)


def all_paths(maze: str, cell: int, seen: frozenset[int]) -> list[int]:
    """Lengths of all paths to the goal that visit no cell twice, by trying each step."""
    if maze[cell] == "G":
        return [0]
    size = isqrt(len(maze))
    row, column = divmod(cell, size)
    lengths = []
    for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        other_row, other_column = row + down, column + right
        other = other_row * size + other_column
        if not (0 <= other_row < size and 0 <= other_column < size) or other in seen:
            continue
        if maze[other] != "#":
            lengths += [1 + rest for rest in all_paths(maze, other, seen | {other})]
    return lengths


@given(st.lists(st.sampled_from("..#"), min_size=16, max_size=16), SEEDS)
@settings(max_examples=60, deadline=None)
def test_distance_and_number_of_shortest_paths_are_those_of_trying_all(
    cells: list[str], seed: int
) -> None:
    start, goal = Random(seed).sample(range(16), 2)
    cells[start], cells[goal] = "S", "G"
    maze = "".join(cells)
    lengths = all_paths(maze, start, frozenset({start}))
    least = min(lengths, default=None)
    assert shortest_paths(maze) == (least, lengths.count(least) if lengths else 0)
    if lengths:
        assert judge_answer(Answer("maze", maze, ""), with_path(maze)).passed


@given(SEEDS, st.sampled_from([1, 2, 3]))
@settings(max_examples=40, deadline=None)
def test_a_maze_has_one_shortest_path_which_the_reference_shows(seed: int, difficulty: int) -> None:
    problem = MAZES.sample(difficulty, Random(seed))
    size = {1: 5, 2: 9, 3: 15}[difficulty]
    assert is_maze(problem.draft) and len(problem.draft) == size * size
    distance, num_paths = shortest_paths(problem.draft)
    assert num_paths == 1 and distance is not None and distance >= size
    assert isinstance(problem.tests, Answer) and problem.reference is not None
    assert judge_answer(problem.tests, problem.reference).passed
    assert not judge_answer(problem.tests, problem.draft).passed
    assert MAZES.sample(difficulty, Random(seed)) == problem


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_a_turned_mirrored_or_reversed_maze_is_the_same_problem(seed: int) -> None:
    maze = MAZES.sample(1, Random(seed)).draft
    rows = [maze[start : start + 5] for start in range(0, 25, 5)]
    turned = "".join("".join(column) for column in zip(*rows[::-1], strict=True))
    reversed_ways = maze.translate(str.maketrans("SG", "GS"))
    problems = [maze_problem(each, "maze", 1) for each in (maze, turned, maze[::-1], reversed_ways)]
    assert len(set(map(behaviour, problems))) == 1
    moved = maze.replace("S", ".", 1)
    for cell, mark in enumerate(moved):
        other = moved[:cell] + "S" + moved[cell + 1 :]
        if mark == "." and other != maze:
            assert canonical_maze(other) != canonical_maze(maze) or other in _images(maze)


def _images(maze: str) -> set[str]:
    """The eight images and their reversals, by moving single cells."""
    found = set()
    for mirror_rows, mirror_columns, transpose, exchange in product((0, 1), repeat=4):
        cells = [""] * 25
        for row, column in product(range(5), repeat=2):
            to_row = 4 - row if mirror_rows else row
            to_column = 4 - column if mirror_columns else column
            if transpose:
                to_row, to_column = to_column, to_row
            cells[5 * to_row + to_column] = maze[5 * row + column]
        image = "".join(cells)
        found.add(image.translate(str.maketrans("SG", "GS")) if exchange else image)
    return found


def test_splits_share_no_maze() -> None:
    plan = SplitPlan(300, (1, 2, 3), num_held_out=50, held_out_difficulties=(1, 2, 3))
    splits = split_problems([MAZES], plan, seed=0)
    assert splits.shortages == ()
    everything = splits.labelled + splits.held_out
    assert len({canonical_maze(problem.draft) for problem in everything}) == 450


@pytest.mark.parametrize("text", ["", "S", "SG", "SG..#", "SG.x", "SS..", "SGG.", "S..G....."[:8]])
def test_what_is_no_square_with_one_start_and_one_goal_is_no_maze(text: str) -> None:
    assert not is_maze(text)
