import shutil
from collections.abc import Iterator

import pytest

from lit_coder.problems.problem import (
    Case,
    Cases,
    CheckProgram,
    Problem,
    StdioCase,
    StdioCases,
    Tests,
)
from lit_coder.sandbox.contract import Limits, SandboxError
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner
from lit_coder.verification.comparison import equal_in
from lit_coder.verification.verdict import Verdict
from lit_coder.verification.verifier import Attempt, Verifier

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")


@pytest.fixture(scope="module")
def runner() -> Iterator[PoolRunner]:
    with open_runner(SandboxOptions(workers=1)) as running:
        yield running


def verdict(runner: PoolRunner, tests: Tests, completion: str, language: str) -> Verdict:
    problem = Problem("js/mean", "", "mean", tests, "function", "js", language=language)
    return Verifier(runner, Limits()).verify([Attempt(problem, completion)])[0]


MEANS = Cases(
    (Case.call("mean", ([1, 2],), 1.5), Case.call("mean", ([2, 4],), 3.0)),
    (Case.call("mean", ((7,),), 7.0),),
)
RIGHT = "function mean(xs) { return xs.reduce((a, b) => a + b, 0) / xs.length }"


@needs_node
def test_a_right_program_passes_cases(runner: PoolRunner) -> None:
    result = verdict(runner, MEANS, RIGHT, "javascript")
    assert (result.status, result.passed, result.trusted) == ("passed", True, True)
    assert result.features is not None and result.features.num_lines == 1


@needs_node
@pytest.mark.parametrize(
    ("completion", "status"),
    [
        ("function mean(xs) { return xs[0] }", "failed"),
        ("const mean = () => ({ valueOf: () => 1.5, toJSON: () => 1.5 })", "failed"),
        ("function mean(xs) { return String(1.5) }", "failed"),
        ("function mean(xs) {", "syntax_error"),
        ("throw new Error('no')", "error"),
        ("process.exit(0)", "error"),
        ("function mean(xs) { process.exit(0) }", "error"),
    ],
)
def test_no_other_program_passes_cases(runner: PoolRunner, completion: str, status: str) -> None:
    result = verdict(runner, MEANS, completion, "javascript")
    assert (result.status, result.passed) == (status, False)


@needs_node
def test_a_script_is_judged_by_its_output(runner: PoolRunner) -> None:
    tests = StdioCases((StdioCase("3 4", "7\n"),), (StdioCase("1 1", "2"),))
    read = "const [a, b] = require('fs').readFileSync(0, 'utf8').split(' ').map(Number);"
    assert verdict(runner, tests, read + "console.log(a + b)", "javascript").passed
    assert not verdict(runner, tests, read + "console.log(a * b)", "javascript").passed


@needs_node
def test_memory_that_runs_out_is_said(runner: PoolRunner) -> None:
    body = "function mean() { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)) }"
    assert verdict(runner, MEANS, body, "javascript").status == "out_of_memory"


def test_a_check_program_cannot_judge_javascript(runner: PoolRunner) -> None:
    tests = CheckProgram(("assert mean([1]) == 1",), ())
    assert verdict(runner, tests, RIGHT, "javascript").status == "unsupported"


def test_an_unknown_language_is_no_verdict(runner: PoolRunner) -> None:
    with pytest.raises(SandboxError, match="python, javascript, not 'cobol'"):
        verdict(runner, MEANS, RIGHT, "cobol")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5.0),
        (sum([0.3] * 10), 3.0),
        ({"a": [0.1 + 0.2]}, {"a": (0.3,)}),
        (2.0**60, 2**60),
        (-0.0, 0),
        ([1, [2]], (1.0, (2,))),
        ({1.0: "a"}, {1: "a"}),
    ],
)
def test_what_javascript_cannot_tell_apart_is_equal_there_alone(
    value: object, expected: object
) -> None:
    assert equal_in("javascript", value, expected)
    assert not equal_in("python", value, expected) or type(value) is type(expected) is float


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, 1), ("5", 5), (2.0**60, 2**60 + 1), (10**12 + 1, 1e12), ([1], [1, 1]), (None, 0)],
)
def test_what_javascript_can_tell_apart_is_not_equal(value: object, expected: object) -> None:
    assert not equal_in("javascript", value, expected)
