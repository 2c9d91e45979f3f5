"""Twenty thousand jobs with workers killed meanwhile, then a look for what was left behind.

    figures = measure_soak(setting)            # raises WrongResultError with every leak

Each sandbox is soaked in a process of its own, which checks that the results are right, in order
and complete, and that it has no zombie, no further descriptor, no folder and no container
afterwards. What outlives that process becomes a child of this one, and is found here.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.sandbox_figures import Figure, Setting, WrongResultError
from benchmarks.sandbox_mixture import trial
from benchmarks.sandbox_processes import children_of, num_descriptors, process_tree, zombies_of
from lit_coder.sandbox.inside.processes import adopt_orphans
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner

_KILLS = 10
_MOST_NAMED = 5
_LEAVE_SECONDS = 3.0


def measure_soak(setting: Setting) -> list[Figure]:
    """The rate of the mixture behind each wall.

    Raises:
        WrongResultError: results were wrong or something was left; the message names all of it.
    """
    adopt_orphans()
    figures: list[Figure] = []
    problems: list[str] = []
    for name, options in setting.variants:
        # Docker's containers are made for what the largest job needs.
        options = replace(options, scratch_megabytes=1.0)
        request = {"options": asdict(options), "num_jobs": setting.num_soak_jobs}
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.sandbox_soak", json.dumps(request)],
            stdout=subprocess.PIPE,
            check=False,
        )
        if ended.returncode != 0:
            problems.append(f"{name}: the soaked process ended with status {ended.returncode}")
            continue
        report = json.loads(ended.stdout)
        wrong = [*report["wrong"], *_survivors()]
        problems += [f"{name}: {each}" for each in wrong]
        note = f"{setting.num_soak_jobs} jobs, {report['num_kills']} workers killed"
        rate = setting.num_soak_jobs / report["seconds"]
        figures.append(Figure.of("soak", name, [rate], "/s", note=f"{note}, {len(wrong)} problems"))
        left = report["left"]
        figures.append(
            Figure.of(
                "soak", f"{name}, left behind", [sum(left.values())], "", note=", ".join(left)
            )
        )
    if problems:
        raise WrongResultError("; ".join(problems), figures)
    return figures


def _survivors() -> list[str]:
    """Processes of the soaked one that still run; those that ended are collected."""
    give_up = time.monotonic() + _LEAVE_SECONDS
    while time.monotonic() < give_up:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.05)
        except ChildProcessError:
            return []
    return [f"process {pid} was left" for pid in process_tree(children_of(os.getpid()))]


def main() -> None:
    """Soak one sandbox; says what came of it as JSON."""
    request = json.loads(sys.argv[1])
    options = SandboxOptions(**{**request["options"], "packages": ()})
    with tempfile.TemporaryDirectory() as folder:
        # Programs of another user have to find their way through it.
        os.chmod(folder, 0o711)
        tempfile.tempdir = folder
        with open_runner(options):
            # What is imported and opened once and for all is not what leaks.
            pass
        num_before, num_threads = num_descriptors(), threading.active_count()
        report = _soak(options, request["num_jobs"])
        left = {
            "descriptors": num_descriptors() - num_before,
            "threads": threading.active_count() - num_threads,
            "zombies": len(zombies_of(os.getpid())),
            "processes": len(children_of(os.getpid())),
            "folders": len(list(Path(folder).iterdir())),
            "containers": _num_containers() if options.backend == "docker" else 0,
        }
    report["wrong"] += [f"{number} {what} left" for what, number in left.items() if number]
    print(json.dumps({**report, "left": left}))


def _soak(options: SandboxOptions, num_jobs: int) -> dict[str, Any]:
    choose = random.Random(0)
    wrong: list[str] = []
    num_kills = num_results = 0
    with open_runner(options) as runner:
        has_scratch = runner.facts is not None and runner.facts.has_scratch
        trials = [trial(number, has_scratch) for number in range(num_jobs)]
        started = time.perf_counter()
        for each, execution in zip(trials, runner.run(each.job for each in trials), strict=True):
            num_results += 1
            if not each.is_right(execution):
                wrong.append(f"job {num_results - 1}: {execution}")
            if num_results % max(num_jobs // _KILLS, 1) == 0:
                num_kills += _kill_worker(runner, choose)
        seconds = time.perf_counter() - started
    if len(wrong) > _MOST_NAMED:
        wrong[_MOST_NAMED:] = [f"and {len(wrong) - _MOST_NAMED} more wrong results"]
    return {"seconds": seconds, "num_kills": num_kills, "wrong": wrong}


def _kill_worker(runner: PoolRunner, choose: random.Random) -> bool:
    """SIGKILL to one of the runner's workers; whether there was one to kill."""
    pids = runner.worker_pids
    if not pids:
        return False
    pid = choose.choice(pids)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        descriptor = os.pidfd_open(pid)
        try:
            # It is the worker's still, and the descriptor stays with that process.
            if pid in runner.worker_pids:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                return True
        finally:
            os.close(descriptor)
    return False


def _num_containers() -> int:
    """Containers of this process."""
    from lit_coder.sandbox.docker_daemon import DockerDaemon
    from lit_coder.sandbox.docker_wall import TRAINER_LABEL
    from lit_coder.sandbox.trainer_identity import trainer_identity

    with contextlib.closing(DockerDaemon()) as daemon:
        found = daemon.find_containers(TRAINER_LABEL)
        return sum(each.labels.get(TRAINER_LABEL) == trainer_identity() for each in found)


if __name__ == "__main__":
    main()
