from collections.abc import Callable

import pytest

from lit_coder.problems.problem import Call, CheckProgram
from lit_coder.sandbox.contract import (
    CallJob,
    CheckJob,
    Execution,
    Limits,
    SandboxError,
    StdioJob,
)
from lit_coder.sandbox.pool_runner import PoolRunner

CallF = Callable[..., Execution]
SCRATCH = Limits(scratch_bytes=2**20, scratch_files=8)


def test_a_value_comes_back(call: CallF) -> None:
    assert call("def f(x): return {x: (1.5, 'é')}", 3).outcomes[0][0].value == {3: (1.5, "é")}


def test_a_judge_calls_the_candidate(runner: PoolRunner) -> None:
    check = CheckProgram(visible=("assert g(2) == 3",))
    (execution,) = runner.run([CheckJob("def g(x): return x + 1", "g", check)])
    assert execution.visible_passed == (True,) and execution.trusted


def test_standard_input_and_output_cross_whole(runner: PoolRunner) -> None:
    text = "é\x00x" * 10_000
    program = "import sys; sys.stdout.write(sys.stdin.read())"
    (execution,) = runner.run([StdioJob(program, (text,), Limits(output_bytes=2**20))])
    assert execution.stdouts == (text,)


def test_a_large_reply_crosses(call: CallF) -> None:
    assert call("def f(): return 'x' * 900_000").outcomes[0][0].value == "x" * 900_000


def test_a_memory_bomb_is_a_memory_error(call: CallF) -> None:
    execution = call("def f():\n    kept = []\n    while True: kept.append(bytes(10**7))")
    assert execution.outcomes[0][0].exception == "MemoryError"


def test_a_program_finds_nothing_of_the_one_before(call: CallF) -> None:
    leave = "import os\ndef f(): os.mkdir('a'); open('a/b', 'w').close(); os.symlink('/', 'c')"
    assert call(leave, limits=SCRATCH).status == "completed"
    assert (
        call("import os\ndef f(): return os.listdir('.')", limits=SCRATCH).outcomes[0][0].value
        == []
    )


def test_a_scratch_folder_is_bounded_in_size(call: CallF) -> None:
    program = "def f():\n    with open('a', 'wb', 0) as file: return file.write(bytes(2 * 2**20))"
    written = call(program, limits=SCRATCH).outcomes[0][0]
    assert written.value == 2**20


def test_a_scratch_folder_is_bounded_in_files(call: CallF) -> None:
    program = "def f():\n    for i in range(9): open(str(i), 'w').close()"
    assert call(program, limits=SCRATCH).outcomes[0][0].exception == "OSError"


def test_a_job_without_scratch_cannot_write(call: CallF) -> None:
    program = "def f(): open('/scratch/a', 'w')"
    assert call(program).outcomes[0][0].exception == "PermissionError"


@pytest.mark.parametrize(
    ("limits", "option"),
    [
        (Limits(scratch_bytes=2**21), "scratch_megabytes"),
        (Limits(scratch_bytes=1, scratch_files=9), "scratch_files"),
        (Limits(memory_bytes=2**40), "memory_megabytes"),
        (Limits(processes=1000), "processes"),
    ],
)
def test_a_job_for_which_the_containers_are_too_small_is_an_error(
    call: CallF, limits: Limits, option: str
) -> None:
    with pytest.raises(SandboxError, match=f"sandbox.{option}"):
        call("def f(): pass", limits=limits)


def test_a_job_runs_after_one_that_was_an_error(call: CallF) -> None:
    with pytest.raises(SandboxError):
        call("def f(): pass", limits=Limits(scratch_bytes=2**30))
    assert call("def f(): return 1").outcomes[0][0].value == 1


def test_javascript_runs_or_the_image_is_said_to_lack_it(runner: PoolRunner) -> None:
    job = CallJob("function f(x) { return x + 1 }", ((Call("f", (1,)),),), language="javascript")
    try:
        (execution,) = runner.run([job])
    except SandboxError as error:
        assert "sandbox.docker_image" in str(error)
    else:
        assert execution.outcomes[0][0].value == 2
