"""Sudoku: puzzles have one solution, and what counts as the same puzzle."""

from __future__ import annotations

import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.problem import Answer, Problem
from lit_coder.problems.sampling import SplitPlan, split_problems
from lit_coder.problems.sudoku import (
    SUDOKU,
    SUDOKU_HELD_OUT_GRIDS,
    SUDOKU_WITH_CLUES,
    is_held_out_grid,
    sudoku_problem,
)
from lit_coder.problems.sudoku_grid import (
    SHAPES,
    is_complete,
    keeps_clues,
    minimal_puzzle,
    random_grid,
    solve,
)
from lit_coder.problems.sudoku_symmetry import canonical_grid, canonical_puzzle, symmetric

SEEDS = st.integers(0, 2**32)


def solutions(puzzle: str, most: int = 2) -> list[str]:
    """By trying every digit in every blank in turn, without the search under test."""
    blank = puzzle.find(".")
    if blank < 0:
        return [puzzle] if is_complete(puzzle) else []
    shape = SHAPES[len(puzzle)]
    places = shape.places()
    seen = {
        digit
        for digit, place in zip(puzzle, places, strict=True)
        if any(mine == other for mine, other in zip(place, places[blank], strict=True))
    }
    found: list[str] = []
    for digit in shape.digits:
        if digit not in seen and len(found) < most:
            rest = puzzle[:blank] + digit + puzzle[blank + 1 :]
            found += solutions(rest, most - len(found))
    return found


@given(SEEDS, st.sampled_from([1, 2]))
@settings(max_examples=40, deadline=None)
def test_a_puzzle_has_one_solution_and_no_clue_too_many(seed: int, difficulty: int) -> None:
    problem = SUDOKU.sample(difficulty, Random(seed))
    assert solutions(problem.draft) == [problem.reference]
    for cell, clue in enumerate(problem.draft):
        if clue != ".":
            fewer = problem.draft[:cell] + "." + problem.draft[cell + 1 :]
            assert len(solutions(fewer)) == 2


def test_puzzles_with_clues_have_one_solution_and_from_none_to_most_of_the_blanks_given() -> None:
    random = Random(0)
    made = [SUDOKU_WITH_CLUES.sample(2, random) for _ in range(60)]
    assert all(solutions(problem.draft) == [problem.reference] for problem in made)
    assert not any(is_held_out_grid(problem.reference or "") for problem in made)
    blanks = [problem.draft.count(".") for problem in made]
    assert min(blanks) < 12 and max(blanks) > 22


@given(SEEDS, st.sampled_from([1, 2, 3]))
@settings(max_examples=20, deadline=None)
def test_the_draft_is_the_puzzle_and_the_reference_its_solution(seed: int, difficulty: int) -> None:
    problem = SUDOKU.sample(difficulty, Random(seed))
    reference = problem.reference
    assert reference is not None and problem.prompt == "" and problem.kind == "answer"
    assert is_complete(reference) and keeps_clues(problem.draft, reference)
    assert problem.tests == Answer("sudoku", problem.draft, reference)
    assert solve(SHAPES[len(reference)], problem.draft) == reference
    assert SUDOKU.sample(difficulty, Random(seed)) == problem


def test_a_board_that_breaks_a_rule_is_not_complete() -> None:
    grid = random_grid(SHAPES[36], Random(0))
    assert is_complete(grid)
    assert not is_complete(grid[1] + grid[0] + grid[2:])
    assert not is_complete(grid[:-1])
    assert not is_complete(grid[:-1] + ".")
    assert not is_complete("123456" * 6)


def test_a_board_without_a_solution_is_solved_by_none() -> None:
    assert solve(SHAPES[16], "11" + "." * 14) is None
    assert solve(SHAPES[16], "12....3....4....") is None


@given(SEEDS, st.sampled_from([16, 36, 81]))
@settings(max_examples=30, deadline=None)
def test_symmetric_boards_have_one_canonical_form(seed: int, num_cells: int) -> None:
    random = Random(seed)
    grid = random_grid(SHAPES[num_cells], random)
    puzzle = minimal_puzzle(SHAPES[num_cells], grid, random)
    moved, moved_grid = symmetric(puzzle, grid, random)
    assert is_complete(moved_grid) and keeps_clues(moved, moved_grid)
    assert canonical_grid(moved_grid) == canonical_grid(grid)
    assert canonical_puzzle(moved, moved_grid) == canonical_puzzle(puzzle, grid)
    assert canonical_grid(canonical_grid(grid)) == canonical_grid(grid)


def test_there_are_2_grids_of_4x4_and_49_of_6x6_up_to_symmetry() -> None:
    random = Random(0)
    for num_cells, num_drawn, num_grids in ((16, 100, 2), (36, 4000, 49)):
        drawn = (random_grid(SHAPES[num_cells], random) for _ in range(num_drawn))
        assert len(set(map(canonical_grid, drawn))) == num_grids


def seen_otherwise(problem: Problem, random: Random) -> Problem:
    assert problem.reference is not None
    return sudoku_problem(
        *symmetric(problem.draft, problem.reference, random), "sudoku", problem.difficulty
    )


def test_the_same_puzzle_seen_through_a_symmetry_is_the_same_problem() -> None:
    random = Random(0)
    for difficulty in (2, 3):
        problem = SUDOKU.sample(difficulty, random)
        assert behaviour(seen_otherwise(problem, random)) == behaviour(problem)


def test_of_9x9_a_problem_is_its_grid_and_of_6x6_its_clues() -> None:
    random = Random(0)
    for num_cells, is_same in ((81, True), (36, False)):
        grid = random_grid(SHAPES[num_cells], random)
        puzzles = {minimal_puzzle(SHAPES[num_cells], grid, random) for _ in range(3)}
        assert len(puzzles) == 3
        kinds = {behaviour(sudoku_problem(puzzle, grid, "sudoku", 3)) for puzzle in puzzles}
        assert (len(kinds) == 1) == is_same


def test_held_out_grids_are_drawn_by_their_family_alone() -> None:
    random = Random(0)
    for difficulty in (2, 3):
        for _ in range(5):
            assert is_held_out_grid(SUDOKU_HELD_OUT_GRIDS.sample(difficulty, random).reference)  # type: ignore[arg-type]
            assert not is_held_out_grid(SUDOKU.sample(difficulty, random).reference)  # type: ignore[arg-type]


def test_splits_of_every_size_share_no_puzzle() -> None:
    plan = SplitPlan(60, (1, 2, 3), num_held_out=20, held_out_difficulties=(1, 2))
    splits = split_problems([SUDOKU], plan, seed=0)
    assert splits.shortages == ()
    everything = splits.labelled + splits.held_out
    assert len(set(map(behaviour, everything))) == len(everything) == 100


@pytest.mark.parametrize(("difficulty", "most_seconds"), [(1, 0.004), (2, 0.02), (3, 0.2)])
def test_puzzles_take_little_time(difficulty: int, most_seconds: float) -> None:
    random = Random(0)
    started = time.process_time()
    for _ in range(10):
        behaviour(SUDOKU.sample(difficulty, random))
    assert (time.process_time() - started) / 10 < most_seconds


def test_a_size_that_is_not_offered_is_named() -> None:
    with pytest.raises(ValueError, match="no difficulty 4; choose from 1, 2, 3"):
        SUDOKU.sample(4, Random(0))
