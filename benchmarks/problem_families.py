"""What the families of programs give: how many problems, how fast, how different, how apart.

    python -m benchmarks.problem_families                    # 100,000 problems, all families
    python -m benchmarks.problem_families --count 10000 --families sorting grids
    python -m benchmarks.problem_families --rounds           # one round of each group, tiny GPT

Problems are drawn as the recursion draws them: references run in this process, a behaviour that was
seen, in whatever family, is not counted again, and the behaviours of the held-out set are left out.
Each family gets the same count, spread over its difficulties; what one has too little of the others
give. Seconds are this process's CPU seconds, with drawing, running and telling apart in them.

Exits with 1 where fewer than wanted are found, two are the same, one is held out, or fewer than
2,000 come in a CPU second; with `--rounds`, where a run does not commit its round.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.family import ProblemFamily
from lit_coder.problems.problem import Problem
from lit_coder.problems.registry import GROUPS, PROGRAM_FAMILY_NAMES, problem_family
from lit_coder.problems.sampling import SplitPlan, fresh_problems, split_problems
from lit_coder.recursion.round_record import read_records

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results" / "problem_families.json"
SMALLEST_RATE = 2000.0
_CHUNK = 1000
_ROUND_OPTIONS = (
    "--data.num_labelled=40",
    "--data.num_held_out=1",
    "--data.batch_size=4",
    "--data.max_sequence_length=1024",
    "--trainer.max_steps=8",
    "--recursion.start_after_steps=4",
    "--recursion.every_n_steps=4",
    "--recursion.num_problems=10",
    "--recursion.num_samples=1",
    "--recursion.max_new_tokens=40",
    "--model.init_args.hidden_size=32",
    "--model.init_args.num_hidden_layers=1",
    "--model.init_args.num_attention_heads=2",
    "--sandbox.workers=1",
)


@dataclass
class Counted:
    """A family that counts what it is asked for; the rest it does as the family does."""

    family: ProblemFamily
    num_draws: int = 0
    num_degenerate: int = 0
    num_found: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    exhausted: set[int] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The family's name."""
        return self.family.name

    @property
    def difficulties(self) -> tuple[int, ...]:
        """The difficulties that still give something new."""
        return tuple(each for each in self.family.difficulties if each not in self.exhausted)

    def num_problems(self, difficulty: int) -> int | None:
        """As the family says."""
        return self.family.num_problems(difficulty)

    def sample(self, difficulty: int, random: Random) -> Problem:
        """A problem of the family."""
        self.num_draws += 1
        try:
            return self.family.sample(difficulty, random)
        except DegenerateProblem:
            self.num_degenerate += 1
            raise


def draw_all(
    families: Sequence[Counted], count: int, seed: int, held_out: frozenset[str]
) -> tuple[int, int]:
    """Draw `count` problems in all; how many behaviours, and how many are held out.

    Problems are dropped once they are counted, their behaviours are kept.
    """
    seen: set[str] = set()
    overlap = chunk = 0
    while len(seen) < count and any(family.difficulties for family in families):
        chunk += 1
        for family in families:
            wanted = min(_CHUNK, -(-count // len(families)), count - len(seen))
            if not family.difficulties or wanted < 1:
                continue
            cpu, wall = time.process_time(), time.perf_counter()
            drawn = fresh_problems(
                [family],
                round_index=chunk,
                count=wanted,
                seed=seed,
                difficulties=family.difficulties,
                excluded=held_out | seen,
            )
            family.cpu_seconds += time.process_time() - cpu
            family.wall_seconds += time.perf_counter() - wall
            family.num_found += len(drawn.problems)
            family.exhausted |= {shortage.difficulty for shortage in drawn.shortages}
            behaviours = set(map(behaviour, drawn.problems))
            overlap += len(behaviours & held_out)
            seen |= behaviours
    return len(seen), overlap


def measure(names: Sequence[str], count: int, seed: int, console: Console) -> bool:
    """Draw, print a line for each family and write the figures; whether all floors are reached."""
    plain = [problem_family(name) for name in names]
    splits = split_problems(plain, SplitPlan(num_held_out=50, num_labelled=500), seed)
    families = [Counted(family) for family in plain]
    num_unique, overlap = draw_all(families, count, seed, splits.measured_behaviours)
    found = sum(family.num_found for family in families)
    seconds = sum(family.cpu_seconds for family in families)
    rate = found / seconds
    table = Table(title=f"{found} problems of {len(families)} families, seed {seed}")
    for column in ("family", "problems", "/CPU s", "/wall s", "degenerate", "repeated"):
        table.add_column(column, justify="left" if column == "family" else "right")
    for family in families:
        known = family.num_draws - family.num_degenerate - family.num_found
        table.add_row(
            family.name,
            str(family.num_found),
            f"{family.num_found / family.cpu_seconds:.0f}",
            f"{family.num_found / family.wall_seconds:.0f}",
            f"{100 * family.num_degenerate / family.num_draws:.1f} %",
            f"{100 * known / family.num_draws:.1f} %",
        )
    console.print(table)
    console.print(
        f"{num_unique} of {found} unique by behaviour; {overlap} behave like one of the "
        f"{len(splits.held_out)} held out; {rate:.0f} a CPU second ({seconds:.1f} s)"
    )
    RESULTS.parent.mkdir(exist_ok=True)
    figures = [
        {
            "family": family.name,
            "problems": family.num_found,
            "draws": family.num_draws,
            "degenerate": family.num_degenerate,
            "cpu_seconds": family.cpu_seconds,
            "wall_seconds": family.wall_seconds,
        }
        for family in families
    ]
    whole = {"unique": num_unique, "overlap": overlap, "per_cpu_second": rate, "families": figures}
    RESULTS.write_text(json.dumps(whole, indent=1))
    return found >= count and num_unique == found and not overlap and rate >= SMALLEST_RATE


def run_rounds(console: Console) -> bool:
    """A short fit on each group of families, up to its first round; whether each committed one."""
    all_committed = True
    with tempfile.TemporaryDirectory() as folder:
        for group in GROUPS:
            run_folder = Path(folder) / group
            command = [sys.executable, str(REPOSITORY / "main.py"), "fit"]
            command += [f"--config={REPOSITORY / 'configs' / 'quickstart.yaml'}"]
            command += [f"--data.families=[{group}]", f"--trainer.default_root_dir={run_folder}"]
            done = subprocess.run([*command, *_ROUND_OPTIONS], capture_output=True, text=True)
            records = read_records(run_folder / "rounds") if not done.returncode else []
            committed = bool(records) and records[-1].totals.generated > 0
            all_committed &= committed
            if committed:
                totals = records[-1].totals
                console.print(
                    f"{group}: {len(records)} rounds committed; of {totals.generated} samples "
                    f"{totals.syntax_ok} parse, {totals.passed_visible} pass, in the last"
                )
            else:
                console.print(f"{group}: no round was committed\n{done.stderr[-2000:]}")
    return all_committed


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and say by the exit status whether the floors are reached."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--families", nargs="+", default=list(PROGRAM_FAMILY_NAMES))
    parser.add_argument("--rounds", action="store_true", help="one round of each group instead")
    given = parser.parse_args(arguments)
    console = Console(width=100)
    if given.rounds:
        return 0 if run_rounds(console) else 1
    try:
        is_reached = measure(given.families, given.count, given.seed, console)
    except ValueError as error:
        parser.error(str(error))
    return 0 if is_reached else 1


if __name__ == "__main__":
    sys.exit(main())
