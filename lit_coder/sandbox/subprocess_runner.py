"""The subprocess backend: a pool of zygote processes, one thread of the trainer for each.

    with SubprocessRunner(SandboxOptions()) as runner:
        for execution in runner.run(jobs): ...

It bounds time, memory, output and file size, and ends a program with everything it started. It
builds no walls: a program can read and write what this user can, and use the network. It says
so in one line at start.

A busy machine must not become a verdict: a program that reached the wall limit with little
processor time used, and one under which two supervisors broke down, is run once more with no
other job of this runner beside it, and that is what counts. A program that sleeps thus costs its
time limit twice.
"""

from __future__ import annotations

import logging
import os
import queue
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from lit_coder.sandbox.contract import (
    CallJob,
    CheckJob,
    Execution,
    Job,
    SandboxError,
    SandboxUnavailable,
    StdioJob,
)
from lit_coder.sandbox.executions import (
    call_execution,
    check_execution,
    encode_call,
    encode_check,
    encode_in_process,
    encode_stdio,
    in_process_execution,
    stdio_execution,
)
from lit_coder.sandbox.gate import Gate
from lit_coder.sandbox.inside.codec import CodecError
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.worker import Launch, Worker, WorkerDiedError

logger = logging.getLogger("lit_coder.sandbox")

# Jobs taken ahead of the one whose execution is next: enough for the other workers to stay busy
# while that one runs into its time limit.
_MAX_AHEAD = 2048
_BROKEN_WORKER_PATIENCE_SECONDS = 0.2
_LEAST_REMAINING_SECONDS = 0.01
# A program that got less of a processor than this had to wait for it, or waited of itself.
_LEAST_CPU_SHARE = 0.5
_CANARY = CallJob("answer = 42", ())


class SubprocessRunner:
    """Runs jobs in forked children of small interpreter processes; see the module's text."""

    def __init__(self, options: SandboxOptions) -> None:
        self._num_workers = options.workers or _num_cores()
        self._idle: queue.Queue[Worker] = queue.Queue()
        self._workers: list[Worker] = []
        self._threads: ThreadPoolExecutor | None = None
        self._scratch: Path | None = None
        self._is_closing = False
        self._close_lock = threading.Lock()
        self._gate = Gate()

    @property
    def worker_pids(self) -> list[int]:
        """Process ids of the running zygotes."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    def __enter__(self) -> SubprocessRunner:
        """Start the worker processes.

        Raises:
            SandboxUnavailable: they do not start.
        """
        if os.name != "posix":
            raise SandboxUnavailable("The subprocess sandbox needs Linux or macOS.")
        self._is_closing = False
        self._scratch = Path(tempfile.mkdtemp(prefix="lit_coder_"))
        self._workers = [Worker(self._scratch / str(i)) for i in range(self._num_workers)]
        self._threads = ThreadPoolExecutor(self._num_workers, thread_name_prefix="sandbox")
        try:
            for worker in self._workers:
                worker.start()
            for worker in self._workers:
                worker.wait_until_ready()
                self._idle.put(worker)
        except BaseException:
            self.close()
            raise
        logger.info(
            "sandbox: subprocess backend, %d workers, resource limits only: "
            "file system and network are not walled off yet",
            self._num_workers,
        )
        return self

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
        for worker in self._workers:
            worker.stop()
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
            self._threads = None
        # A worker that a thread was just repairing has been started again meanwhile.
        for worker in self._workers:
            worker.stop()
        self._workers = []
        self._idle = queue.Queue()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch = None

    def run(self, jobs: Iterable[Job]) -> Iterator[Execution]:
        """Executions in the order of the jobs, which are taken as they can be worked on.

        Raises:
            SandboxError: the sandbox itself broke down.
        """
        waiting: deque[Future[Execution]] = deque()
        try:
            for job in jobs:
                if self._threads is None:
                    raise SandboxError("The sandbox is not running: use it in a `with` statement.")
                waiting.append(self._threads.submit(self._execute, job))
                while waiting and (waiting[0].done() or len(waiting) >= _MAX_AHEAD):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def _execute(self, job: Job) -> Execution:
        worker = self._idle.get()
        try:
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
                return _run_on(worker, job)
            except WorkerDiedError:
                self._restart(worker)
        return None

    def _run_alone(self, worker: Worker, job: Job) -> Execution:
        """What happened with nobody else at work: nothing but the program can be to blame."""
        try:
            return _run_on(worker, job)
        except WorkerDiedError as error:
            problem = error
            self._restart(worker)
        # Perhaps through the program: a harmless one tells.
        try:
            _run_on(worker, _CANARY)
        except WorkerDiedError:
            self._restart(worker)
            raise SandboxError(f"The sandbox does not work any more: {problem}.") from problem
        return Execution("crashed", detail=f"the program broke its supervisor: {problem}")

    def _restart(self, worker: Worker) -> None:
        if self._is_closing:
            raise SandboxError("The sandbox was closed while programs were running.")
        logger.info("sandbox: a worker process broke down and is started again")
        worker.stop(_BROKEN_WORKER_PATIENCE_SECONDS)
        try:
            worker.start()
            worker.wait_until_ready()
        except SandboxUnavailable as error:
            raise SandboxError(f"The sandbox broke down: {error}") from error


def may_be_load(execution: Execution, job: Job) -> bool:
    """Whether the job reached the wall limit without having had much of a processor."""
    limits = job.limits
    return (
        execution.status == "timeout"
        and execution.wall_seconds >= 0.99 * limits.wall_seconds
        and execution.cpu_seconds < _LEAST_CPU_SHARE * limits.wall_seconds
    )


def _run_on(worker: Worker, job: Job) -> Execution:
    try:
        if isinstance(job, CallJob):
            return call_execution(job, worker.launch([encode_call(job)], job.limits))
        if isinstance(job, StdioJob):
            return _run_stdio(worker, job)
        return _run_check(worker, job)
    except CodecError as error:
        return Execution("unsupported", detail=f"the job cannot cross to its process: {error}")


def _run_check(worker: Worker, job: CheckJob) -> Execution:
    execution = check_execution(job, worker.launch(encode_check(job), job.limits))
    if execution.status == "unsupported" and job.allow_in_process:
        launch = worker.launch([encode_in_process(job)], job.limits)
        return in_process_execution(job, launch)
    return execution


def _run_stdio(worker: Worker, job: StdioJob) -> Execution:
    """One process for each input; together they share the job's time."""
    launches: list[Launch] = []
    limits = job.limits
    for stdin_text in job.stdin:
        launch = worker.launch([encode_stdio(job.program, stdin_text)], limits)
        launches.append(launch)
        execution = stdio_execution(launches, job.limits)
        if execution.status != "completed":
            return execution
        wall_seconds = limits.wall_seconds - launch.wall_seconds
        cpu_seconds = limits.cpu_seconds - launch.children[0].cpu_seconds
        limits = replace(
            limits,
            wall_seconds=max(wall_seconds, _LEAST_REMAINING_SECONDS),
            cpu_seconds=max(cpu_seconds, _LEAST_REMAINING_SECONDS),
        )
    return stdio_execution(launches, job.limits)


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
