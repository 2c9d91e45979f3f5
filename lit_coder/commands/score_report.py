"""What `main.py score` prints: the score with its interval, and everything that qualifies it.

    tally = Tally()
    tally.add(line, scored)              # for each line, as it comes
    print(report(tally, benchmark, request, seconds))

Nothing is held of a line but its counts, and of the first few that only official would pass their
names.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lit_coder.commands.score_arguments import ScoreRequest
from lit_coder.commands.score_samples import SampleLine
from lit_coder.problems.benchmarks.benchmark import Benchmark
from lit_coder.training_data.dataset_mark import mark, marked_in
from lit_coder.verification.pass_at_k import Estimate
from lit_coder.verification.scorer import ScoredSample
from lit_coder.verification.scoring import DEFAULT_KS, Score, TaskCounts, score_counts

_MOST_LISTED = 20


@dataclass(slots=True)
class Tally:
    """Counts over the lines of a file.

    Attributes:
        counts: samples and passed ones of each task.
        statuses: how often each status came.
        num_untrusted: verdicts of programs that shared a process with their tests.
        num_only_official: samples that official would pass and strict does not.
        only_official: the first of them, line number and task.
        num_faults: lines that could not be scored.
    """

    counts: TaskCounts = field(default_factory=TaskCounts)
    statuses: Counter[str] = field(default_factory=Counter)
    num_untrusted: int = 0
    num_only_official: int = 0
    only_official: list[tuple[int, str]] = field(default_factory=list)
    num_faults: int = 0

    def add(self, line: SampleLine, scored: ScoredSample) -> None:
        """Count one scored line."""
        self.counts.add(line.task.task_id, scored.passed)
        self.statuses[scored.status] += 1
        self.num_untrusted += not scored.trusted
        if scored.official_passed and not scored.passed:
            self.num_only_official += 1
            if len(self.only_official) < _MOST_LISTED:
                self.only_official.append((line.number, line.task.task_id))


def report(tally: Tally, benchmark: Benchmark, request: ScoreRequest, seconds: float) -> str:
    """The lines for the screen."""
    fewest = min(num_samples for num_samples, _ in tally.counts.pairs)
    score = score_counts(tally.counts, request.ks or (*DEFAULT_KS, fewest))
    rows = [
        ("protocol", request.protocol.title),
        ("benchmark", _benchmark(benchmark)),
        ("tasks", _attempted(tally, benchmark, score)),
        *_whole(tally, benchmark, score),
        *_measured_part(tally, benchmark, request),
        ("verdict", f"{request.verdict}: {_statuses(tally)}"),
    ]
    if said := mark(marked_in(request.samples.parent / "settings.json")):
        rows.append(("mark", f"the weights that wrote these samples were {said}"))
    if left_out := [k for k in request.ks if k > score.fewest]:
        names = ", ".join(f"pass@{k}" for k in left_out)
        rows.append(("left out", f"{names}: some tasks have only {score.fewest} samples"))
    if tally.num_untrusted:
        whose = f"{tally.num_untrusted} of {score.num_samples} verdicts"
        rows.append(("untrusted", f"{whose}: program and tests shared a process"))
    if request.verdict == "strict":
        rows += [*_undecided(tally), *_only_official(tally)]
    rate = score.num_samples / seconds
    rows.append(("time", f"{seconds:.1f} s, {rate:.1f} samples/s"))
    width = max(len(title) for title, _ in rows)
    return "\n".join(f"{title:<{width}}  {text}" for title, text in rows)


def _benchmark(benchmark: Benchmark) -> str:
    release = f"{benchmark.release}, " if benchmark.release else ""
    return f"{benchmark.name} ({release}{benchmark.version})"


def _attempted(tally: Tally, benchmark: Benchmark, score: Score) -> str:
    samples = str(score.fewest) if score.fewest == score.most else f"{score.fewest} to {score.most}"
    num_all = len(benchmark.tasks)
    if _is_measured_only(tally, benchmark):
        num_all = len(benchmark.measured_tasks)
    text = f"{score.num_tasks} of {num_all} tasks attempted, {samples} samples of each"
    return text.replace("1 samples of each", "1 sample of each") if samples == "1" else text


def _is_measured_only(tally: Tally, benchmark: Benchmark) -> bool:
    """Whether nothing but tasks that count for the published score was attempted."""
    measured = benchmark.measured
    return measured is None or measured.issuperset(tally.counts.task_ids)


def _pass_at_k(score: Score) -> list[tuple[str, str]]:
    return [(f"pass@{k}", _estimate(estimate)) for k, estimate in score.pass_at.items()]


def _estimate(estimate: Estimate) -> str:
    mean, low, high = (f"{100 * value:.1f} %" for value in estimate)
    return f"{mean}, 95 % interval {low} to {high}"


def _whole(tally: Tally, benchmark: Benchmark, score: Score) -> list[tuple[str, str]]:
    """The score on all tasks that were attempted."""
    if _is_measured_only(tally, benchmark):
        return _pass_at_k(score)
    num_all = len(benchmark.tasks)
    number = f"all {num_all}" if score.num_tasks == num_all else f"{score.num_tasks} of {num_all}"
    return [(title, f"{text} on {number} tasks") for title, text in _pass_at_k(score)]


def _measured_part(
    tally: Tally, benchmark: Benchmark, request: ScoreRequest
) -> list[tuple[str, str]]:
    """The score on the tasks that count, where others were attempted too."""
    part = tally.counts.of(benchmark.measured or ())
    if _is_measured_only(tally, benchmark) or not part.pairs:
        return []
    score = score_counts(part, request.ks or DEFAULT_KS)
    number = f"{score.num_tasks} of {len(benchmark.measured_tasks)} tasks of its test split"
    return [(title, f"{text} on {number}") for title, text in _pass_at_k(score)]


def _statuses(tally: Tally) -> str:
    return ", ".join(f"{number} {status}" for status, number in tally.statuses.most_common())


def _undecided(tally: Tally) -> list[tuple[str, str]]:
    number = tally.statuses["unsupported"]
    text = f"{number} that the judge cannot decide from outside; they count as not passed"
    return [("undecided", text)] if number else []


def _only_official(tally: Tally) -> list[tuple[str, str]]:
    number = tally.num_only_official
    if not number:
        return [("official only", "0: whatever official would pass, strict passes")]
    lines = ", ".join(f"{task_id} (line {line})" for line, task_id in tally.only_official)
    more = f" and {number - _MOST_LISTED} more" if number > _MOST_LISTED else ""
    return [
        ("official only", f"{number} that official would pass and strict does not: {lines}{more}")
    ]
