"""Scores a samples file: check the benchmark, run every line, write it, print the score.

    with StartingSandbox(request) as sandbox:
        status = score_samples(request, sandbox, unfinished)

One pass over the file: a line is read, judged, written and forgotten. Nothing is printed as a
score unless the benchmark's own solutions pass through the same scorer and wrong ones do not.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from lit_coder.commands.score_arguments import ScoreRequest
from lit_coder.commands.score_report import Tally, report
from lit_coder.commands.score_results import ResultFile
from lit_coder.commands.score_samples import Fault, SampleLine, read_samples
from lit_coder.commands.score_sandbox import StartingSandbox
from lit_coder.corpora.benchmark_files import load_benchmark
from lit_coder.problems.benchmarks.benchmark import Benchmark, BenchmarkTask
from lit_coder.verification.benchmark_check import check_benchmark
from lit_coder.verification.scorer import ScoredSample, Scorer


def score_samples(
    request: ScoreRequest, sandbox: StartingSandbox, unfinished: list[ResultFile]
) -> int:
    """Score the request's file; returns the exit status.

    `unfinished` holds the result file for as long as it has only its partial name.

    Raises:
        ValueError: files or options cannot serve.
        SandboxUnavailable: programs cannot be run here, or the self-check failed.
        SandboxError: the sandbox broke down.
    """
    benchmark = sandbox.benchmark or load_benchmark(request.benchmark, request.folder)
    runner, options = sandbox.runner(), request.options
    scorer = Scorer(
        runner,
        request.protocol,
        request.verdict,
        options.limits(),
        has_scratch=runner.facts is not None and runner.facts.has_scratch,
        allow_in_process=options.allow_in_process,
    )
    check_benchmark(benchmark, scorer)
    started = time.monotonic()
    tally = Tally()
    with ResultFile(request.output) as results:
        unfinished.append(results)
        _score_lines(request, benchmark, scorer, tally, results)
    unfinished.clear()
    seconds = time.monotonic() - started
    return _conclude(request, benchmark, tally, seconds, results)


def _score_lines(
    request: ScoreRequest, benchmark: Benchmark, scorer: Scorer, tally: Tally, results: ResultFile
) -> None:
    waiting: deque[SampleLine] = deque()

    def samples() -> Iterator[tuple[BenchmarkTask, str]]:
        for line in read_samples(request.samples, benchmark):
            if isinstance(line, Fault):
                tally.num_faults += 1
                print(f"lit-coder: {request.samples}, {line.sentence}", file=sys.stderr)
                continue
            waiting.append(line)
            yield line.task, line.completion

    for scored in scorer.score(samples()):
        line = waiting.popleft()
        tally.add(line, scored)
        results.write(_result(line, scored))


def _result(line: SampleLine, scored: ScoredSample) -> dict[str, Any]:
    """The line with what was found."""
    record = line.record | scored.fields()
    if scored.strict_passed is not None and scored.official_passed is not None:
        record["official_passed"] = scored.official_passed
    return record


def _conclude(
    request: ScoreRequest,
    benchmark: Benchmark,
    tally: Tally,
    seconds: float,
    results: ResultFile,
) -> int:
    if tally.counts.pairs:
        print(report(tally, benchmark, request, seconds))
        print(f"{'replaced' if results.has_replaced else 'written to'} {request.output}")
    else:
        print(f"lit-coder: no line of {request.samples} could be scored", file=sys.stderr)
        return 1
    if tally.num_faults:
        lines = "1 line was" if tally.num_faults == 1 else f"{tally.num_faults} lines were"
        print(f"lit-coder: {lines} not scored, each is named above", file=sys.stderr)
        return 1
    return 0
