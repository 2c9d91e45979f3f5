"""Does a GPT that teaches itself end better where a TRM repairs its drafts, and is that repair?

    python main.py fit --config configs/trm_repair.yaml
    python -m benchmarks.repairer_gain --trm runs/trm_repair --seeds 1 2

For each seed two real `main.py fit` of `configs/gpt_with_repairer.yaml`, the same but for the
repairer: held-out pass@1 after each round side by side, each with its interval. Beside it, of the
repairs that entered the pool, the share whose program stands word for word among the answers that
the TRM was trained on: those may be remembered rather than repaired, and a GPT alone has not had
them. Further options are given to every fit. Nothing is promised, nothing judged.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.trm_curves import Trained
from lit_coder.recursion.round_record import RoundRecord, read_records
from lit_coder.training_data.pool import SamplePool

REPOSITORY = Path(__file__).parents[1]
CONFIG = REPOSITORY / "configs" / "gpt_with_repairer.yaml"


def train(run: Path, repairer: str, seed: int, further: Sequence[str]) -> list[RoundRecord]:
    """A fit in a process of its own; its rounds."""
    command = [sys.executable, str(REPOSITORY / "main.py"), "fit", f"--config={CONFIG}"]
    command += [f"--seed_everything={seed}", f"--trainer.default_root_dir={run}", *further]
    status = subprocess.run([*command, f"--recursion.repairer={repairer}"]).returncode
    if status:
        raise SystemExit(status)
    return read_records(run / "rounds")


def known_repairs(run: Path, version: int, known: set[str]) -> tuple[int, int]:
    """How many repairs are in the pool, and how many of them are answers known to the TRM."""
    samples = SamplePool.open(run / "pool.lance", None, version).read(version, accepted_only=True)
    texts = [sample.completion.strip() for sample in samples if sample.origin == "trm repair"]
    return len(texts), sum(text in known for text in texts)


def pass_at_1(record: RoundRecord) -> str:
    """In percent, with the interval."""
    assert record.held_out is not None
    low, high = record.held_out.interval
    return f"{record.held_out.pass_at[1]:.1%} ({low:.1%} to {high:.1%})"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--trm", required=True, help="the run's folder of a trained TRM")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    options, further = parser.parse_known_args()
    trm = Path(options.trm).resolve()
    known = {(p.reference or "").strip() for p in Trained.load(trm).data.problems.labelled}
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            alone = train(Path(folder) / "alone", "null", seed, further)
            run = Path(folder) / "repaired"
            repaired = train(run, str(trm), seed, further)
            number, remembered = known_repairs(run, repaired[-1].pool_version, known)
        table = Table(title=f"seed {seed}: held-out pass@1")
        for column in ("round", "alone", "with the repairer", "fixed by it alone"):
            table.add_column(column, justify="right")
        for one, other in zip(alone, repaired, strict=True):
            fixed = str(other.repairs.fixed_problems) if other.repairs else "-"
            table.add_row(str(one.round), pass_at_1(one), pass_at_1(other), fixed)
        Console(width=120).print(table)
        print(
            f"of {number} repairs in the pool {remembered} stand word for word among the answers "
            "that the TRM was trained on"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
