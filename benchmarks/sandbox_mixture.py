"""A mixture of programs as a model might write them, each with what must come of it.

    trials = [trial(number, has_scratch=True) for number in range(20_000)]
    wrong = [each for each, execution in zip(trials, executions) if not each.is_right(execution)]

Most are right and return a number of their own, so that no two executions can be exchanged
unnoticed; the rest fail, crash, never end, or use too much.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from lit_coder.problems.problem import Call, CheckProgram
from lit_coder.sandbox.contract import CallJob, CheckJob, Execution, Job, Limits, StdioJob

_KINDS = 1000
# Spreads each kind evenly over the numbers; without a common divisor with the number of kinds.
_STRIDE = 617
_USUAL = Limits()
_SHORT = Limits(wall_seconds=0.2)
_SCRATCH = Limits(scratch_bytes=2**20)
_SMALL_OUTPUT = Limits(output_bytes=1000)
_FLOOD = "def f(x):\n    for _ in range(200):\n        print('x' * 1000)\n    return x\n"
_CRASH = "import ctypes\ndef f(x):\n    return ctypes.string_at(0)\n"
_FILE = "def f(x):\n    open('a', 'w').write(str(x))\n    return int(open('a').read())\n"


class Trial(NamedTuple):
    """A job and whether an execution is what must come of it."""

    job: Job
    is_right: Callable[[Execution], bool]


def trial(number: int, has_scratch: bool) -> Trial:
    """The job of a number; programs with files only where there can be a writable folder."""
    kind = number * _STRIDE % _KINDS
    for bound, make in _TRIALS:
        if kind < bound and (has_scratch or make is not _with_file):
            return make(number)
    return _call("def f(x):\n    return x\n", number)


def _call(program: str, number: int, limits: Limits = _USUAL) -> Trial:
    job = CallJob(program, ((Call("f", (number,)),),), limits)
    return Trial(job, lambda execution: _value(execution) == number)


def _value(execution: Execution) -> object:
    if execution.status != "completed" or len(execution.outcomes) != 1:
        return None
    return execution.outcomes[0][0].value


def _ending(program: str, status: str, limits: Limits) -> Callable[[int], Trial]:
    def make(number: int) -> Trial:
        job = CallJob(f"{program}# {number}\n", ((Call("f", (number,)),),), limits)
        return Trial(job, lambda execution: execution.status == status)

    return make


def _raising(program: str, exception: str) -> Callable[[int], Trial]:
    def make(number: int) -> Trial:
        trial = _call(program, number)
        return trial._replace(
            is_right=lambda each: bool(each.outcomes) and each.outcomes[0][0].exception == exception
        )

    return make


def _check(answer: int) -> Callable[[int], Trial]:
    def make(number: int) -> Trial:
        tests = CheckProgram((f"assert f({number}) == {number}",))
        job = CheckJob(f"def f(x):\n    return x + {answer}\n", "f", tests)
        wanted = (answer == 0,)
        return Trial(job, lambda each: each.trusted and each.visible_passed == wanted)

    return make


def _stdio(number: int) -> Trial:
    job = StdioJob("print(int(input()) + int(input()))", (f"{number}\n1\n", f"{number}\n2\n"))
    wanted = (f"{number + 1}\n", f"{number + 2}\n")
    return Trial(job, lambda execution: execution.stdouts == wanted)


def _flood(number: int) -> Trial:
    job, is_right = _call(_FLOOD, number, _SMALL_OUTPUT)
    return Trial(job, lambda each: is_right(each) and "output" in each.limits_reached)


def _with_file(number: int) -> Trial:
    return _call(_FILE, number, _SCRATCH)


_TRIALS: tuple[tuple[int, Callable[[int], Trial]], ...] = (
    (2, _ending("while True:\n    pass\n", "timeout", _SHORT)),
    (3, _ending("import time\ntime.sleep(9)\n", "timeout", _SHORT)),
    (20, _raising("def f(x):\n    return bytearray(10**10)\n", "MemoryError")),
    (40, _flood),
    (60, _ending(_CRASH, "crashed", _USUAL)),
    (80, _ending("def f(x:\n", "syntax_error", _USUAL)),
    (100, _ending("import os\ndef f(x):\n    os._exit(0)\n", "error", _USUAL)),
    (150, _raising("def f(x):\n    raise KeyError(x)\n", "KeyError")),
    (250, _check(0)),
    (300, _check(1)),
    (330, _stdio),
    (350, _with_file),
)
"""Kinds up to each bound; those beyond the last are right and simple."""
