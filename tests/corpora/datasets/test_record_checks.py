"""Rows are shown to hold in the sandbox, each as its dataset says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import made_problem_sets as problem_sets
import made_text_sets as text_sets
import pytest
from made_problem_sets import Made

from lit_coder.corpora.datasets.opening import open_file
from lit_coder.corpora.datasets.record import Record
from lit_coder.corpora.datasets.registry import DATASETS
from lit_coder.corpora.datasets.validation import RecordChecks
from lit_coder.problems.problem import CheckProgram, Problem
from lit_coder.sandbox.contract import Limits, Runner
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions

NUM_CHECKED = 8


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with open_runner(SandboxOptions(workers=1)) as running:
        yield running


def found(runner: Runner, made: Made) -> Counter[tuple[bool | None, str]]:
    dataset = open_file(made.path)
    checks = RecordChecks(dataset.spec, runner, Limits(wall_seconds=20.0))
    # The rows with traps are among the first.
    records = islice(dataset.records(), NUM_CHECKED)
    return Counter((c.holds, c.reason) for c in checks.check(records))


@pytest.mark.parametrize(
    ("make", "num_unchecked"),
    [
        (problem_sets.humaneval_csv, 0),
        (problem_sets.mbpp_csv, 0),
        (problem_sets.apps_lines, 1),
        (problem_sets.taco_arrow, 0),
        (problem_sets.code_contests_csv, 1),
        (problem_sets.opc_parquet, 0),
        (problem_sets.verifiable_parquet, 0),
        (text_sets.codeparrot_lines, 0),
        (text_sets.alpaca_json, 0),
    ],
)
def test_rows_that_are_right_hold(
    runner: Runner, make: Callable[[Path], Made], num_unchecked: int, tmp_path: Path
) -> None:
    made = make(tmp_path)
    counts = found(runner, made)
    assert counts[(True, "")] == NUM_CHECKED - num_unchecked
    assert counts[(None, "no solution is published")] == num_unchecked


def test_an_answer_holds_where_its_blocks_run(runner: Runner, tmp_path: Path) -> None:
    made = text_sets.glaive_csv(tmp_path)
    counts = found(runner, made)
    assert counts[(False, "the answer has no code block")] == 1
    assert counts[(None, "is java")] == 1
    assert counts[(True, "")] == NUM_CHECKED - 2


def test_what_does_not_hold_says_why(runner: Runner) -> None:
    def problem(reference: str | None) -> Problem:
        tests = CheckProgram(("assert f(1) == 2",))
        return Problem("t/0", "", "f", tests, "function", "t", reference=reference)

    texts = {
        "alpaca_python": {
            "print(1)": "",
            "print 1": "does not parse",
            "1 / 0": "raises ZeroDivisionError",
            "import nothing_of_this_name": "raises ModuleNotFoundError",
            "while True: pass": "timeout",
        },
        "codeparrot_clean": {"x = 1": "", "x = ": "does not parse", "1 / 0": ""},
        "glaive_qa": {"```\nx =\n```": "does not parse", "Prose.": "the answer has no code block"},
        "mbpp": {
            "def f(a):\n    return a + 1\n": "",
            "def f(a):\n    return 0\n": "its tests fail",
        },
    }
    for name, expected in texts.items():
        spec = DATASETS[name]
        records = [
            Record(text, spec.kind, "?", text, problem(text) if spec.kind == "problem" else None)
            for text in expected
        ]
        checks = RecordChecks(spec, runner, Limits(wall_seconds=20.0, cpu_seconds=1.0))
        reasons = {c.record.name: c.reason for c in checks.check(records)}
        assert reasons == expected


def test_a_solution_that_is_missing_counts_neither_way(runner: Runner) -> None:
    tests = CheckProgram(("assert f(1) == 2",))
    problem = Problem("t/0", "", "f", tests, "function", "t")
    checks = RecordChecks(DATASETS["mbpp"], runner, Limits())
    (check,) = checks.check([Record("a", "problem", "?", "", problem)])
    assert check.holds is None
