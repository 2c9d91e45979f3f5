"""Kills a run at random moments and goes on with it: is the end exactly the same?

    python -m benchmarks.kill_and_resume            # 20 kills by SIGKILL

A run of a tiny configuration is killed at a random moment of its life, gone on with, killed
again, ... until 20 kills have been made; every finished run is compared with one that nobody
disturbed: weights, optimizer state, pool contents, rounds (timings and version numbers aside),
and no sample of the pool may be missing or stand there twice. Exits with 1 where one differs.
"""

from __future__ import annotations

import argparse
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch

from lit_coder.training_data.pool import SamplePool
from tests.runs.harness import TINY, RunServer, fingerprint_of


def repeated_samples(run: Path) -> int:
    """Samples of the run's pool that stand there more than once."""
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    version = int(checkpoint["CodeDataModule"]["pool_version"])
    samples = SamplePool(run / "pool.lance", "").read(version)
    counts = Counter((sample.round, sample.stream) for sample in samples)
    return sum(count - 1 for count in counts.values())


def main() -> int:
    """Kill, go on, compare, report."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    choose = random.Random(arguments.seed)
    kills = runs = exact = repeated = 0
    with tempfile.TemporaryDirectory() as folder, RunServer() as server:
        started = time.monotonic()
        assert server.run(["fit", *TINY], Path(folder)).status == 0
        wall_seconds = time.monotonic() - started
        expected = fingerprint_of(Path(folder) / "runs" / "run")
        while kills < arguments.kills:
            own = Path(folder) / f"run-{runs}"
            own.mkdir()
            runs += 1
            status, attempts = -signal.SIGKILL, 0
            while status != 0:
                # A run that is killed early again and again still has to end some day.
                disturbed = kills < arguments.kills and attempts < 4
                moment = choose.uniform(0.05, wall_seconds)
                signals = ((moment, signal.SIGKILL),) if disturbed else ()
                ended = server.run(["fit", *TINY, "--ckpt_path", "auto"], own, signals=signals)
                status, attempts = ended.status, attempts + 1
                kills += status == -signal.SIGKILL
                if status not in (0, -signal.SIGKILL):
                    print(ended.text)
                    return 1
            last = (own / "runs" / "last").resolve()
            same = fingerprint_of(last) == expected
            exact += same
            repeated += repeated_samples(last)
            print(f"run {runs}: killed {attempts - 1} times, {'exact' if same else 'DIFFERENT'}")
    print(
        f"{kills} kills in {runs} runs of {wall_seconds:.1f} s: {exact} of {runs} runs exact, "
        f"{repeated} samples twice"
    )
    return 0 if exact == runs and not repeated else 1


if __name__ == "__main__":
    raise SystemExit(main())
