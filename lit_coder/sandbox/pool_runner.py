"""Runs jobs on a pool of workers behind the first wall that holds, one thread for each worker.

    with PoolRunner(options, walls) as runner:
        for execution in runner.run(jobs): ...

At start the walls are tried in order: workers are started, then a program attacks from inside; a
wall that does not start or does not hold is passed over, and with none left there is no runner.

A busy machine must not become a verdict: a program that reached the wall limit with little
processor time used, and one under which two supervisors broke down, is run once more with no
other job of this runner beside it, and that is what counts. A program that sleeps thus costs its
time limit twice.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType

from lit_coder.sandbox.canaries import Bait
from lit_coder.sandbox.contract import (
    CallJob,
    Execution,
    Job,
    SandboxError,
    SandboxUnavailable,
    ScriptJob,
)
from lit_coder.sandbox.gate import Gate
from lit_coder.sandbox.inside.folders import remove
from lit_coder.sandbox.inside.launching import WorkerDiedError
from lit_coder.sandbox.interruptible_threads import InterruptibleThreads, Task
from lit_coder.sandbox.job_runs import run_on
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.wall import Wall
from lit_coder.sandbox.work_folder import make_work_folder
from lit_coder.sandbox.worker import WallFacts, Worker

logger = logging.getLogger("lit_coder.sandbox")

# Jobs taken ahead of the one whose execution is next: enough for the other workers to stay busy
# while that one runs into its time limit.
_MAX_AHEAD = 2048
_BROKEN_WORKER_PATIENCE_SECONDS = 0.2
_JOBS_PER_WORKER = 10_000
# A program that got less of a processor than this had to wait for it, or waited of itself.
_LEAST_CPU_SHARE = 0.5
_CANARY = CallJob("answer = 42", ())


class PoolRunner:
    """Runs jobs in forked children of small interpreter processes; see the module's text."""

    def __init__(self, options: SandboxOptions, walls: Sequence[Wall]) -> None:
        self._num_workers = options.workers or _num_cores()
        self._walls = walls
        self._wall = walls[0]
        self._facts: WallFacts | None = None
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        self._workers: list[Worker] = []
        self._num_jobs: dict[int, int] = {}
        self._threads: InterruptibleThreads | None = None
        self._scratch: Path | None = None
        self._is_closing = False
        self._close_lock = threading.Lock()
        self._gate = Gate()

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the running workers."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    @property
    def wall(self) -> Wall:
        """The wall that was proven at start; before that, the first that will be tried."""
        return self._wall

    @property
    def facts(self) -> WallFacts | None:
        """What the workers say of the wall, once they have started."""
        return self._facts

    def __enter__(self) -> PoolRunner:
        """Start the worker processes behind the first wall that holds.

        Raises:
            SandboxUnavailable: none does; the message says why for each.
            SandboxError: it is running already.
        """
        if self._threads is not None:
            raise SandboxError("The sandbox is running already: enter it once at a time.")
        failures: list[tuple[str, str]] = []
        for wall in self._walls:
            try:
                self._start_behind(wall)
            except SandboxUnavailable as error:
                self.close()
                failures.append((wall.name, str(error)))
            except BaseException:
                self.close()
                raise
            else:
                self._report(wall, failures)
                return self
        raise SandboxUnavailable(no_wall_message(failures))

    def _start_behind(self, wall: Wall) -> None:
        self._is_closing = False
        self._wall = wall
        self._scratch = make_work_folder()
        # Workers are started by threads that live as long as they do: bubblewrap ends with the
        # thread that started it.
        self._threads = InterruptibleThreads(self._num_workers)
        with Bait(self._scratch / "bait") as bait:
            self._workers = list(wall.make_workers(self._num_workers, self._scratch))
            self._num_jobs = {id(worker): 0 for worker in self._workers}
            starts = [self._threads.submit(partial(_start, worker)) for worker in self._workers]
            # All of them, also after one has failed: what is still starting cannot be ended.
            for start in starts:
                start.wait()
            facts = [start.result() for start in starts]
            self._facts = facts[0]
            if wall.is_proven:
                _prove(bait, self._workers[0])
        for worker in self._workers:
            self._idle.put(worker)

    def _report(self, wall: Wall, failures: Sequence[tuple[str, str]]) -> None:
        for name, reason in failures:
            logger.info("sandbox: not behind %s: %s", name, reason)
        text = "sandbox: %d workers behind %s: %s"
        if wall.is_proven:
            logger.info(text, self._num_workers, wall.name, wall.summary)
        else:
            logger.warning(text, self._num_workers, wall.name, wall.summary)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every process of the runner."""
        self.close()

    def close(self) -> None:
        """End every process of the runner; closing twice is allowed."""
        self._is_closing = True
        # From two threads at once, the second waits until everything has ended.
        with self._close_lock:
            self._end_everything()

    def _end_everything(self) -> None:
        # Whatever goes wrong with one, the others are ended. What is put in last is done first.
        with ExitStack() as endings:
            # Not before: a thread that has just taken a job waits for a worker of this queue.
            endings.callback(setattr, self, "_idle", SimpleQueue())
            if self._scratch is not None:
                endings.callback(remove, str(self._scratch))
                self._scratch = None
            workers, self._workers = self._workers, []
            # A worker that a thread was just repairing has been started again meanwhile.
            for worker in workers:
                endings.callback(worker.stop)
            if self._threads is not None:
                endings.callback(self._threads.close)
                self._threads = None
            for worker in workers:
                endings.callback(worker.stop)

    def run(self, jobs: Iterable[Job]) -> Iterator[Execution]:
        """Executions in the order of the jobs, which are taken as they can be worked on.

        Raises:
            SandboxError: the sandbox itself broke down.
        """
        waiting: deque[Task[Execution]] = deque()
        try:
            for job in jobs:
                # Read once: another thread may be closing the runner.
                threads = self._threads
                if threads is None:
                    raise SandboxError("The sandbox is not running: use it in a `with` statement.")
                waiting.append(threads.submit(partial(self._execute, job)))
                while waiting and (waiting[0].is_done or len(waiting) >= _MAX_AHEAD):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for task in waiting:
                task.cancel()

    def _execute(self, job: Job) -> Execution:
        self._check(job)
        worker = self._idle.get()
        try:
            self._renew(worker, job.language)
            with self._gate.shared():
                execution = self._run_beside_others(worker, job)
            if execution is not None and not may_be_load(execution, job):
                return execution
            with self._gate.alone():
                return self._run_alone(worker, job)
        finally:
            self._idle.put(worker)

    def _run_beside_others(self, worker: Worker, job: Job) -> Execution | None:
        """What happened, or None where the worker broke down twice."""
        for _ in range(2):
            try:
                return run_on(worker, job)
            except WorkerDiedError:
                self._restart(worker)
        return None

    def _run_alone(self, worker: Worker, job: Job) -> Execution:
        """What happened with nobody else at work: nothing but the program can be to blame."""
        try:
            return run_on(worker, job)
        except WorkerDiedError as error:
            problem = error
            self._restart(worker)
        # Perhaps through the program: a harmless one tells.
        try:
            run_on(worker, replace(_CANARY, limits=job.limits))
        except WorkerDiedError:
            self._restart(worker)
            raise SandboxError(f"The sandbox does not work any more: {problem}.") from problem
        return Execution("crashed", detail=f"the program broke its supervisor: {problem}")

    def _check(self, job: Job) -> None:
        """Refuse a job that asks for more than this machine has."""
        self._wall.languages.admit(job.language)
        if job.limits.scratch_bytes and self._facts is not None and not self._facts.has_scratch:
            raise SandboxError(
                "A program is to have a writable folder (sandbox.scratch_megabytes), which here "
                "needs user namespaces: allow them, or choose sandbox.backend docker."
            )

    def _renew(self, worker: Worker, language: str) -> None:
        """Replace a worker now and then, so that nothing can pile up in it, or for a language."""
        self._num_jobs[id(worker)] += 1
        is_old = self._num_jobs[id(worker)] > _JOBS_PER_WORKER
        if is_old or language not in worker.language_names:
            self._start_again(worker)

    def _restart(self, worker: Worker) -> None:
        logger.info("sandbox: a worker process broke down and is started again")
        self._start_again(worker)

    def _start_again(self, worker: Worker) -> None:
        if self._is_closing:
            raise SandboxError("The sandbox was closed while programs were running.")
        self._num_jobs[id(worker)] = 0
        worker.stop(_BROKEN_WORKER_PATIENCE_SECONDS)
        try:
            _start(worker)
        except SandboxUnavailable as error:
            raise SandboxError(f"The sandbox broke down: {error}") from error


def may_be_load(execution: Execution, job: Job) -> bool:
    """Whether the job ran out of elapsed time without having had much of a processor.

    A script may have caught its alarm, and then failed for another reason.
    """
    if isinstance(job, ScriptJob):
        seconds, is_over = job.alarm_seconds, execution.status != "completed"
    else:
        seconds, is_over = job.limits.wall_seconds, execution.status == "timeout"
    return (
        is_over
        and execution.wall_seconds >= 0.99 * seconds
        and execution.cpu_seconds < _LEAST_CPU_SHARE * seconds
    )


def _start(worker: Worker) -> WallFacts:
    worker.start()
    return worker.wait_until_ready()


def _prove(bait: Bait, worker: Worker) -> None:
    try:
        failures = bait.attack(lambda job: run_on(worker, job))
    except WorkerDiedError as error:
        failures = [*bait.happened(), f"kill of the parent ({error})"]
    if failures:
        raise SandboxUnavailable(f"The sandbox's self-test broke through: {', '.join(failures)}.")


def no_wall_message(failures: Sequence[tuple[str, str]]) -> str:
    """Why nothing can be run here, wall by wall, and what to do."""
    if len(failures) == 1:
        # What was asked for by name; its own sentence holds the remedy.
        return f"No program is run: {failures[0][1]}"
    reasons = " ".join(f"{name}: {reason}" for name, reason in failures)
    return (
        f"No wall holds on this machine, so no program is run. {reasons} Remedies: install "
        "bubblewrap and allow user namespaces, use Linux 6.2 or newer, name sandbox.backend "
        "docker, or, for programs you would run yourself, sandbox.backend unsafe."
    )


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
