"""Which benchmarks a checkpoint is measured on, by which protocol, and which of their tasks.

    chosen = choose_benchmarks(data.problems.held_out, BenchmarkOptions(names=("mbpp@bigcode",)))
    chosen[0].protocol, chosen[0].tasks, chosen[0].sampling

A benchmark that is named is downloaded where its file is not found; without names nothing is.
Nothing is generated or judged here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from lit_coder.corpora.benchmark_files import find_benchmark_files, load_benchmark
from lit_coder.evaluation.benchmark_options import BenchmarkOptions
from lit_coder.generation.contract import SamplingOptions
from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.benchmarks.benchmark import Benchmark, BenchmarkTask
from lit_coder.problems.problem import Problem
from lit_coder.verification.protocol import Protocol
from lit_coder.verification.protocols import find_protocol

logger = logging.getLogger("lit_coder.evaluation")

HELD_OUT = "held_out"
USUAL_BENCHMARKS = ("humaneval", "mbpp")
"""Measured beside the held-out problems where their files are on this machine."""


@dataclass(frozen=True)
class ChosenBenchmark:
    """A benchmark, its protocol, and the tasks that are measured.

    Attributes:
        protocol: how the model is asked and judged.
        benchmark: with all its tasks.
        tasks: those that a score is made of.
        left_out: names of wanted tasks that cannot be run on this machine, with the reason; they
            are in no score.
    """

    protocol: Protocol
    benchmark: Benchmark
    tasks: tuple[BenchmarkTask, ...]
    left_out: dict[str, str]

    def runnable(self) -> Benchmark:
        """The benchmark with what of it can be measured here, however many are wanted."""
        left_out = self.benchmark.left_out
        tasks = [t for t in self.benchmark.measured_tasks if t.task_id not in left_out]
        return replace(self.benchmark, tasks=tuple(tasks), measured=None)

    def sampling(self, options: BenchmarkOptions, seed: int) -> SamplingOptions:
        """How its completions are drawn."""
        return SamplingOptions(
            num_samples=options.num_samples,
            max_new_tokens=options.max_new_tokens or self.protocol.max_new_tokens,
            temperature=options.temperature,
            top_p=options.top_p,
            seed=seed,
            batch_size=options.batch_size,
        )


def choose_benchmarks(
    held_out: Sequence[Problem], options: BenchmarkOptions
) -> list[ChosenBenchmark]:
    """The benchmarks that are named, or the usual ones.

    Args:
        held_out: the run's own problems that were never trained on.
        options: names, number of problems, and what a protocol may forbid.

    Raises:
        ValueError: a name is unknown, a file is missing or damaged, a protocol forbids an option,
            or no problem is left.
    """
    protocols = find_protocols(options)
    chosen = []
    for protocol in protocols:
        if protocol.benchmark == HELD_OUT:
            benchmark = held_out_benchmark(held_out)
        else:
            benchmark = load_benchmark(protocol.benchmark, download=options.names is not None)
        found = _measured(protocol, benchmark, options.max_problems)
        if found.tasks:
            chosen.append(found)
        else:
            _say_empty(found)
    if not chosen:
        raise ValueError("benchmark.names leaves no problem to measure on")
    return chosen


def find_protocols(options: BenchmarkOptions) -> list[Protocol]:
    """The protocols that are named, each once; without names those whose files are here.

    Raises:
        ValueError: there is no such protocol, or it forbids an option.
    """
    if options.names is None:
        names = [HELD_OUT, *(n for n in USUAL_BENCHMARKS if find_benchmark_files(n))]
        _say_missing([name for name in USUAL_BENCHMARKS if name not in names])
    else:
        names = list(options.names)
    found: dict[str, Protocol] = {}
    for name in names:
        try:
            protocol = find_protocol(name)
        except ValueError as error:
            raise ValueError(f"benchmark.names: {error}") from error
        _refuse_forbidden(protocol, options)
        found[protocol.name] = protocol
    return list(found.values())


def held_out_benchmark(problems: Sequence[Problem]) -> Benchmark:
    """The run's own held-out problems as a benchmark; its version is a checksum of them."""
    checksum = sha256()
    for problem in problems:
        parts = (problem.task_id, problem.prompt, problem.reference or "", behaviour(problem))
        checksum.update("\x00".join(parts).encode("utf-8", "surrogatepass") + b"\x00")
    tasks = tuple(BenchmarkTask(problem, {}) for problem in problems)
    return Benchmark(HELD_OUT, tasks, f"sha256:{checksum.hexdigest()[:12]}")


def _measured(protocol: Protocol, benchmark: Benchmark, max_problems: int) -> ChosenBenchmark:
    first = benchmark.measured_tasks[: max_problems or None]
    left_out = {
        task.task_id: benchmark.left_out[task.task_id]
        for task in first
        if task.task_id in benchmark.left_out
    }
    tasks = tuple(task for task in first if task.task_id not in left_out)
    return ChosenBenchmark(protocol, benchmark, tasks, left_out)


def _refuse_forbidden(protocol: Protocol, options: BenchmarkOptions) -> None:
    for option, is_wanted, is_allowed in (
        ("ast_cut", options.ast_cut, protocol.allows_ast_cut),
        ("token_healing", options.token_healing, protocol.allows_token_healing),
    ):
        if is_wanted and not is_allowed:
            raise ValueError(
                f"benchmark.{option} is forbidden by the protocol {protocol.title}: its scores "
                "would not be comparable; leave it out, or name another protocol in benchmark.names"
            )


def _say_missing(names: Sequence[str]) -> None:
    if names:
        logger.info(
            "not measured, no file found: %s (naming it in benchmark.names downloads it)",
            ", ".join(names),
        )


def _say_empty(chosen: ChosenBenchmark) -> None:
    reasons = sorted(set(chosen.left_out.values()))
    logger.warning(
        "%s: no problem can be measured%s",
        chosen.protocol.title,
        f" ({'; '.join(reasons)})" if reasons else "",
    )
