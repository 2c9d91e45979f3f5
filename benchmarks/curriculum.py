"""What a curriculum is worth: equal draws against SolvedSometimes, same number of samples.

    python -m benchmarks.curriculum                        # a tiny GPT, 3 seeds, one core
    python -m benchmarks.curriculum --whole --seeds 3      # the quickstart as it is

Both arms are real fits of `configs/quickstart.yaml` with the same seed, optimizer steps and number
of problems and samples a round; they differ in which problems are drawn. The model, the rounds and
the held-out set are made small unless `--whole` is given. Printed are held-out pass@1 by round, the
size of the pool and how many problems of each difficulty were drawn. Writes a JSON file. Exits
with 1 where, over three seeds or more, the curriculum ends more than 3 points below equal draws.
Further options are given to every fit.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

from benchmarks.self_improvement import ArmRun
from lit_coder.recursion.round_record import read_records

REPOSITORY = Path(__file__).parents[1]
ARMS: dict[str, tuple[str, ...]] = {
    "equal": ("--recursion.curriculum=null",),
    "solved_sometimes": ("--recursion.curriculum=SolvedSometimes",),
}
SMALL: tuple[str, ...] = (
    "--model.init_args.hidden_size=64",
    "--model.init_args.num_hidden_layers=2",
    "--data.difficulties=[2,3,4]",
    "--data.held_out_difficulties=[2,3,4]",
    "--data.num_held_out=25",
    "--data.max_sequence_length=96",
    "--data.num_labelled=200",
    "--recursion.start_after_steps=400",
    "--recursion.every_n_steps=50",
    "--recursion.num_problems=60",
    "--recursion.num_samples=4",
    "--recursion.max_new_tokens=56",
    "--checkpoint.every_n_train_steps=0",
    "--sandbox.workers=1",
)
"""What makes a run one of a minute or two. Difficulty 1 is left out: equal draws exhaust its 68
programs, and would then have fewer samples than the curriculum, which draws others instead."""
SMALL_STEPS, WHOLE_STEPS = 650, 1200
LARGEST_LOSS_POINTS = 3.0


def run_arm(arm: str, seed: int, max_steps: int, folder: Path, extra: Sequence[str]) -> ArmRun:
    """Train one arm in a process of its own.

    Raises:
        SystemExit: the fit failed.
    """
    run_folder = folder / f"{arm}-{seed}"
    command = [
        sys.executable,
        str(REPOSITORY / "main.py"),
        "fit",
        f"--config={REPOSITORY / 'configs' / 'quickstart.yaml'}",
        f"--seed_everything={seed}",
        f"--trainer.max_steps={max_steps}",
        f"--trainer.default_root_dir={run_folder}",
        *extra,
        # Last, so that no further option can turn one arm into another.
        *ARMS[arm],
    ]
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with (folder / f"{run_folder.name}.log").open("w") as log:
        status = subprocess.run(command, stdout=log, stderr=log, env=os.environ).returncode
    if status:
        last = Path(log.name).read_text(encoding="utf-8").strip().rpartition("\n")[2]
        raise SystemExit(f"benchmarks.curriculum: fit failed, see {log.name}: {last}")
    seconds = time.monotonic() - started
    return ArmRun(arm, seed, read_records(run_folder / "rounds"), seconds)


def print_table(runs: Sequence[ArmRun]) -> None:
    """One row a round and arm, means over the seeds."""
    print("round  arm               pass@1   made  passed  accepted   pool  problems by difficulty")
    for number in range(min(len(run.records) for run in runs)):
        for arm in ARMS:
            records = [run.records[number] for run in runs if run.arm == arm]
            scores = [100 * r.held_out.pass_at[1] for r in records if r.held_out]
            totals = [record.totals for record in records]
            levels = sorted({level for record in records for level in record.counts})
            drawn = [
                f"{mean(r.counts[level].problems for r in records if level in r.counts):.0f}"
                for level in levels
            ]
            print(
                f"{number:5}  {arm:16}  {mean(scores):5.1f}%  "
                f"{mean(t.generated for t in totals):5.0f}  "
                f"{100 * mean(t.success_rate for t in totals):5.1f}%  "
                f"{mean(t.accepted for t in totals):8.0f}  "
                f"{mean(r.pool_size for r in records):5.0f}  {' '.join(drawn)}"
            )


def main(argv: Sequence[str] | None = None) -> int:
    """Run all arms one after the other; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--seeds", type=int, default=3, help="seeds 1, 2, ... (3)")
    parser.add_argument("--whole", action="store_true", help="the quickstart as it is")
    parser.add_argument("--max_steps", type=int, help="optimizer steps (650, or 1200 of --whole)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/curriculum"))
    options, extra = parser.parse_known_args(argv)
    if options.output.exists():
        parser.error(f"--output {options.output} is there already; remove it or name another")
    if options.seeds < 1:
        parser.error(f"--seeds {options.seeds}: give 1 or more")
    max_steps = options.max_steps or (WHOLE_STEPS if options.whole else SMALL_STEPS)
    given = [*(() if options.whole else SMALL), *extra]
    runs = [
        run_arm(arm, seed, max_steps, options.output, given)
        for seed in range(1, options.seeds + 1)
        for arm in ARMS
    ]
    print_table(runs)
    print(f"seconds of a run: {', '.join(f'{run.wall_seconds:.0f}' for run in runs)}")
    ends = {arm: mean(r.pass_at_1()[-1] for r in runs if r.arm == arm) for arm in ARMS}
    gain = ends["solved_sometimes"] - ends["equal"]
    print(f"solved_sometimes minus equal: {gain:+.1f} points, {options.seeds} seeds")
    for arm in ARMS:
        made = sum(
            record.totals.generated for run in runs if run.arm == arm for record in run.records
        )
        print(f"{arm}: {made} samples in all")
        last = ", ".join(f"{run.pass_at_1()[-1]:.1f} %" for run in runs if run.arm == arm)
        print(f"{arm}: last pass@1 by seed: {last}")
    found = {
        "gain_points": gain,
        "last_pass_at_1": ends,
        "runs": [dataclasses.asdict(run) for run in runs],
    }
    (options.output / "curriculum.json").write_text(json.dumps(found, indent=1))
    return int(options.seeds >= 3 and gain < -LARGEST_LOSS_POINTS)


if __name__ == "__main__":
    sys.exit(main())
