"""Kills a run at random moments and goes on with it: is the end exactly the same?

    python -m benchmarks.kill_and_resume                              # 50 kills by SIGKILL
    python -m benchmarks.kill_and_resume --kills 4 --feature "two processes"

A run of a tiny configuration is killed at a random moment of its life, gone on with, killed
again, ... until 50 kills have been made, in turn with every feature of the tests (accumulation,
saves at every step, packed rows, a corpus with worker processes, Muon, ...), compiled, and on two
processes with ddp, which are killed together. Every finished run is compared with one of the same
options that nobody disturbed: weights, optimizer state, pool contents, rounds (timings and version
numbers aside), and no sample of the pool may be missing or stand there twice. Exits with 1 where
one differs.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple, Protocol

import torch

from lit_coder.training_data.pool import SamplePool
from tests.distributed.two_processes import MAIN, TWO, end, start
from tests.runs.harness import FEATURES, TINY, Ended, RunServer, fingerprint_of

TWO_PROCESSES = "two processes"
# Compiling takes too long for the tests.
ALL_FEATURES = {**FEATURES, "compiled": ("--model.compile=on",), TWO_PROCESSES: TWO}
Signals = tuple[tuple[float, signal.Signals], ...]


class Runs(Protocol):
    """Runs command lines and sends them signals."""

    def run(self, arguments: list[str], folder: Path, *, signals: Signals = ()) -> Ended:
        """Run a command line in `folder` to its end; each signal comes after so many seconds."""


class Launched:
    """Command lines that start processes of their own; signals go to all of them."""

    def run(self, arguments: list[str], folder: Path, *, signals: Signals = ()) -> Ended:
        """Run a command line in `folder` to its end."""
        process = start([MAIN, *arguments], folder)
        for after_seconds, number in signals:
            try:
                process.wait(after_seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, number)
        ended = end(process)
        return Ended(ended.status, ended.out + ended.err)


def repeated_samples(run: Path) -> int:
    """Samples of the run's pool that stand there more than once."""
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    version = int(checkpoint["CodeDataModule"]["pool_version"])
    samples = SamplePool(run / "pool.lance", "").read(version)
    counts = Counter((sample.round, sample.stream) for sample in samples)
    return sum(count - 1 for count in counts.values())


class Undisturbed(NamedTuple):
    """What a run gives that nobody disturbs, and how long it takes."""

    fingerprint: dict[str, str]
    wall_seconds: float


def run_undisturbed(runs: Runs, folder: Path, options: tuple[str, ...]) -> Undisturbed:
    folder.mkdir()
    started = time.monotonic()
    ended = runs.run(["fit", *TINY, *options], folder)
    assert ended.status == 0, ended.text
    wall_seconds = time.monotonic() - started
    return Undisturbed(fingerprint_of(folder / "runs" / "run"), wall_seconds)


def run_disturbed(runs: Runs, folder: Path, options: tuple[str, ...], moments: list[float]) -> int:
    """Go on until the run ends by itself; the number of kills that hit it."""
    folder.mkdir()
    kills = 0
    for moment in [*moments, None]:
        signals = () if moment is None else ((moment, signal.SIGKILL),)
        ended = runs.run(["fit", *TINY, *options, "--ckpt_path", "auto"], folder, signals=signals)
        if ended.status == 0:
            break
        if ended.status != -signal.SIGKILL:
            raise SystemExit(ended.text)
        kills += 1
    return kills


def main() -> int:
    """Kill, go on, compare, report."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0], allow_abbrev=False
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--feature", choices=ALL_FEATURES, action="append", help="only this one; may be repeated"
    )
    arguments = parser.parse_args()
    features = arguments.feature or list(ALL_FEATURES)
    choose = random.Random(arguments.seed)
    kills = runs = exact = repeated = 0
    with tempfile.TemporaryDirectory() as name, RunServer() as server:
        folder = Path(name)
        by: dict[str, Runs] = {f: Launched() if f == TWO_PROCESSES else server for f in features}
        expected = {
            feature: run_undisturbed(
                by[feature], folder / f"undisturbed-{number}", ALL_FEATURES[feature]
            )
            for number, feature in enumerate(features)
        }
        latest = {feature: expected[feature].wall_seconds for feature in features}
        for feature in itertools.cycle(features):
            if kills >= arguments.kills:
                break
            # A run that is killed early again and again still has to end some day.
            num_kills = min(4, arguments.kills - kills)
            moments = [choose.uniform(0.05, latest[feature]) for _ in range(num_kills)]
            own = folder / f"run-{runs}"
            hits = run_disturbed(by[feature], own, ALL_FEATURES[feature], moments)
            if not hits:
                # It ends sooner now: a compiled one finds what was compiled.
                latest[feature] = moments[0]
            last = (own / "runs" / "last").resolve()
            same = fingerprint_of(last) == expected[feature].fingerprint
            kills, runs, exact = kills + hits, runs + 1, exact + same
            repeated += repeated_samples(last)
            verdict = "exact" if same else "DIFFERENT"
            print(f"run {runs}, {feature}: killed {hits} times, {verdict}", flush=True)
            shutil.rmtree(own)
    print(f"{kills} kills in {runs} runs: {exact} of {runs} exact, {repeated} samples twice")
    return 0 if exact == runs and not repeated else 1


if __name__ == "__main__":
    raise SystemExit(main())
