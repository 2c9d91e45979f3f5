"""Samples that hold a benchmark's task: one option leaves them out, or lets them in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lit_coder.problems.problem import Problem
from tests.recursion.given_texts import Writes
from tests.recursion.tiny_run import fit, make_data, make_recursion, records_in

TASK = (
    "def lanterns_of(river, least):\n"
    '    """Walk along a frozen river and count every third bridge that has more lanterns than the '
    'least, but never a wooden one."""\n'
)


def passes_and_copies(problem: Problem) -> list[str]:
    """What passes, and a benchmark's task behind it."""
    return [f"{problem.reference}\n\n{TASK}"]


@pytest.mark.parametrize("is_guarded", [True, False])
def test_the_data_option_decides_whether_the_pool_may_hold_a_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    record = {
        "task_id": "HumanEval/0",
        "prompt": TASK,
        "entry_point": "lanterns_of",
        "canonical_solution": "    return sum(river[::3]) - least\n",
        "test": "def check(candidate):\n    assert candidate([3], 1) == 2\n",
    }
    (tmp_path / "HumanEval.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    monkeypatch.setenv("LIT_CODER_DATA_DIR", str(tmp_path))
    run = tmp_path / "run"
    data = make_data(decontaminate=is_guarded)
    fit(run, recursion=make_recursion(solver=Writes(passes_and_copies)), data=data, max_steps=2)
    (found,) = records_in(run)
    assert found.totals.passed_visible == 4
    assert found.totals.contaminated == (4 if is_guarded else 0)
    assert found.contaminated == ({"humaneval": 4} if is_guarded else None)
    assert (found.totals.accepted == 0) == is_guarded
