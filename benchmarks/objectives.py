"""Expert iteration, GRPO, PPO and DPO from one base, at equal numbers of generated samples.

    python -m benchmarks.objectives                    # arithmetic pipelines, 3 seeds
    python -m benchmarks.objectives --seeds 1 --arms base grpo control

For each seed a base learns from labelled solutions, is exported, and every arm goes on from the
same weights with real rounds of `main.py fit`; in all of them the model writes as many programs:

    expert  expert iteration: next-token prediction on what passed, beside labelled solutions
    grpo    clipped policy gradient, advantages within the programs of a problem
    ppo     the same with a value head and generalized advantages, two passes
    dpo     preferences between what passed and what failed
    control nothing is written: as many steps as `expert`, on labelled solutions only

Steps, batches and learning rates are each arm's own and stand in the table with its seconds: equal
is what was sampled. Prints a table with the difference to the base and its 95 % interval, paired
by seed, writes a plot and a JSON file, and exits with 1 where an objective ends more than two
standard errors below the base; with one seed nothing is judged. Further options go to every arm.
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
from statistics import mean, stdev

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from lit_coder.recursion.round_record import RoundRecord, read_records

REPOSITORY = Path(__file__).parents[1]
NUM_SAMPLES = 8
SAMPLES_IN_ALL = 10_240
BASE_STEPS = 300
# Two-sided 95 % of Student's t by degrees of freedom.
STUDENT = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36}


@dataclass(frozen=True)
class Arm:
    """How an arm goes on from the base.

    Attributes:
        config: its configuration, without ending.
        steps_per_round: optimizer steps of a round.
        num_problems: problems that a round writes programs for.
        learning_rate: peak of its own schedule.
        options: further ones.
    """

    config: str
    steps_per_round: int
    num_problems: int
    learning_rate: float
    options: tuple[str, ...] = ()

    @property
    def num_rounds(self) -> int:
        """Rounds that write; one more, the first, learns from what the last but one wrote."""
        return SAMPLES_IN_ALL // (NUM_SAMPLES * self.num_problems)


NO_TOP_UP = ("--recursion.min_groups=0",)
EXPERT = ("--model.init_args.objective=null", "--data.labelled_share=0.3")
ARMS = {
    "expert": Arm("grpo", 64, 256, 1e-3, (*NO_TOP_UP, *EXPERT)),
    "grpo": Arm("grpo", 8, 32, 5e-4, NO_TOP_UP),
    "ppo": Arm("ppo", 16, 32, 5e-4),
    "dpo": Arm("dpo", 32, 128, 6e-4),
    "control": Arm("grpo", 64, 256, 1e-3, (*NO_TOP_UP, *EXPERT)),
}


@dataclass(frozen=True)
class Run:
    """One arm with one seed, or a base."""

    arm: str
    seed: int
    records: list[RoundRecord]
    wall_seconds: float

    def scores(self, k: int) -> list[tuple[int, float]]:
        """Programs written until then, and held-out pass@k in percent, wherever measured."""
        written, found = 0, []
        for record in self.records:
            # A round is measured before it writes.
            if record.held_out is not None:
                found.append((written, 100 * record.held_out.pass_at[k]))
            written += record.totals.generated
        return found

    def last(self, k: int) -> float:
        """The last of them."""
        return self.scores(k)[-1][1]


def run_fit(name: str, seed: int, folder: Path, options: Sequence[str]) -> Run:
    """A fit in a process of its own."""
    run_folder = folder / f"{name}-{seed}"
    command = [
        sys.executable,
        str(REPOSITORY / "main.py"),
        "fit",
        *options,
        f"--seed_everything={seed}",
        f"--trainer.default_root_dir={run_folder}",
        "--sandbox.workers=1",
        "--data.num_held_out=100",
        f"--recursion.held_out_samples={NUM_SAMPLES}",
    ]
    started = time.monotonic()
    _call(command, folder / f"{run_folder.name}.log")
    seconds = time.monotonic() - started
    return Run(name, seed, read_records(run_folder / "rounds"), seconds)


def run_seed(seed: int, names: Sequence[str], folder: Path, extra: Sequence[str]) -> list[Run]:
    """The base, and every arm from its weights."""
    config = REPOSITORY / "configs"
    base = [
        f"--config={config / 'grpo.yaml'}",
        "--model.init_args.objective=null",
        f"--trainer.max_steps={BASE_STEPS}",
        f"--recursion.every_n_steps={BASE_STEPS}",
        "--recursion.num_problems=0",
        "--recursion.min_groups=0",
        "--recursion.measure_every_n_rounds=1",
    ]
    runs = [run_fit("base", seed, folder, base)]
    weights = folder / f"weights-{seed}"
    export = ["export", "--ckpt_path", str(folder / f"base-{seed}"), "--output", str(weights)]
    _call([sys.executable, str(REPOSITORY / "main.py"), *export], folder / f"export-{seed}.log")
    for name in names:
        arm = ARMS[name]
        options = [
            f"--config={config / arm.config}.yaml",
            f"--model.init_args.pretrained={weights}",
            f"--model.init_args.learning_rate={arm.learning_rate}",
            "--model.init_args.warmup_steps=10",
            f"--trainer.max_steps={arm.steps_per_round * (arm.num_rounds + 1)}",
            "--recursion.start_after_steps=0",
            f"--recursion.every_n_steps={arm.steps_per_round}",
            f"--recursion.num_problems={0 if name == 'control' else arm.num_problems}",
            f"--recursion.num_samples={NUM_SAMPLES}",
            f"--recursion.measure_every_n_rounds={max(1, arm.num_rounds // 5)}",
            *arm.options,
            *extra,
        ]
        runs.append(run_fit(name, seed, folder, options))
    return runs


def _call(command: Sequence[str], log_file: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("w") as log:
        status = subprocess.run(command, stdout=log, stderr=log, env=environment).returncode
    if status:
        raise SystemExit(f"benchmarks.objectives: a command failed, see {log_file}")


def gains(runs: Sequence[Run], arm: str, k: int) -> list[float]:
    """Points of held-out pass@k above the base, by seed."""
    bases = {run.seed: run.last(k) for run in runs if run.arm == "base"}
    return [run.last(k) - bases[run.seed] for run in runs if run.arm == arm]


def interval(values: Sequence[float]) -> str:
    """The mean with its 95 % interval over the seeds."""
    if len(values) < 2:
        return f"{mean(values):+.1f}"
    margin = STUDENT[min(len(values) - 1, 7)] * stdev(values) / len(values) ** 0.5
    return f"{mean(values):+.1f} ± {margin:.1f}"


def print_table(runs: Sequence[Run], names: Sequence[str]) -> None:
    """The arms side by side."""
    num_seeds = len({run.seed for run in runs})
    table = Table(title=f"arithmetic, held out, {num_seeds} seeds, {SAMPLES_IN_ALL} samples an arm")
    columns = ("arm", "pass@1", "over base", f"pass@{NUM_SAMPLES}", "over base", "steps", "seconds")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    for name in ("base", *names):
        own = [run for run in runs if run.arm == name]
        cells = []
        for k in (1, NUM_SAMPLES):
            cells += [f"{mean(run.last(k) for run in own):.1f} %"]
            cells += ["-" if name == "base" else interval(gains(runs, name, k))]
        steps = own[0].records[-1].global_step
        table.add_row(name, *cells, str(steps), f"{mean(run.wall_seconds for run in own):.0f}")
    Console(width=110).print(table)


def plot(runs: Sequence[Run], names: Sequence[str], path: Path) -> None:
    """Held-out pass@1 and pass@8 by programs written: each seed thin, the mean thick."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, k in zip(figure.subplots(1, 2), (1, NUM_SAMPLES), strict=True):
        for name in (each for each in names if each != "control"):
            own = [run.scores(k) for run in runs if run.arm == name]
            written = [place for place, _ in own[0]]
            curves = [[score for _, score in each] for each in own]
            (line,) = axes.plot(written, [mean(v) for v in zip(*curves, strict=True)], label=name)
            for curve in curves:
                axes.plot(written, curve, color=line.get_color(), alpha=0.3, lw=0.8)
        base = mean(run.last(k) for run in runs if run.arm == "base")
        axes.axhline(base, color="grey", ls=":", label="base")
        axes.set(xlabel="programs written", ylabel=f"held-out pass@{k}, %")
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=130)


def misses(runs: Sequence[Run], names: Sequence[str]) -> list[str]:
    """Objectives that end more than two standard errors below the base."""
    found = []
    for name in names:
        values = gains(runs, name, 1)
        if name == "control" or len(values) < 2:
            continue
        error = stdev(values) / len(values) ** 0.5
        if mean(values) < -2 * error:
            found.append(f"{name} ends {-mean(values):.1f} points below the base")
    return found


def main() -> int:
    """Run the arms, print, plot, and say whether an objective loses."""
    description = (__doc__ or "").split("\n\n")[0]
    parser = argparse.ArgumentParser(description=description, allow_abbrev=False)
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--folder", type=Path, default=REPOSITORY / "benchmarks" / "results")
    parser.add_argument("--parallel", type=int, default=2, help="seeds trained at the same time")
    arguments, extra = parser.parse_known_args()
    folder = arguments.folder / f"objectives-{time.strftime('%Y%m%d-%H%M%S')}"
    with ThreadPoolExecutor(arguments.parallel) as pool:
        asked = (arguments.arms, folder, extra)
        runs = [
            run
            for found in pool.map(lambda seed: run_seed(seed, *asked), arguments.seeds)
            for run in found
        ]
    print_table(runs, arguments.arms)
    plot(runs, arguments.arms, folder / "objectives.png")
    curves = [
        {"arm": run.arm, "seed": run.seed, "seconds": run.wall_seconds}
        | {f"pass_at_{k}": run.scores(k) for k in (1, NUM_SAMPLES)}
        for run in runs
    ]
    (folder / "objectives.json").write_text(json.dumps(curves, indent=1), encoding="utf-8")
    print(f"plot and figures: {folder / 'objectives'}.png, .json")
    best = max(arguments.arms, key=lambda name: mean(gains(runs, name, 1)))
    seconds = mean(run.wall_seconds for run in runs if run.arm == best)
    print(f"best: {best}, {interval(gains(runs, best, 1))} points in {seconds:.0f} s")
    found = misses(runs, arguments.arms)
    for miss in found:
        print(f"benchmarks.objectives: {miss}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
