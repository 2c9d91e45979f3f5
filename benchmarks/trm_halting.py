"""What a trained TRM's halting head saves: answers passed and steps taken, by how sure it must be.

    python -m benchmarks.trm_halting --run runs/trm_debug
    python -m benchmarks.trm_halting --run runs/trm_debug --problems 200 --thresholds 0.5 0.9

The halting head says after each supervision step how sure it is that the answer is right. Where
answers are written it accepts one of which it is more sure than `halting_threshold`; here a run's
held-out problems are answered with several thresholds, up to "never", which takes all steps.
Control of each row is the last one. Nothing is trained, and no floor is asked: it says what a
threshold costs and saves.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.trm_curves import Trained
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.verification.verifier import Verifier

NUM_PROBLEMS = 400
THRESHOLDS = (0.3, 0.5, 0.7, 0.9, 0.97)


def main(argv: Sequence[str] | None = None) -> int:
    """Answer, judge, print; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--run", type=Path, required=True, help="folder of a run of a TRM")
    parser.add_argument("--problems", type=int, default=NUM_PROBLEMS, help="at most")
    parser.add_argument("--steps", type=int, help="at most; the run's supervision_steps otherwise")
    parser.add_argument("--thresholds", type=float, nargs="+", default=list(THRESHOLDS))
    given = parser.parse_args(argv)
    if given.problems < 1 or (given.steps is not None and given.steps < 1):
        parser.error("--problems and --steps must be at least 1")
    if not all(0 <= each <= 1 for each in given.thresholds):
        parser.error(f"--thresholds must be from 0 to 1, not {given.thresholds}")
    try:
        trained = Trained.load(given.run)
        problems = trained.data.problems.held_out[: given.problems]
    except ValueError as error:
        parser.error(f"--run: {error}")
    if not problems:
        parser.error(f"--run: {given.run} has no held-out problems; name a run that has some")
    num_steps = given.steps or int(trained.module.hparams["supervision_steps"])
    with open_runner(SandboxOptions()) as runner:
        verifier = Verifier(runner, SandboxOptions().limits())
        rows = trained.by_threshold(problems, verifier, num_steps, given.thresholds)
    table = Table(title=f"{len(problems)} held-out problems, at most {num_steps} steps")
    for column in ("accepts above", "passed", "mean steps", "accepted"):
        table.add_column(column, justify="right")
    for row in rows:
        name = "never" if row.threshold is None else f"{row.threshold:g}"
        table.add_row(name, f"{row.passed:.1%}", f"{row.mean_steps:.2f}", f"{row.accepted:.1%}")
    Console().print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
