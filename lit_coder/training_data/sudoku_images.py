"""Labelled Sudoku boards as random images of themselves, other ones in each round.

    labelled = with_images(labelled, problems, num_symmetries=20, round=5)

A symmetry renames digits and moves lines, so that a few boards teach as many would. An image is a
function of (seed, round, problem) alone: a run that is gone on with and another process draw the
same. What is no Sudoku stays as it is. Which boards are the same is `sudoku.py`'s to say: at 6x6
and 9x9 an image counts as its board, which is apart from all that is measured; at 4x4 it is a
board of its own, and left out where it is measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lit_coder.problems.problem import Answer, Problem
from lit_coder.problems.sampling import derived_random
from lit_coder.problems.sudoku_symmetry import symmetric
from lit_coder.training_data.problem_set import ProblemSet


def with_images(
    labelled: Sequence[Problem], problems: ProblemSet, num_symmetries: int, round: int
) -> Sequence[Problem]:
    """What a round trains on.

    Args:
        labelled: those of the labelled problems that are there in this round.
        problems: all of the run.
        num_symmetries: images of each Sudoku, in its place; 0 leaves all as they are.
        round: of the run, from 0.

    Raises:
        ValueError: there are labelled problems and not one is a Sudoku, or one writes its board
            otherwise than its puzzle.
    """
    if not num_symmetries:
        return labelled
    if problems.labelled and not any(map(_board, problems.labelled)):
        raise ValueError(
            f"data.num_symmetries is {num_symmetries}, but none of the {len(problems.labelled)} "
            "labelled problems is a Sudoku; name the family sudoku or a file of boards with "
            "solutions, or set it to 0"
        )
    measured = (_board(problem) for problem in (*problems.held_out, *problems.validation))
    refused = {board.puzzle for board in measured if board is not None}
    found: list[Problem] = []
    for problem in labelled:
        board = _board(problem)
        if board is None:
            found.append(problem)
        else:
            found += _images(problem, board, num_symmetries, (problems.seed, round), refused)
    return found


def _board(problem: Problem) -> Answer | None:
    """Puzzle and solution of a Sudoku."""
    tests = problem.tests
    return tests if isinstance(tests, Answer) and tests.kind == "sudoku" else None


def _images(
    problem: Problem, board: Answer, count: int, place: tuple[int, int], refused: set[str]
) -> Iterator[Problem]:
    """So many images, less those that are measured; `place` is the run's seed and the round."""
    reference = problem.reference or ""
    if board.puzzle not in (problem.draft or problem.prompt) or board.expected not in reference:
        raise ValueError(
            f"data.num_symmetries: {problem.task_id} writes its board otherwise than its puzzle "
            f"{board.puzzle!r}, so its images cannot be written; give it in one line, or set "
            "data.num_symmetries 0"
        )
    seed, round = place
    random = derived_random(seed, "sudoku images", round, problem.task_id)
    for _ in range(count):
        puzzle, solution = symmetric(board.puzzle, board.expected, random)
        if puzzle in refused:
            continue
        yield replace(
            problem,
            prompt=problem.prompt.replace(board.puzzle, puzzle),
            draft=problem.draft.replace(board.puzzle, puzzle),
            reference=reference.replace(board.expected, solution),
            tests=Answer("sudoku", puzzle, solution),
        )
