"""Every known solution of HumanEval and MBPP passes through the judge, and a wrong one does not.

Set LIT_CODER_DATA_DIR to a folder with `humaneval/HumanEval.jsonl.gz` and `mbpp/mbpp.jsonl`.
"""

import gzip
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lit_coder.problems.problem import CheckProgram, Problem
from lit_coder.sandbox.contract import Limits
from lit_coder.sandbox.pool_runner import PoolRunner
from lit_coder.verification.verifier import Attempt, Verifier


def data_file(name: str) -> Path:
    folder = os.environ.get("LIT_CODER_DATA_DIR")
    if not folder:
        pytest.skip("LIT_CODER_DATA_DIR is not set")
    path = Path(folder) / name
    if not path.exists():
        pytest.skip(f"{name} is not in LIT_CODER_DATA_DIR")
    return path


def humaneval() -> Iterator[Attempt]:
    with gzip.open(data_file("humaneval/HumanEval.jsonl.gz"), "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            entry = row["entry_point"]
            check = CheckProgram((f"{row['test']}\ncheck({entry})",))
            problem = Problem(row["task_id"], row["prompt"], entry, check, "function", "humaneval")
            yield Attempt(problem, row["canonical_solution"])


def mbpp() -> Iterator[Attempt]:
    for line in data_file("mbpp/mbpp.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        defined = re.findall(r"^(?:def|class)\s+(\w+)", row["code"], re.MULTILINE)
        called = [name for name in re.findall(r"\w+", row["test_list"][0]) if name in defined]
        check = CheckProgram(tuple(row["test_list"]), (), row["test_setup_code"])
        problem = Problem(f"mbpp/{row['task_id']}", "", called[0], check, "function", "mbpp")
        yield Attempt(problem, row["code"])


def test_all_canonical_solutions_of_humaneval_pass_and_a_wrong_body_fails(
    runner: PoolRunner,
) -> None:
    attempts = list(humaneval())
    verdicts = Verifier(runner, Limits()).verify(attempts)
    assert len(attempts) == 164
    assert [
        a.problem.task_id for a, v in zip(attempts, verdicts, strict=True) if not v.passed
    ] == []
    assert all(verdict.trusted for verdict in verdicts)
    wrong = [Attempt(attempt.problem, "    return None\n") for attempt in attempts]
    assert not any(verdict.passed for verdict in Verifier(runner, Limits()).verify(wrong))


def test_canonical_solutions_of_mbpp_pass_or_are_known_not_to_cross(
    runner: PoolRunner,
) -> None:
    attempts = list(mbpp())
    verdicts = Verifier(runner, Limits()).verify(attempts)
    others = {
        attempt.problem.task_id: verdict.status
        for attempt, verdict in zip(attempts, verdicts, strict=True)
        if not verdict.passed
    }
    # Counter and defaultdict results, a class as argument, tests that need the program's classes
    # or imports.
    numbers = (40, 88, 367, 533, 596, 601, 653, 902, 927)
    assert others == {f"mbpp/{number}": "unsupported" for number in numbers}
