from collections.abc import Callable, Iterator

import pytest

from lit_coder.problems.problem import Call, Value
from lit_coder.sandbox.contract import CallJob, Execution, Job, Limits
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.subprocess_runner import SubprocessRunner


@pytest.fixture(scope="session")
def runner() -> Iterator[SubprocessRunner]:
    with SubprocessRunner(SandboxOptions(workers=2)) as running:
        yield running


@pytest.fixture
def execute(runner: SubprocessRunner) -> Callable[[Job], Execution]:
    def execute_one(job: Job) -> Execution:
        (execution,) = runner.run([job])
        return execution

    return execute_one


@pytest.fixture
def call(execute: Callable[[Job], Execution]) -> Callable[..., Execution]:
    """Run a program and call its `f` once with the arguments."""

    def call_f(program: str, *arguments: Value, limits: Limits | None = None) -> Execution:
        return execute(CallJob(program, ((Call("f", arguments),),), limits or Limits()))

    return call_f
