"""Problems harvested from the standard library: how many, how well tested, how long it takes.

    python -m benchmarks.harvesting
    python -m benchmarks.harvesting --functions 200 --output figures.json --problems harvested.jsonl

Functions are harvested until there are so many, each with a mutation score of at least 0.8; the
score counts the wrong versions that the chosen cases tell apart, of those that differ on any of
1,600 fresh arguments. Then every reference meets its own cases once more, read back from the
written file, in processes that have just started (other hash seeds). Elapsed minutes hold for a
machine that does nothing else; beside them stands the processor time of the tried programs and of
this process, without the sandbox's own. Exit status 1: a floor is missed. Needs the extra
`harvest`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from statistics import mean

from benchmarks.sandbox_figures import Figure, machine, table
from lit_coder.harvesting.examination import ExaminationSettings
from lit_coder.harvesting.harvest import Harvest, HarvestCounts, Harvested, HarvestRunners
from lit_coder.harvesting.places import OpenPlaces
from lit_coder.harvesting.record import write_harvest
from lit_coder.problems.problem_file import read_problems
from lit_coder.sandbox.contract import Limits
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.verification.verifier import Attempt, Verifier

LEAST_FUNCTIONS = 150
LEAST_SCORE = 0.8
MOST_MINUTES = 10.0


def main() -> int:
    """Harvest, check again, print, and say whether the floors are held."""
    arguments = _parse()
    facts = machine()
    print(", ".join(f"{name} {value}" for name, value in facts.items() if name != "is_busy"))
    settings = ExaminationSettings(min_mutation_score=LEAST_SCORE)
    counts = HarvestCounts()
    options = SandboxOptions(workers=arguments.workers)
    started, own_before = time.monotonic(), time.process_time()
    kept, cpu_seconds = _harvest(settings, counts, options, arguments.functions)
    minutes = (time.monotonic() - started) / 60
    cpu_minutes = (time.process_time() - own_before + cpu_seconds) / 60
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.problems or Path(folder) / "harvested.jsonl"
        write_harvest(path, kept, ["stdlib"], settings, counts)
        num_passed = _pass_again(path, options)
    scores = [each.examined.score for each in kept]
    figures = [
        Figure.of("harvest", "functions", [len(kept)], "", at_least=LEAST_FUNCTIONS),
        Figure.of("harvest", "tried", [counts.num_examined], ""),
        Figure.of("harvest", "elapsed", [minutes], "min", at_most=MOST_MINUTES),
        Figure.of("harvest", "processor time", [cpu_minutes], "min"),
        Figure.of("mutation score", "least", [min(scores, default=0)], "", at_least=LEAST_SCORE),
        Figure.of("mutation score", "mean", [mean(scores or [0])], ""),
        Figure.of("mutation score", "killed of all", [_killed_of_all(kept)], ""),
        Figure.of("second run", "references that pass", [num_passed], "", at_least=len(kept)),
    ]
    print(table(figures))
    for reason, number in counts.left_out.most_common():
        print(f"left out, {reason}: {number}")
    if arguments.output:
        record = {"machine": facts, "figures": [asdict(each) for each in figures]}
        arguments.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 1 if any(figure.is_met is False for figure in figures) else 0


def _harvest(
    settings: ExaminationSettings, counts: HarvestCounts, options: SandboxOptions, number: int
) -> tuple[list[Harvested], float]:
    """The problems, and the processor time that tried programs took."""
    kept: list[Harvested] = []
    both = HarvestRunners(options)
    with both as runners:
        harvest = Harvest(runners, settings, counts)
        candidates = harvest.candidates(OpenPlaces("stdlib"))
        print(f"{counts.num_candidates} candidates in {counts.num_documents} files", flush=True)
        for _, harvested in harvest.tried(candidates, "stdlib"):
            if harvested is not None:
                kept.append(harvested)
                if len(kept) % 25 == 0:
                    print(f"{len(kept)} of {counts.num_examined} tried", flush=True)
            if len(kept) == number:
                break
    return kept, both.cpu_seconds


def _pass_again(path: Path, options: SandboxOptions) -> int:
    """How many references pass their own cases, as written, in new processes."""
    problems = read_problems(path)
    with open_runner(options) as runner:
        verifier = Verifier(runner, Limits())
        attempts = [Attempt(each, each.reference or "") for each in problems]
        verdicts = verifier.verify(attempts)
    for problem, verdict in zip(problems, verdicts, strict=True):
        if not verdict.passed:
            print(f"{problem.task_id}: {verdict.status}, {verdict.detail}")
    return sum(verdict.passed for verdict in verdicts)


def _killed_of_all(kept: list[Harvested]) -> float:
    """Killed mutants of all, likely equivalent ones included."""
    killed = sum(len(each.examined.chosen.killed) for each in kept)
    return killed / max(sum(each.examined.num_mutants for each in kept), 1)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--functions", type=int, default=200, help="how many to find")
    parser.add_argument("--workers", type=int, default=2, help="processes of the sandbox")
    parser.add_argument("--output", type=Path, help="where the figures go as JSON")
    parser.add_argument("--problems", type=Path, help="where the problems go")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
