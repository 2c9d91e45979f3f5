"""Where a round's time goes, and the share of it in which the device has nothing to do.

    python -m benchmarks.idle_share                               # the quickstart, 4 rounds
    python -m benchmarks.idle_share --config configs/grpo.yaml --trainer.max_steps 360

Programs run while further ones are written; what "verifying" takes is the wait for the verdicts
that are missing then, and committing needs no device either. Held-out programs are judged within
"measuring". Rounds that only train are left out. Exits with 1 where the device idles for more than
15 % of the rounds that write. On a CPU the sandbox's workers take cores from the model: there it is
a wait, not a free device.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lit_coder.recursion.round_record import read_records

REPOSITORY = Path(__file__).parents[1]
LARGEST_IDLE_SHARE = 0.15
IDLE = ("verifying", "committing")


def main() -> int:
    """Train, print the table, and say whether the device idles too long."""
    description = (__doc__ or "").split("\n\n")[0]
    parser = argparse.ArgumentParser(description=description, allow_abbrev=False)
    parser.add_argument("--config", default=str(REPOSITORY / "configs" / "quickstart.yaml"))
    arguments, extra = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(REPOSITORY / "main.py"), "fit", "--config", arguments.config]
        options = [f"--trainer.default_root_dir={folder}/run"]
        if not extra:
            extra = ["--trainer.max_steps=750"]
        if subprocess.run([*command, *options, *extra], check=False).returncode:
            raise SystemExit("benchmarks.idle_share: the fit above failed")
        records = [r for r in read_records(Path(folder) / "run" / "rounds") if r.counts]
    seconds: Counter[str] = Counter()
    for record in records:
        seconds.update(record.seconds)
    whole = sum(seconds.values())
    if not whole:
        raise SystemExit("benchmarks.idle_share: no round wrote anything; give more steps")
    table = Table("phase", "seconds a round", "share", title=f"{len(records)} rounds that write")
    for name, spent in seconds.items():
        table.add_row(name, f"{spent / len(records):.2f}", f"{100 * spent / whole:.1f} %")
    Console(width=80).print(table)
    idle = sum(seconds[name] for name in IDLE) / whole
    print(f"device without work: {100 * idle:.1f} % (at most {100 * LARGEST_IDLE_SHARE:.0f})")
    return int(idle > LARGEST_IDLE_SHARE)


if __name__ == "__main__":
    raise SystemExit(main())
