from collections.abc import Iterable, Iterator

import pytest

from lit_coder.problems.problem import (
    Call,
    Case,
    Cases,
    CheckProgram,
    Construct,
    MethodCall,
    Problem,
    StdioCase,
    StdioCases,
    Tests,
)
from lit_coder.sandbox.contract import Execution, Job, Limits, Outcome
from lit_coder.sandbox.pool_runner import PoolRunner
from lit_coder.verification.verdict import Verdict
from lit_coder.verification.verifier import Attempt, Verifier, judge_execution

SHORT = Limits(wall_seconds=0.5)


def problem(tests: Tests, prompt: str = "def f(x):\n") -> Problem:
    return Problem("test/0", prompt, "f", tests, "function", "test")


DOUBLE = problem(
    Cases(
        visible=(Case.call("f", (1,), 2), Case.call("f", (0,), 0)),
        hidden=(Case.call("f", (-3,), -6),),
    )
)
CHECK = problem(CheckProgram(("assert f(1) == 2", "assert f(0) == 0"), ("assert f(-3) == -6",)))
STDIO = problem(
    StdioCases((StdioCase("1", "2\n"), StdioCase("0", "0")), (StdioCase("-3", "-6"),)), ""
)


def verify(runner: PoolRunner, task: Problem, completion: str) -> Verdict:
    (verdict,) = Verifier(runner, SHORT).verify([Attempt(task, completion)])
    assert verdict.passed == (verdict.status == "passed")
    return verdict


def counts(verdict: Verdict) -> tuple[int, int, int, int]:
    return (
        verdict.visible_passed,
        verdict.visible_total,
        verdict.hidden_passed,
        verdict.hidden_total,
    )


@pytest.mark.parametrize(
    ("task", "right", "special_cased", "wrong"),
    [
        (DOUBLE, "    return x * 2\n", "    return abs(x) * 2\n", "    return x\n"),
        (CHECK, "    return x * 2\n", "    return abs(x) * 2\n", "    return x\n"),
        (STDIO, "print(2 * int(input()))", "print(abs(2 * int(input())))", "print(input())"),
    ],
)
def test_right_special_cased_and_wrong_programs(
    runner: PoolRunner, task: Problem, right: str, special_cased: str, wrong: str
) -> None:
    assert counts(verify(runner, task, right)) == (2, 2, 1, 1)
    gated = verify(runner, task, special_cased)
    assert gated.passed_visible and not gated.passed
    assert gated.status == "failed"
    failed = verify(runner, task, wrong)
    assert not failed.passed_visible
    assert failed.detail == "test 1 of 3 failed"


@pytest.mark.parametrize(
    ("completion", "status"),
    [
        ("    return x *\n", "syntax_error"),
        ("    return x * 2\n1 / 0\n", "error"),
        ("    return x * 2\nimport sys; sys.exit(0)\n", "error"),
        ("    while True: pass\n", "timeout"),
        ("    import os; os.abort()\n", "crashed"),
        ("    import os; os._exit(0)\n", "error"),
        ("    return bytearray(2**31)\n", "out_of_memory"),
        ("    import os; os.write(3, b'{}' * 100); return 2 * x\n", "protocol_error"),
        ("    return float(2 * x)\n", "failed"),
        ("    return object()\n", "failed"),
        ("    raise SystemExit(0)\n", "failed"),
    ],
)
def test_each_way_to_fail_has_its_status(runner: PoolRunner, completion: str, status: str) -> None:
    verdict = verify(runner, DOUBLE, completion)
    assert verdict.status == status
    assert not verdict.passed_visible


def test_hanging_on_a_hidden_test_passes_the_gate_and_no_more(runner: PoolRunner) -> None:
    verdict = verify(runner, DOUBLE, "    while x < 0: pass\n    return 2 * x\n")
    assert (verdict.status, verdict.passed_visible, verdict.passed) == ("timeout", True, False)


def test_an_operation_that_raised_is_named(runner: PoolRunner) -> None:
    assert verify(runner, DOUBLE, "    return [][x]\n").detail == "test 1 of 3 raised IndexError"


def test_a_class_is_judged_by_all_its_operations(runner: PoolRunner) -> None:
    operations = (Construct("Box", (1,)), MethodCall("add", (2,)), MethodCall("get", ()))
    task = problem(Cases((Case(operations, (None, None, 3)),)), "class Box:\n")
    right = (
        "    def __init__(s, x): s.x = x\n    def add(s, y): s.x += y\n    def get(s): return s.x\n"
    )
    assert verify(runner, task, right).passed
    assert not verify(runner, task, right.replace("s.x += y", "s.x += y; return s.x")).passed


def test_no_tests_pass_nothing(runner: PoolRunner) -> None:
    verdict = verify(runner, problem(Cases(())), "    return 1\n")
    assert verdict.status == "failed"
    assert not verdict.passed


def test_a_long_expected_output_is_not_cut(runner: PoolRunner) -> None:
    text = "".join(f"{n}\n" for n in range(30_000))
    task = problem(StdioCases((StdioCase("", text),)), "")
    assert verify(runner, task, "for n in range(30_000): print(n)").passed


def test_what_cannot_be_judged_is_unsupported_or_labelled(runner: PoolRunner) -> None:
    task = problem(CheckProgram(("assert f(2).x == 2",)))
    attempt = Attempt(task, "    return type('Box', (), {'x': x})\n")
    (verdict,) = Verifier(runner, SHORT).verify([attempt])
    assert (verdict.status, verdict.passed, verdict.trusted) == ("unsupported", False, True)
    (verdict,) = Verifier(runner, SHORT, allow_in_process=True).verify([attempt])
    assert (verdict.status, verdict.passed, verdict.trusted) == ("passed", True, False)


class CountingRunner:
    """Gives every job the same execution and keeps the jobs."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def run(self, jobs: Iterable[Job]) -> Iterator[Execution]:
        for job in jobs:
            self.jobs.append(job)
            yield Execution("completed", outcomes=((Outcome(len(self.jobs)),),))

    def close(self) -> None:
        pass

    def __enter__(self) -> "CountingRunner":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_identical_completions_of_a_problem_run_once() -> None:
    first = problem(Cases((Case.call("f", (1,), 1),)))
    second = Problem("test/1", first.prompt, "f", first.tests, "function", "test")
    counting = CountingRunner()
    attempts = [
        Attempt(first, "    a\n"),
        Attempt(first, "    b\n"),
        Attempt(first, "    a\n"),
        Attempt(second, "    a\n"),
        Attempt(first, "    a\n"),
    ]
    verdicts = Verifier(counting, SHORT).verify(attempts)
    assert len(counting.jobs) == 3
    assert [verdict.passed for verdict in verdicts] == [True, False, True, False, True]


def test_two_problems_of_one_name_share_no_verdict() -> None:
    first = problem(Cases((Case.call("f", (1,), 1),)))
    other_tests = problem(Cases((Case.call("f", (1,), 2),)))
    other_prompt = problem(first.tests, "def f(x, y=1):\n")
    counting = CountingRunner()
    attempts = [Attempt(task, "    a\n") for task in (first, other_tests, other_prompt, first)]
    verdicts = Verifier(counting, SHORT).verify(attempts)
    assert len(counting.jobs) == 3
    assert [verdict.passed for verdict in verdicts] == [True, True, False, True]


def test_module_level_state_lives_through_the_cases_of_a_run(runner: PoolRunner) -> None:
    task = problem(Cases((Case.call("f", (5,), 1),), (Case.call("f", (5,), 2),)), "calls = []\n")
    completion = "def f(x):\n    calls.append(x)\n    return len(calls)\n"
    attempts = [Attempt(task, completion), Attempt(task, completion + "# the next run\n")]
    assert [each.passed for each in Verifier(runner, SHORT).verify(attempts)] == [True, True]


def test_expected_values_are_in_no_job() -> None:
    counting = CountingRunner()
    task = problem(Cases((Case.call("f", (1,), "the-expected-value"),)))
    Verifier(counting, SHORT).verify([Attempt(task, "    pass\n")])
    assert "the-expected-value" not in repr(counting.jobs)


def test_a_program_that_dies_after_its_last_answer_has_not_passed() -> None:
    task = problem(Cases((Case((Call("f", (1,)),), (2,)),)))
    verdict = judge_execution(task, Execution("crashed", outcomes=((Outcome(2),),)))
    assert (verdict.status, verdict.passed, verdict.passed_visible) == ("crashed", False, False)


def test_verdicts_come_one_by_one(runner: PoolRunner) -> None:
    attempts = [Attempt(DOUBLE, "    return x * 2\n"), Attempt(DOUBLE, "    while True: pass\n")]
    verdicts = Verifier(runner, SHORT).verify_each(attempts)
    assert next(verdicts).passed
    assert not next(verdicts).passed
