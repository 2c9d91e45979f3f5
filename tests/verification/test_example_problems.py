"""The example file's problems, judged as a user's own are: by the real verifier."""

from pathlib import Path

import pytest

from lit_coder.problems.problem import Problem
from lit_coder.problems.problem_file import read_problems
from lit_coder.sandbox.contract import Limits
from lit_coder.sandbox.pool_runner import PoolRunner
from lit_coder.verification.verifier import Attempt, Verifier

PROBLEMS = read_problems(Path(__file__).parents[2] / "data" / "problems")
WRONG = {
    "example/tally": "    def add(self, word): return 1\n    def most(self): return None\n",
    "example/purse": "    def put(self, value): pass\n    def total(self): return 1\n"
    "    def largest(self): return None\n",
    "example/line_sums": "print(1)\n",
}


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.task_id)
def test_the_reference_passes_and_a_wrong_completion_fails(
    runner: PoolRunner, problem: Problem
) -> None:
    wrong = Attempt(problem, WRONG.get(problem.task_id, "    return 1\n"))
    attempts = [Attempt(problem, problem.reference), wrong] if problem.reference else [wrong]
    *right, failed = Verifier(runner, Limits()).verify(attempts)
    assert [(verdict.status, verdict.trusted) for verdict in right] == [
        ("passed", True) for _ in right
    ]
    assert (failed.status, failed.passed_visible) == ("failed", False)


def test_the_example_file_has_references() -> None:
    assert sum(problem.reference is not None for problem in PROBLEMS) >= 5
