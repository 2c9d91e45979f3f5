"""Answers are judged by rules, without a sandbox, and a wrong one never passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.problems.problem import Answer, Case, Cases, Problem
from lit_coder.problems.sudoku import SUDOKU
from lit_coder.sandbox.contract import Execution, Job, Limits
from lit_coder.verification.answers import judge_answer
from lit_coder.verification.verifier import Attempt, Verifier, judge_execution


class NothingRuns:
    """A runner that gets no job."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Execution]:
        assert list(jobs) == []
        return iter(())


@given(st.integers(0, 2**32), st.sampled_from([1, 2, 3]))
@settings(max_examples=20, deadline=None)
def test_a_solved_board_passes_and_the_draft_and_any_changed_cell_fail(
    seed: int, difficulty: int
) -> None:
    random = Random(seed)
    problem = SUDOKU.sample(difficulty, random)
    answer, board = problem.tests, problem.reference
    assert isinstance(answer, Answer) and board is not None
    verdict = judge_answer(answer, board)
    assert verdict.passed and verdict.trusted and verdict.status == "passed"
    assert (verdict.visible_total, verdict.hidden_total) == (1, 0)
    cell = random.randrange(len(board))
    other = random.choice([digit for digit in set(board) if digit != board[cell]])
    for wrong in (problem.draft, board[:cell] + other + board[cell + 1 :], "", board + "1"):
        assert judge_answer(answer, wrong).status == "failed"


def test_a_complete_board_that_changes_a_clue_fails() -> None:
    problem = SUDOKU.sample(1, Random(0))
    assert isinstance(problem.tests, Answer) and problem.reference is not None
    renamed = problem.reference.translate(str.maketrans("1234", "2341"))
    assert judge_answer(problem.tests, renamed).detail == "a clue was changed"


# The way is S, down, right, right, up; around the wall on the left it is longer.
MAZE = "S#G.." + "...#." + ".#..." + "....." + "....."


@pytest.mark.parametrize(
    ("drawn", "detail"),
    [
        pytest.param("S#G..ooo#." + MAZE[10:], "", id="shortest"),
        pytest.param(MAZE, "the path does not reach the goal", id="nothing drawn"),
        pytest.param("S#G..ooo#.o#..." + MAZE[15:], "there is a shorter path", id="a stray cell"),
        pytest.param("S#G..o.o#." + MAZE[10:], "the path does not reach the goal", id="a gap"),
        pytest.param("SoG.." + MAZE[5:], "something else than a path was drawn", id="a wall"),
        pytest.param("ooooo" + MAZE[5:], "something else than a path was drawn", id="no start"),
        pytest.param("S#G..", "the maze has 5 cells, not 25", id="cut short"),
    ],
)
def test_only_a_shortest_path_through_free_cells_passes(drawn: str, detail: str) -> None:
    verdict = judge_answer(Answer("maze", MAZE, ""), drawn)
    assert (verdict.passed, verdict.detail) == (not detail, detail)


def test_a_longer_way_round_fails() -> None:
    maze = "S...." + "....." + "....." + "....." + "G...."
    around = "Soooo" + "....o" + "....o" + "....o" + "Goooo"
    straight = "S...." + "o...." + "o...." + "o...." + "G...."
    assert judge_answer(Answer("maze", maze, ""), straight).passed
    assert judge_answer(Answer("maze", maze, ""), around).detail == "there is a shorter path"


def test_an_exact_answer_is_the_expected_text_but_for_blanks_around_it() -> None:
    answer = Answer("exact", "", "a=3\nb=4")
    assert judge_answer(answer, "a=3\nb=4\n").passed
    for wrong in ("a=3\nb=5", "a=3", "", "a=3\nb=4\nc=5", "A=3\nb=4"):
        assert not judge_answer(answer, wrong).passed
    assert judge_answer(answer, "a=3\nb=5").detail == "the answer differs from character 7 on"


def test_the_verifier_runs_nothing_for_answers_and_keeps_their_order() -> None:
    problems = [SUDOKU.sample(1, Random(seed)) for seed in range(3)]
    attempts = [Attempt(p, text) for p in problems for text in (p.draft, p.reference or "")]
    verdicts = Verifier(NothingRuns(), Limits()).verify(attempts)  # type: ignore[arg-type]
    assert [verdict.passed for verdict in verdicts] == [False, True] * 3


def test_answers_and_programs_are_verified_side_by_side(runner) -> None:
    sudoku = SUDOKU.sample(1, Random(0))
    double = Problem("t/0", "def f(x):\n", "f", Cases((Case.call("f", (2,), 4),)), "function", "t")
    attempts = [
        Attempt(double, "    return 2 * x\n"),
        Attempt(sudoku, sudoku.reference or ""),
        Attempt(double, "    return x\n"),
        Attempt(sudoku, sudoku.draft),
    ]
    verdicts = Verifier(runner, Limits()).verify(attempts)
    assert [verdict.passed for verdict in verdicts] == [True, True, False, False]


def test_a_job_for_an_answer_is_refused() -> None:
    problem = SUDOKU.sample(1, Random(0))
    with pytest.raises(ValueError, match="asks for an answer, and no program is run for it"):
        Verifier(NothingRuns(), Limits()).job(Attempt(problem, ""))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="asks for an answer"):
        judge_execution(problem, Execution("completed"))
