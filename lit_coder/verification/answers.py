"""Judges answers that are no programs: a filled board, a path in a maze, an exact text.

    verdict = judge_answer(problem.tests, completion)     # tests is an Answer

An answer is plain text that is only read: nothing of it is executed, so no sandbox is needed and
the verdict is trusted. There is one test, and it is visible. Blanks and line ends around an
answer do not count.
"""

from __future__ import annotations

from collections.abc import Callable

from lit_coder.problems.maze_grid import FREE, PATH, shortest_paths
from lit_coder.problems.problem import Answer, AnswerKind
from lit_coder.problems.sudoku_grid import is_complete, keeps_clues
from lit_coder.verification.verdict import Verdict


def judge_answer(answer: Answer, completion: str) -> Verdict:
    """The verdict on one answer; `detail` says what is wrong with it."""
    fault = _FAULTS[answer.kind](answer, completion.strip())
    return Verdict(
        status="failed" if fault else "passed",
        visible_passed=0 if fault else 1,
        visible_total=1,
        hidden_passed=0,
        hidden_total=0,
        detail=fault,
    )


def _sudoku_fault(answer: Answer, board: str) -> str:
    """What is wrong with a board; "" where it solves the puzzle, by whatever solution."""
    if len(board) != len(answer.puzzle):
        return f"the board has {len(board)} cells, not {len(answer.puzzle)}"
    if not keeps_clues(answer.puzzle, board):
        return "a clue was changed"
    return "" if is_complete(board) else "a row, column or box lacks a digit"


def _maze_fault(answer: Answer, drawn: str) -> str:
    """What is wrong with a maze with a path; "" where it is a shortest one."""
    maze = answer.puzzle
    if len(drawn) != len(maze):
        return f"the maze has {len(drawn)} cells, not {len(maze)}"
    if any(new != old and (old, new) != (FREE, PATH) for old, new in zip(maze, drawn, strict=True)):
        return "something else than a path was drawn"
    shortest, _ = shortest_paths(maze)
    walked, _ = shortest_paths(drawn, ground=PATH)
    if walked is None:
        return "the path does not reach the goal"
    return "" if drawn.count(PATH) + 1 == walked == shortest else "there is a shorter path"


def _exact_fault(answer: Answer, text: str) -> str:
    """What is wrong with a text; "" where it is the expected one."""
    expected = answer.expected.strip()
    if text == expected:
        return ""
    same = next(
        (i for i, (a, b) in enumerate(zip(text, expected, strict=False)) if a != b),
        min(len(text), len(expected)),
    )
    return f"the answer differs from character {same + 1} on"


_FAULTS: dict[AnswerKind, Callable[[Answer, str], str]] = {
    "sudoku": _sudoku_fault,
    "maze": _maze_fault,
    "exact": _exact_fault,
}
