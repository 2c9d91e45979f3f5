import time
from collections.abc import Callable, Iterator

import pytest

from lit_coder.problems.problem import Call, Construct, MethodCall
from lit_coder.sandbox.contract import CallJob, Execution, Job, Limits, Outcome
from lit_coder.sandbox.pool_runner import PoolRunner

Execute = Callable[[Job], Execution]
CallF = Callable[..., Execution]


def test_each_operation_gives_its_typed_value(execute: Execute) -> None:
    program = "def f(x): return x * 2\ndef g(): return (True, {1.5: {2}})\n"
    execution = execute(CallJob(program, ((Call("f", (2,)), Call("f", ("a",))), (Call("g", ()),))))
    assert execution.status == "completed"
    assert execution.outcomes == (
        (Outcome(4), Outcome("aa")),
        (Outcome((True, {1.5: {2}})),),
    )
    assert execution.trusted


def test_an_object_is_built_and_its_methods_called(execute: Execute) -> None:
    program = (
        "class Counter:\n    def __init__(self, start): self.n = start\n"
        "    def add(self, k):\n        self.n += k\n        return self.n\n"
    )
    case = (Construct("Counter", (5,)), MethodCall("add", (1,)), MethodCall("add", (10,)))
    execution = execute(CallJob(program, (case, case)))
    assert execution.outcomes == ((Outcome(None), Outcome(6), Outcome(16)),) * 2


def test_an_exception_ends_its_case_and_not_the_next(execute: Execute) -> None:
    program = "def f(x): return 1 // x\n"
    case = (Call("f", (0,)), Call("f", (1,)))
    execution = execute(CallJob(program, (case, (Call("f", (1,)),))))
    assert execution.status == "completed"
    assert execution.outcomes == ((Outcome(exception="ZeroDivisionError"),), (Outcome(1),))


def test_an_exception_of_the_program_is_named_by_its_built_in_class(call: CallF) -> None:
    program = "class Odd(KeyError): pass\ndef f(): raise Odd('x')\n"
    assert call(program).outcomes == ((Outcome(exception="KeyError"),),)


@pytest.mark.parametrize(
    "statement", ["raise SystemExit(0)", "raise KeyboardInterrupt", "import sys; sys.exit()"]
)
def test_an_exit_in_a_function_is_an_outcome_like_any_exception(
    call: CallF, statement: str
) -> None:
    (outcomes,) = call(f"def f():\n    {statement}\n").outcomes
    assert outcomes[0].exception in ("SystemExit", "KeyboardInterrupt")


def test_a_missing_function_is_a_name_error(call: CallF) -> None:
    assert call("x = 1\n").outcomes == ((Outcome(exception="NameError"),),)


def test_arguments_are_fresh_in_every_case(execute: Execute) -> None:
    program = "def f(items):\n    items.append(1)\n    return items\n"
    shared: list[int] = []
    execution = execute(CallJob(program, ((Call("f", (shared,)),),) * 2))
    assert execution.outcomes == ((Outcome([1]),),) * 2
    assert shared == []


@pytest.mark.parametrize(
    "value", ["object()", "lambda: 0", "iter([])", "type('Number', (int,), {})(1)", "'x' * 2**21"]
)
def test_a_value_that_cannot_cross_is_marked_and_is_no_value(call: CallF, value: str) -> None:
    assert call(f"def f(): return {value}\n").outcomes == ((Outcome(unsupported=True),),)


@pytest.mark.parametrize(
    "program",
    [
        "def f(:\n",
        "x = 'a\x00b'\n",
        "(" * 5000 + ")" * 5000,
        "x = " + "-" * 100_000 + "1",
        "\ud800 = 1\n",
        "return 1\n",
        "from __future__ import never\n",
        "x = 1" + "0" * 5000 + "\n",
    ],
)
def test_text_that_does_not_compile_is_a_syntax_error(call: CallF, program: str) -> None:
    execution = call(program)
    assert execution.status == "syntax_error"
    assert execution.features is None
    assert execution.detail


@pytest.mark.parametrize(
    ("program", "detail"),
    [
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(0)\n", "SystemExit: 0"),
        ("raise SystemExit\n", "SystemExit"),
        ("import torch\n", "ModuleNotFoundError: No module named 'torch'"),
    ],
)
def test_a_top_level_that_raises_is_an_error_with_one_line(
    call: CallF, program: str, detail: str
) -> None:
    execution = call(program)
    assert (execution.status, execution.detail) == ("error", detail)
    assert execution.outcomes == ((),)
    assert execution.features is not None


def test_output_is_captured(call: CallF) -> None:
    execution = call("import sys\ndef f():\n    print('out')\n    print('err', file=sys.stderr)\n")
    assert (execution.stdout, execution.stderr) == ("out\n", "err\n")


def test_the_program_is_not_the_main_module(call: CallF) -> None:
    execution = call("if __name__ == '__main__':\n    raise ValueError\ndef f(): return 1\n")
    assert execution.outcomes == ((Outcome(1),),)


def test_dataclasses_and_typing_find_the_program_as_a_module(call: CallF) -> None:
    program = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "from typing import ClassVar, List\n@dataclass\nclass P:\n    x: int\n"
        "    k: ClassVar[int] = 2\ndef f(n): return P(n).x * P.k\n"
    )
    assert call(program, 3).outcomes == ((Outcome(6),),)


def test_executions_come_in_the_order_of_the_jobs(runner: PoolRunner) -> None:
    def job(number: int) -> CallJob:
        program = f"import time\ndef f():\n    time.sleep({0.2 if number % 5 == 0 else 0})\n"
        return CallJob(program + f"    return {number}\n", ((Call("f", ()),),))

    executions = runner.run(job(number) for number in range(20))
    assert [each.outcomes[0][0].value for each in executions] == list(range(20))


def test_an_execution_is_given_before_later_jobs_exist(runner: PoolRunner) -> None:
    def jobs() -> Iterator[Job]:
        for number in range(1000):
            assert number < 900, "the runner takes jobs without giving what is done"
            time.sleep(0.002)
            yield CallJob("x = 1\n", ())

    executions = runner.run(jobs())
    assert next(executions).status == "completed"


def test_arguments_that_cannot_cross_are_unsupported_and_no_exception(call: CallF) -> None:
    execution = call("def f(x): return x\n", object())
    assert execution.status == "unsupported"
    assert "object" in execution.detail


def test_resources_used_are_reported(call: CallF) -> None:
    program = (
        "def f():\n    import time\n    block = bytearray(50_000_000)\n"
        "    t = time.process_time()\n    while time.process_time() - t < 0.2: pass\n"
        "    return len(block)\n"
    )
    execution = call(program)
    assert 0.15 < execution.cpu_seconds < 2
    assert execution.wall_seconds >= 0.15
    assert execution.peak_memory_bytes > 50_000_000


def test_features_are_there_for_a_program_that_never_ends(call: CallF) -> None:
    execution = call("while True: pass\n", limits=Limits(wall_seconds=0.3))
    assert execution.status == "timeout"
    assert execution.features is not None
