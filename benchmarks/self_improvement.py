"""Is the gain the loop's? Verified, control, unverified and gold arms over several seeds.

    python -m benchmarks.self_improvement                         # arithmetic, 3 seeds
    python -m benchmarks.self_improvement --families lists strings classes --seeds 1

Every arm is a real `main.py fit` of `configs/self_improvement.yaml` with the same seed, the same
optimizer steps and the same labelled solutions; they differ in what the rounds may train on:

    verified    the model's own programs that pass every visible test
    control     nothing new: the same steps on the labelled solutions only
    unverified  the model's own programs, right or wrong
    gold        reference solutions of the problems the verified arm only had tests for

Writes a table, a plot with the seeds' spread and a JSON file. Exits with 1 where, on arithmetic,
verified minus control is below 18 points or unverified exceeds control by more than 3; fewer than
three seeds are measured but not judged. Further options are given to every fit.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from lit_coder.problems.registry import FAMILY_NAMES
from lit_coder.recursion.round_record import RoundRecord, read_records

REPOSITORY = Path(__file__).parents[1]
ARMS: dict[str, tuple[str, ...]] = {
    "verified": (),
    "control": ("--recursion.num_problems=0",),
    "unverified": ("--recursion.gate=lit_coder.recursion.gates.NoTests",),
    "gold": (
        "--recursion.solver=lit_coder.recursion.solvers.ReferenceSolver",
        "--recursion.gate=lit_coder.recursion.gates.NoTests",
    ),
}
SMALLEST_GAIN_POINTS = 18.0
LARGEST_UNVERIFIED_GAIN_POINTS = 3.0


@dataclass(frozen=True)
class ArmRun:
    """One arm with one seed: its rounds and how long it took."""

    arm: str
    seed: int
    records: list[RoundRecord]
    wall_seconds: float

    def pass_at_1(self) -> list[float]:
        """Held-out greedy pass@1 of each round in percent."""
        return [100 * r.held_out.pass_at[1] for r in self.records if r.held_out]

    def pass_at_k(self) -> list[float]:
        """Held-out pass@k of each round in percent, for the largest k measured."""
        return [
            100 * r.held_out.pass_at[max(r.held_out.pass_at)] for r in self.records if r.held_out
        ]

    def false_positive_rate(self) -> float:
        """Share of samples past the visible tests that failed a hidden one, over all rounds."""
        passed = sum(record.totals.passed_visible for record in self.records)
        hidden = sum(record.totals.passed_hidden for record in self.records)
        return 100 * (1 - hidden / passed) if passed else 0.0


def run_arm(
    family: str, arm: str, seed: int, folder: Path, extra: Sequence[str], threads: int
) -> ArmRun:
    """Train one arm in a process of its own."""
    run_folder = folder / f"{family}-{arm}-{seed}"
    command = [
        sys.executable,
        str(REPOSITORY / "main.py"),
        "fit",
        f"--config={REPOSITORY / 'configs' / 'self_improvement.yaml'}",
        f"--seed_everything={seed}",
        f"--data.families=[{family}]",
        f"--trainer.default_root_dir={run_folder}",
        "--sandbox.workers=1",
        *extra,
        # Last, so that no further option can turn one arm into another.
        *ARMS[arm],
    ]
    started = time.monotonic()
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    run_folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder / f"{run_folder.name}.log").open("w") as log:
        status = subprocess.run(command, stdout=log, stderr=log, env=environment).returncode
    if status:
        raise SystemExit(f"benchmarks.self_improvement: fit failed, see {log.name}")
    seconds = time.monotonic() - started
    return ArmRun(arm, seed, read_records(run_folder / "rounds"), seconds)


def summary(runs: Sequence[ArmRun]) -> dict[str, dict[str, float]]:
    """Mean and range of each arm's last held-out score over the seeds."""
    found = {}
    for arm in dict.fromkeys(run.arm for run in runs):
        own = [run for run in runs if run.arm == arm]
        first = [run.pass_at_1()[0] for run in own]
        last = [run.pass_at_1()[-1] for run in own]
        found[arm] = {
            "first": mean(first),
            "last": mean(last),
            "lowest": min(last),
            "highest": max(last),
            "pass_at_k": mean(run.pass_at_k()[-1] for run in own),
            "false_positive": mean(run.false_positive_rate() for run in own),
            "pool": mean(run.records[-1].pool_size for run in own),
            "wall_seconds": mean(run.wall_seconds for run in own),
        }
    return found


def print_table(console: Console, family: str, runs: Sequence[ArmRun]) -> None:
    """The arms side by side."""
    seeds = sorted({run.seed for run in runs})
    last = runs[0].records[-1]
    largest_k = max(last.held_out.pass_at) if last.held_out else 1
    table = Table(
        title=f"{family}: held-out pass@1 after {last.global_step} steps, {len(seeds)} seeds"
    )
    for column in ("arm", "first round", "last round", "seeds", f"pass@{largest_k}"):
        table.add_column(column, justify="right" if column != "arm" else "left")
    for column in ("false positives", "pool", "seconds"):
        table.add_column(column, justify="right")
    for arm, row in summary(runs).items():
        table.add_row(
            arm,
            f"{row['first']:.1f} %",
            f"{row['last']:.1f} %",
            f"{row['lowest']:.1f} to {row['highest']:.1f}",
            f"{row['pass_at_k']:.1f} %",
            f"{row['false_positive']:.2f} %" if arm in ("verified", "unverified") else "-",
            f"{row['pool']:.0f}",
            f"{row['wall_seconds']:.0f}",
        )
    console.print(table)


def plot(runs: Sequence[ArmRun], family: str, path: Path) -> None:
    """Held-out pass@1 by optimizer step: the mean of the seeds and their range."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for arm in dict.fromkeys(run.arm for run in runs):
        own = [run for run in runs if run.arm == arm]
        steps = [record.global_step for record in own[0].records]
        curves = list(zip(*(run.pass_at_1() for run in own), strict=True))
        (line,) = axes.plot(steps, [mean(values) for values in curves], label=arm, marker="o", ms=3)
        low, high = [min(values) for values in curves], [max(values) for values in curves]
        axes.fill_between(steps, low, high, color=line.get_color(), alpha=0.15)
    axes.set(
        xlabel="optimizer steps",
        ylabel="held-out pass@1, %",
        title=f"{family}, {len({run.seed for run in runs})} seeds (band: their range)",
    )
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=130)


def verdict(family: str, runs: Sequence[ArmRun]) -> list[str]:
    """What the measured figures miss of what is promised; empty where all holds."""
    rows = summary(runs)
    judged = family == "arithmetic" and len({run.seed for run in runs}) >= 3
    misses = []
    if "verified" in rows and "control" in rows:
        gain = rows["verified"]["last"] - rows["control"]["last"]
        print(f"{family}: verified minus control: {gain:+.1f} points")
        if judged and gain < SMALLEST_GAIN_POINTS:
            misses.append(f"verified minus control is below {SMALLEST_GAIN_POINTS} points")
    if "unverified" in rows and "control" in rows:
        gain = rows["unverified"]["last"] - rows["control"]["last"]
        print(f"{family}: unverified minus control: {gain:+.1f} points")
        if judged and gain > LARGEST_UNVERIFIED_GAIN_POINTS:
            misses.append(
                f"unverified exceeds control by more than {LARGEST_UNVERIFIED_GAIN_POINTS} points"
            )
    return misses


def main() -> int:
    """Run the arms, print, plot, and say whether the promise holds."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    parser.add_argument("--families", nargs="+", default=["arithmetic"], choices=FAMILY_NAMES)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "benchmarks" / "results")
    parser.add_argument("--parallel", type=int, default=2, help="arms trained at the same time")
    parser.add_argument("--threads", type=int, default=1, help="threads of each arm")
    arguments, extra = parser.parse_known_args()
    folder = arguments.folder / f"self_improvement-{time.strftime('%Y%m%d-%H%M%S')}"
    console = Console(width=110)
    misses = []
    for family in arguments.families:
        wanted = [(arm, seed) for seed in arguments.seeds for arm in arguments.arms]
        with ThreadPoolExecutor(arguments.parallel) as pool:
            runs = list(
                pool.map(
                    lambda pair, family=family: run_arm(  # type: ignore[misc]
                        family, *pair, folder, extra, arguments.threads
                    ),
                    wanted,
                )
            )
        runs.sort(key=lambda run: list(ARMS).index(run.arm))
        print_table(console, family, runs)
        plot(runs, family, folder / f"{family}.png")
        curves = [{"arm": run.arm, "seed": run.seed, "pass_at_1": run.pass_at_1()} for run in runs]
        result = {"family": family, "summary": summary(runs), "curves": curves}
        (folder / f"{family}.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
        print(f"plot and figures: {folder / family}.png, .json")
        misses += verdict(family, runs)
    for miss in misses:
        print(f"benchmarks.self_improvement: {miss}", file=sys.stderr)
    return 1 if misses else 0


if __name__ == "__main__":
    raise SystemExit(main())
