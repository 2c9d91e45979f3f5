"""Reads and checks the `answer` of a line of a problem file.

    answer_from_record({"kind": "sudoku", "expected": "1234..."}, prompt="", draft="1..4...")

An object with `kind` (sudoku, maze or exact), `expected` (a right answer) and, where it is not
the draft (of exact answers the prompt and the draft), `puzzle`. Boards and mazes are checked here:
what is measured on must be solvable. How completions are judged is `verification/answers.py`'s.
"""

from __future__ import annotations

from typing import get_args

from lit_coder.problems.maze_grid import FREE, PATH, is_maze, shortest_paths
from lit_coder.problems.problem import Answer, AnswerKind
from lit_coder.problems.sudoku_grid import BLANK, SHAPES, is_complete, keeps_clues

_FIELDS = {"kind", "expected", "puzzle"}
_KINDS: dict[str, AnswerKind] = {kind: kind for kind in get_args(AnswerKind)}


def default_puzzle(kind: AnswerKind, prompt: str, draft: str) -> str:
    """The puzzle where none is given: what is asked."""
    return prompt + draft if kind == "exact" else draft


def answer_from_record(value: object, prompt: str, draft: str) -> Answer:
    """The answer that a parsed object describes.

    Raises:
        ValueError: a field is missing, or the expected answer is none.
    """
    if (
        not isinstance(value, dict)
        or not {"kind", "expected"} <= value.keys() <= _FIELDS
        or not all(isinstance(text, str) for text in value.values())
    ):
        raise ValueError(
            f'the answer {value!r} is not {{"kind": "...", "expected": "..."}}, with a "puzzle" '
            "where it is not the draft"
        )
    kind = _KINDS.get(value["kind"])
    if kind is None:
        raise ValueError(f"no answer is of kind {value['kind']!r}; choose {', '.join(_KINDS)}")
    puzzle = value.get("puzzle", default_puzzle(kind, prompt, draft))
    answer = Answer(kind, puzzle, value["expected"])
    if kind == "sudoku":
        require_sudoku(answer.puzzle, answer.expected)
    elif kind == "maze":
        _require_maze(answer.puzzle, answer.expected)
    elif not answer.expected.strip():
        raise ValueError("the expected answer is empty, so there is nothing to say")
    return answer


def require_sudoku(puzzle: str, solution: str) -> None:
    """Raise where the puzzle is no board with blanks, or the solution does not solve it.

    Raises:
        ValueError: saying what is wrong.
    """
    shape = SHAPES.get(len(puzzle))
    if shape is None or not set(puzzle) <= set(BLANK + shape.digits):
        raise ValueError(
            f"the puzzle {puzzle!r} is no Sudoku; write 16, 36 or 81 cells row by row, digits "
            f"from 1 and {BLANK!r} for a blank"
        )
    if not is_complete(solution) or not keeps_clues(puzzle, solution):
        raise ValueError(
            f"{solution!r} does not solve the puzzle {puzzle!r}; every row, column and box needs "
            "each digit once, and every clue stays"
        )


def _require_maze(maze: str, drawn: str) -> None:
    """Raise where the maze is none, has no path, or the expected answer is no shortest one."""
    if not is_maze(maze):
        raise ValueError(
            f"the puzzle {maze!r} is no maze; write the rows of a square one behind the other, "
            "'#' for a wall, '.' for a free cell, one 'S' and one 'G'"
        )
    steps, _ = shortest_paths(maze)
    is_unchanged = len(drawn) == len(maze) and drawn.replace(PATH, FREE) == maze
    walked = shortest_paths(drawn, ground=PATH)[0] if is_unchanged else None
    if walked is None or not drawn.count(PATH) + 1 == walked == steps:
        raise ValueError(
            f"{drawn!r} is not the maze with {PATH!r} on a shortest path between 'S' and 'G'"
        )
