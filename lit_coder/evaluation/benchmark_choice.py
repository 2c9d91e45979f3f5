"""Which benchmarks a checkpoint is measured on, and which of their problems fit its context.

    chosen = choose_benchmarks(data, names=None, max_problems=0)
    chosen["humaneval"].problems, chosen["humaneval"].left_out

Nothing is generated or judged here, and nothing is downloaded.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from lit_coder.problems.benchmark_files import find_benchmark_file
from lit_coder.problems.humaneval import read_humaneval
from lit_coder.problems.problem import Problem
from lit_coder.training_data.data_module import CodeDataModule

logger = logging.getLogger("lit_coder.evaluation")

HELD_OUT = "held_out"
HUMANEVAL = "humaneval"


@dataclass(frozen=True, slots=True)
class ChosenBenchmark:
    """The problems of a benchmark that can be completed, and those that cannot.

    Those count as not passed: a short context must not look like an easier benchmark.
    """

    problems: tuple[Problem, ...]
    left_out: tuple[Problem, ...]


def choose_benchmarks(
    data: CodeDataModule, names: Sequence[str] | None, max_problems: int
) -> dict[str, ChosenBenchmark]:
    """The benchmarks by name; None = held_out, and humaneval where its file is found.

    Args:
        data: held-out problems, tokenizer and context length of the run.
        names: benchmarks that are wanted.
        max_problems: the first problems of each benchmark; 0 = all.

    Raises:
        ValueError: a benchmark's file is missing or damaged, or no problem is left.
    """
    found: dict[str, Sequence[Problem]] = {}
    if names is None or HELD_OUT in names:
        found[HELD_OUT] = data.problems.held_out
    path = find_benchmark_file(HUMANEVAL)
    if path is None and names is not None and HUMANEVAL in names:
        raise ValueError(
            "benchmark.names: HumanEval.jsonl.gz was not found; set LIT_CODER_DATA_DIR to the "
            "folder that holds it, or put it into ./data"
        )
    if path is not None and (names is None or HUMANEVAL in names):
        found[HUMANEVAL] = read_humaneval(path)
    chosen = {
        name: _fitting(data, name, problems[: max_problems or None])
        for name, problems in found.items()
        if problems
    }
    if not any(benchmark.problems for benchmark in chosen.values()):
        raise ValueError(
            "benchmark.names leaves no problem to measure on"
            + ("; every prompt is longer than data.max_sequence_length" if chosen else "")
        )
    return chosen


def _fitting(data: CodeDataModule, name: str, problems: Sequence[Problem]) -> ChosenBenchmark:
    """The problems whose prompts fit the context; the others are said."""
    longest = data.max_sequence_length - 1
    fits = [0 < len(data.tokenizer.encode(p.prompt)) <= longest for p in problems]
    left_out = tuple(p for p, good in zip(problems, fits, strict=True) if not good)
    if left_out:
        logger.warning(
            "%s: %d of %d prompts are empty or longer than data.max_sequence_length (%d tokens); "
            "they count as not passed",
            name,
            len(left_out),
            len(problems),
            data.max_sequence_length,
        )
    fitting = tuple(p for p, good in zip(problems, fits, strict=True) if good)
    return ChosenBenchmark(fitting, left_out)
