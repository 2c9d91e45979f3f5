"""How soon a sandbox gives its first verdict, and what memory an idle worker holds.

figures = measure_start(setting) + measure_memory(setting)
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import asdict

from benchmarks.sandbox_figures import Figure, Setting, WrongResultError
from benchmarks.sandbox_processes import Memory, memory_of, process_tree
from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions

_STARTS = 5
_JOBS_BEFORE_IDLE = 200
_SETTLE_SECONDS = 0.2
_MOST_SECONDS = {"docker": 3.0}
_MOST_MEGABYTES = 40.0
_FRESH = """\
from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
with open_runner(SandboxOptions(**{options!r})) as runner:
    (execution,) = runner.run([CallJob('def f(x): return x + 1', ((Call('f', (41,)),),))])
    print(execution.outcomes[0][0].value, flush=True)
"""


def measure_start(setting: Setting) -> list[Figure]:
    """From nothing to the first verdict: in a process that is there, and with one that starts."""
    figures = []
    for name, options in setting.variants:
        most = _MOST_SECONDS.get(options.backend, 1.0)
        for what, measure in (("a runner", _start_runner), ("a process", _start_process)):
            values = [measure(options) for _ in range(max(_STARTS, setting.repeats))]
            title = f"{name}, first verdict of {what}"
            figures.append(Figure.of("start", title, values, "s", at_most=most))
    return figures


def _start_runner(options: SandboxOptions) -> float:
    started = time.perf_counter()
    with open_runner(options) as runner:
        (execution,) = runner.run([_add_one(41)])
        seconds = time.perf_counter() - started
    if [case[0].value for case in execution.outcomes] != [42]:
        raise WrongResultError(f"sandbox, first job: {execution}")
    return seconds


def _start_process(options: SandboxOptions) -> float:
    started = time.perf_counter()
    text = _FRESH.format(options=asdict(options))
    with subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - started
    if line != b"42\n":
        raise WrongResultError(f"sandbox, first job of a process: {line!r}")
    return seconds


def measure_memory(setting: Setting) -> list[Figure]:
    """All processes of a worker (zygote, bubblewrap, relay) after jobs; of several the largest."""
    figures = []
    for name, options in setting.variants:
        with open_runner(options) as runner:
            for number, execution in enumerate(runner.run(map(_add_one, range(_JOBS_BEFORE_IDLE)))):
                if execution.outcomes[0][0].value != number + 1:
                    raise WrongResultError(f"sandbox, job {number}: {execution}")
            time.sleep(_SETTLE_SECONDS)
            trees = [process_tree([pid]) for pid in runner.worker_pids]
            memories = [memory_of(tree) for tree in trees]
        if not trees:
            print(f"{name}: its workers' processes are not seen from here, so no memory is shown.")
            continue
        figures += _memory_figures(name, memories, len(trees[0]))
    return figures


def _memory_figures(name: str, memories: list[Memory], num_processes: int) -> list[Figure]:
    note = f"{num_processes} processes" if num_processes > 1 else "one process"
    rss = [max(each.rss for each in memories)]
    figures = [Figure.of("memory", f"{name}, RSS", rss, "MB", at_most=_MOST_MEGABYTES, note=note)]
    for what in ("pss", "uss"):
        values = [value for each in memories if (value := getattr(each, what)) is not None]
        if values:
            figures.append(Figure.of("memory", f"{name}, {what.upper()}", [max(values)], "MB"))
    return figures


def _add_one(number: int) -> CallJob:
    return CallJob("def f(x): return x + 1", ((Call("f", (number,)),),))
