"""The harvest: from the documents of a source to problems, one after the other.

    with HarvestRunners(options) as runners:
        harvest = Harvest(runners, settings, counts)
        for candidate, harvested in harvest.tried(harvest.candidates(places), "stdlib"):
            if harvested is not None: harvested.problem, harvested.examined

Two runners hold one half of the processes each: what they start are different interpreters, whose
hash seeds differ. Candidates are examined side by side and come in the order of the documents, so
that equal seeds give equal problems. A problem that holds a benchmark's task is left out, as `fit`
would, where a decontaminator is given. What is left out is counted by its reason.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from types import TracebackType
from typing import NamedTuple

from lit_coder.corpora.decontamination import CONTAMINATED, Decontaminator, Match
from lit_coder.harvesting.candidate import Candidate
from lit_coder.harvesting.examination import ExaminationSettings, Examined, Examiner
from lit_coder.harvesting.finding import Place, Refused, find_candidates
from lit_coder.harvesting.making import make_problem
from lit_coder.problems.problem import Problem
from lit_coder.sandbox.contract import Execution, Job, Limits, Runner
from lit_coder.sandbox.interruptible_threads import InterruptibleThreads, Task
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner

_FINDING_LIMITS = Limits(wall_seconds=900.0, cpu_seconds=20.0)
_AHEAD_EACH = 4


class Harvested(NamedTuple):
    """A problem with the function that it is made of."""

    problem: Problem
    candidate: Candidate
    examined: Examined


@dataclass
class HarvestCounts:
    """How far a harvest is.

    Attributes:
        num_documents: documents that were read.
        num_candidates: functions that may be pure by their syntax.
        num_examined: those that were tried.
        num_kept: those that became problems.
        refused: functions that were refused by their syntax.
        left_out: by reason, candidates that did not become problems.
        contaminated: of candidates that hold a task of a benchmark, what they hold.
    """

    num_documents: int = 0
    num_candidates: int = 0
    num_examined: int = 0
    num_kept: int = 0
    refused: list[Refused] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    contaminated: list[Match] = field(default_factory=list)

    @property
    def not_found(self) -> Counter[str]:
        """How many were refused by their syntax, by reason."""
        return Counter(each.reason for each in self.refused)


class _MeteredRunner:
    """A runner that is running already, and the processor time that its programs take."""

    def __init__(self, runner: PoolRunner) -> None:
        self._runner = runner
        self._lock = Lock()
        self.cpu_seconds = 0.0

    def run(self, jobs: Iterable[Job]) -> Iterator[Execution]:
        for execution in self._runner.run(jobs):
            with self._lock:
                self.cpu_seconds += execution.cpu_seconds
            yield execution

    def close(self) -> None:
        self._runner.close()

    def __enter__(self) -> _MeteredRunner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class HarvestRunners:
    """Two runners that share the machine, each with interpreters of its own.

    Args:
        options: the sandbox's; `workers` is for both together.
    """

    def __init__(self, options: SandboxOptions) -> None:
        workers = options.workers or _num_cores()
        self._options = replace(options, workers=max(1, workers // 2))
        self._stack = ExitStack()
        self._runners: tuple[_MeteredRunner, ...] = ()

    @property
    def cpu_seconds(self) -> float:
        """Processor time that programs took."""
        return sum(runner.cpu_seconds for runner in self._runners)

    def __enter__(self) -> tuple[Runner, Runner]:
        """Start them.

        Raises:
            SandboxUnavailable: nothing can be run here.
        """
        with ExitStack() as starting:
            self._runners = tuple(
                _MeteredRunner(starting.enter_context(open_runner(self._options))) for _ in range(2)
            )
            self._stack = starting.pop_all()
        return self._runners[0], self._runners[1]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every process of both."""
        self._stack.close()


class Harvest:
    """One pass over a source.

    Args:
        runners: two that are running; see `HarvestRunners`.
        settings: how hard functions are tried.
        counts: filled in on the way.
        least_nodes: syntax nodes of the smallest body that is taken.
        num_threads: candidates that are examined side by side.
        decontaminator: knows the benchmarks; None takes what holds their tasks as well.
    """

    def __init__(
        self,
        runners: tuple[Runner, Runner],
        settings: ExaminationSettings,
        counts: HarvestCounts,
        least_nodes: int = 12,
        num_threads: int = 4,
        decontaminator: Decontaminator | None = None,
    ) -> None:
        self._runners = runners
        self._examiner = Examiner(runners, settings)
        self._counts = counts
        self._least_nodes = least_nodes
        self._num_threads = num_threads
        self._decontaminator = decontaminator
        self._seen: set[str] = set()

    def candidates(self, places: Iterable[Place]) -> list[Candidate]:
        """The functions of the documents that may be pure, each name of a document once.

        A function that an earlier call found is not found again.
        """
        found = find_candidates(
            self._runners,
            self._counted(places),
            _FINDING_LIMITS,
            self._least_nodes,
            self._counts.refused,
            self._seen,
        )
        named = {(each.place, each.name): each for each in found}
        self._counts.num_candidates += len(named)
        return list(named.values())

    def tried(
        self, candidates: Iterable[Candidate], source: str
    ) -> Generator[tuple[Candidate, Harvested | None], None, None]:
        """Every candidate with its problem, None where it did not become one, in their order.

        Raises:
            SandboxError: the sandbox broke down.
        """
        with closing(self.examined(candidates)) as examined:
            for candidate, found in examined:
                if isinstance(found, str):
                    self._counts.left_out[found] += 1
                    yield candidate, None
                    continue
                problem = make_problem(candidate, found, source)
                if self._is_contaminated(problem):
                    yield candidate, None
                    continue
                self._counts.num_kept += 1
                yield candidate, Harvested(problem, candidate, found)

    def examined(
        self, candidates: Iterable[Candidate]
    ) -> Generator[tuple[Candidate, Examined | str], None, None]:
        """Every candidate with what is found, or the reason why it is left out."""
        waiting: deque[tuple[Candidate, Task[Examined | str]]] = deque()
        threads = InterruptibleThreads(self._num_threads)
        try:
            for turn, candidate in enumerate(candidates):
                task = threads.submit(partial(self._examiner.examine, candidate, turn))
                waiting.append((candidate, task))
                if len(waiting) >= _AHEAD_EACH * self._num_threads:
                    yield self._next(waiting)
            while waiting:
                yield self._next(waiting)
        finally:
            # Whoever stops in the middle closes the runners, which ends the jobs at work.
            threads.close(wait=False)

    def _next(
        self, waiting: deque[tuple[Candidate, Task[Examined | str]]]
    ) -> tuple[Candidate, Examined | str]:
        candidate, task = waiting.popleft()
        found = task.result()
        self._counts.num_examined += 1
        return candidate, found

    def _is_contaminated(self, problem: Problem) -> bool:
        if self._decontaminator is None:
            return False
        matches = self._decontaminator.matches(problem.program(problem.reference or ""))
        self._counts.contaminated += matches
        self._counts.left_out[CONTAMINATED] += bool(matches)
        return bool(matches)

    def _counted(self, places: Iterable[Place]) -> Iterator[Place]:
        for place in places:
            self._counts.num_documents += 1
            yield place


def _num_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
