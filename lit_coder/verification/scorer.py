"""Scores a stream of completions: the official verdict, the strict one, or both.

    scorer = Scorer(runner, find_protocol("humaneval"), "official", options.limits(), True)
    for sample in scorer.score((task, completion) for ...):        # lazily, in order
        sample.passed, sample.status, sample.detail

"official" is the published evaluator's verdict on the same text, which a program can cheat;
"strict" is the judge's, which sees the program from outside. The stream may be endless: what is
held is what the runner works ahead on, and of identical samples, which run once, a few thousand.
It reads no files and computes no pass@k.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, TypeAlias

from lit_coder.problems.benchmarks.benchmark import BenchmarkTask
from lit_coder.problems.problem import Answer
from lit_coder.sandbox.contract import Job, Limits, Runner
from lit_coder.verification.answers import judge_answer
from lit_coder.verification.judges import Judge, official_judge, strict_judge
from lit_coder.verification.protocol import Protocol
from lit_coder.verification.verdict import Verdict, VerdictStatus

VerdictKind: TypeAlias = Literal["official", "strict", "both"]

# Samples that strict has judged and official may have to; a good part of what a runner takes ahead.
_CHUNK = 256
# How many samples back an identical one is still recognized.
_REMEMBERED = 512
# More wait only where samples repeat: a runner's own jobs ahead are fewer.
_MOST_WAITING = 4096


@dataclass(frozen=True, slots=True)
class ScoredSample:
    """What became of one completion.

    Attributes:
        passed: by the verdict that counts: strict where only that is wanted, else official.
        status, detail, trusted, seconds: that verdict's own; `seconds` is elapsed time.
        official_passed, strict_passed: None where that verdict was not reached.
    """

    passed: bool
    status: VerdictStatus
    detail: str
    trusted: bool
    seconds: float
    official_passed: bool | None = None
    strict_passed: bool | None = None

    def fields(self) -> dict[str, object]:
        """What a line of results says of it, beside task and completion."""
        return {
            "passed": self.passed,
            "status": self.status,
            "detail": self.detail,
            "trusted": self.trusted,
            "seconds": round(self.seconds, 4),
        }


@dataclass(slots=True)
class _Sample:
    """A completion and the verdicts reached so far; identical ones share it."""

    task: BenchmarkTask
    completion: str
    verdicts: list[Verdict] = field(default_factory=list)


class Scorer:
    """Scores completions after one protocol with a runner that is already running.

    Args:
        runner: runs the programs.
        protocol: how they are composed and judged.
        verdict: "official"; "strict", where official is only asked about what strict did not pass;
            or "both", where official counts and strict is left out if the protocol has no judge.
        limits: of the strict verdict's programs.
        has_scratch: whether the sandbox can give programs the folder that official ones expect.
        allow_in_process: as for `Verifier`.

    Raises:
        ValueError: "strict" where the benchmark's tests only work inside the program.
    """

    def __init__(
        self,
        runner: Runner,
        protocol: Protocol,
        verdict: VerdictKind,
        limits: Limits,
        has_scratch: bool,
        allow_in_process: bool = False,
    ) -> None:
        if verdict == "strict" and not protocol.has_judge:
            raise ValueError(
                f"{protocol.benchmark} has no strict verdict, since its tests work inside the "
                "program only, where it could forge them; use --verdict official"
            )
        self.protocol = protocol
        self._runner = runner
        self._verdict = verdict
        self._official = official_judge(protocol, runner, limits, has_scratch, allow_in_process)
        self._strict = strict_judge(protocol, runner, limits, has_scratch, allow_in_process)

    def score(self, samples: Iterable[tuple[BenchmarkTask, str]]) -> Iterator[ScoredSample]:
        """One scored sample for each completion, in order, as soon as it is there.

        Raises:
            SandboxError: the sandbox broke down; never a verdict.
        """
        if self._verdict == "strict":
            return self._score_strictly(samples)
        asks_both = self._verdict == "both" and self.protocol.has_judge
        judges = [self._official, self._strict] if asks_both else [self._official]
        return (_scored(*sample.verdicts) for sample in self._judge(judges, samples))

    def _score_strictly(
        self, samples: Iterable[tuple[BenchmarkTask, str]]
    ) -> Iterator[ScoredSample]:
        """Strict on all, then official on those of a chunk that did not pass."""
        judged = self._judge([self._strict], samples)
        while chunk := list(islice(judged, _CHUNK)):
            rejected = [sample for sample in chunk if not sample.verdicts[0].passed]
            again = self._judge([self._official], ((s.task, s.completion) for s in rejected))
            for sample in chunk:
                verdict = sample.verdicts[0]
                official = None if verdict.passed else next(again).verdicts[0].passed
                yield _sample_of(verdict, official, verdict.passed)

    def _judge(
        self, judges: list[Judge], samples: Iterable[tuple[BenchmarkTask, str]]
    ) -> Iterator[_Sample]:
        """The samples in order, each once every judge has spoken."""
        queue = _Queue(judges, samples)
        while not queue.is_at_end:
            for execution in self._runner.run(queue.jobs()):
                sample, judge = queue.running.popleft()
                sample.verdicts.append(judge.verdict(sample.task, execution))
                while queue.waiting and len(queue.waiting[0].verdicts) == len(judges):
                    yield queue.waiting.popleft()
            # All jobs have run, so what repeats them is judged as well.
            while queue.waiting:
                yield queue.waiting.popleft()


class _Queue:
    """Samples on their way, and whose jobs the runner has taken.

    Attributes:
        waiting: samples that were read and not given back, in order.
        running: whose job each next execution is, and which judge's.
        is_at_end: whether every sample was read.
    """

    def __init__(self, judges: list[Judge], samples: Iterable[tuple[BenchmarkTask, str]]) -> None:
        self.waiting: deque[_Sample] = deque()
        self.running: deque[tuple[_Sample, Judge]] = deque()
        self.is_at_end = False
        self._judges = judges
        self._samples = iter(samples)
        self._recent: OrderedDict[tuple[str, str], _Sample] = OrderedDict()

    def jobs(self) -> Iterator[Job]:
        """Jobs as the runner takes them, up to where so many wait that they have to be given back.

        A runner that asks for its next job gives nothing back meanwhile, and identical samples
        bring no job: without an end all of them would be read first.
        """
        for task, completion in self._samples:
            known = self._recent.get((task.task_id, completion))
            sample = known or self._new(task, completion)
            self.waiting.append(sample)
            tests = task.problem.tests
            if known is None and isinstance(tests, Answer):
                # No program: judged here, and alike by every judge.
                sample.verdicts = [judge_answer(tests, completion)] * len(self._judges)
            elif known is None:
                for judge in self._judges:
                    self.running.append((sample, judge))
                    yield judge.job(task, completion)
                continue
            if len(self.waiting) >= _MOST_WAITING:
                return
        self.is_at_end = True

    def _new(self, task: BenchmarkTask, completion: str) -> _Sample:
        sample = self._recent[task.task_id, completion] = _Sample(task, completion)
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        return sample


def _scored(official: Verdict, strict: Verdict | None = None) -> ScoredSample:
    return _sample_of(official, official.passed, None if strict is None else strict.passed)


def _sample_of(
    verdict: Verdict, official_passed: bool | None, strict_passed: bool | None
) -> ScoredSample:
    return ScoredSample(
        passed=verdict.passed,
        status=verdict.status,
        detail=verdict.detail,
        trusted=verdict.trusted,
        seconds=verdict.wall_seconds,
        official_passed=official_passed,
        strict_passed=strict_passed,
    )
