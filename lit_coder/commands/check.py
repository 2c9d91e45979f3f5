"""`main.py check`: look before an overnight run.

    python main.py check --config configs/quickstart.yaml [any option of fit]

One small but real round of the configuration runs in a process of its own, in a temporary folder
that is removed afterwards; what it took is scaled up to the configured run and printed. It never
writes below `runs/` and keeps nothing. The round is `small_round.py`, the arithmetic
`evaluation/run_estimate.py`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich import box
from rich.console import Console
from rich.table import Table

from lit_coder.commands.small_round import CONFIG_FILE, MEASURED_FILE
from lit_coder.commands.small_round_process import SmallRoundFailedError, run_small_round
from lit_coder.evaluation.round_table import duration
from lit_coder.evaluation.run_estimate import (
    Machine,
    RunEstimate,
    RunSettings,
    SmallRound,
    Span,
    estimate_run,
    shortcomings,
    size,
)

HELP = """usage: python main.py check --config CONFIG [any option of fit]

Runs a small round of a configuration - its own model, batches, precision and sandbox, in a
temporary folder that is removed afterwards - and estimates what the whole run will need: time of
each phase and in all, disk, memory. Nothing is written below runs/, and runs/last stays.

Every option of fit is accepted and means the same (python main.py fit --help). --ckpt_path is
not: a new run is measured. The temporary folder is made where TMPDIR says; it holds two or three
checkpoints at a time.

Exit status: 0 the run will do, 1 disk or memory will not do, 2 the configuration is wrong."""

RUNS_FOLDER = Path("runs")


def run(argv: list[str]) -> int:
    """Measure, estimate, print; return the exit status."""
    if any(word in ("-h", "--help") for word in argv):
        print(HELP)
        return 0
    if any(word.partition("=")[0] == "--ckpt_path" for word in argv):
        print("lit-coder: check measures a new run; leave --ckpt_path out", file=sys.stderr)
        return 2
    console = Console()
    former = signal.signal(signal.SIGTERM, _leave)
    try:
        with tempfile.TemporaryDirectory(
            prefix="lit_coder_check_", ignore_cleanup_errors=True
        ) as name:
            busy = console.status("running a small round of this configuration")
            with busy if console.is_terminal else contextlib.nullcontext():
                sandbox_bytes = run_small_round(argv, Path(name))
            config = json.loads((Path(name) / CONFIG_FILE).read_text(encoding="utf-8"))
            measured = json.loads((Path(name) / MEASURED_FILE).read_text(encoding="utf-8"))
    except SmallRoundFailedError as failure:
        print(failure, file=sys.stderr)
        return failure.status
    except KeyboardInterrupt:
        print("\nlit-coder: check stopped; nothing is left of its small round", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, former)
    gpu_total_bytes = measured.pop("gpu_total_bytes")
    small = dataclasses.replace(SmallRound(**measured), sandbox_memory_bytes=sandbox_bytes)
    target = Path(config["trainer"]["default_root_dir"] or RUNS_FOLDER)
    machine = Machine(_free_disk_bytes(target), _free_memory_bytes(), gpu_total_bytes)
    return report(console, RunSettings.from_config(config), small, machine, target)


def report(
    console: Console, settings: RunSettings, small: SmallRound, machine: Machine, target: Path
) -> int:
    """Print the estimate and its verdict; return the exit status."""
    estimate = estimate_run(settings, small)
    console.print(_table(estimate, small))
    for line in _remarks(settings, small):
        console.print(line, highlight=False)
    free = f"({size(machine.free_disk_bytes)} free at {target}{os.sep})"
    needs = [
        f"about {_span(estimate.run_seconds, ' to ')}",
        f"at most {size(estimate.disk_bytes)} of disk {free}",
        f"{size(estimate.memory_bytes)} of memory",
    ]
    if machine.free_memory_bytes is not None:
        needs[-1] += f" ({size(machine.free_memory_bytes)} free)"
    if estimate.gpu_memory_bytes is not None:
        total = size(machine.gpu_memory_bytes or 0)
        needs.append(f"{size(estimate.gpu_memory_bytes)} of the GPU's {total}")
    wrong = shortcomings(estimate, machine)
    for line in wrong:
        console.print(f"warning: {line}", style="yellow", highlight=False, soft_wrap=True)
    console.print(f"this run needs {', '.join(needs)}", highlight=False, soft_wrap=True)
    return 1 if wrong else 0


def _table(estimate: RunEstimate, small: SmallRound) -> Table:
    settings = estimate.settings
    rounds, generating = settings.num_rounds, settings.num_generating_rounds
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("")
    for title in ("measured", "of a round", "a round", f"the run, {rounds} rounds"):
        table.add_column(title, justify="right")

    def phase(name: str, measured: str, number: int | None, seconds: Span, times: int) -> None:
        if times:
            counted = "" if number is None else str(number)
            table.add_row(name, measured, counted, _span(seconds), _span(seconds * times))

    timed = f"{small.num_steps} steps, {1000 * small.step_seconds:.3g} ms each"
    phase("training", timed, settings.every_n_steps, estimate.training_seconds, rounds)
    if estimate.num_held_out_programs:
        timed = f"{small.num_held_out_programs} programs {duration(small.measuring_seconds)}"
        number = estimate.num_held_out_programs
        phase("held-out", timed, number, estimate.measuring_seconds, rounds)
    timed = f"{small.num_programs} programs {duration(small.generating_seconds)}"
    phase("generating", timed, settings.num_programs, estimate.generating_seconds, generating)
    timed = f"{small.num_programs} programs {duration(small.verifying_seconds)}"
    phase("verifying", timed, settings.num_programs, estimate.verifying_seconds, generating)
    timed = duration(small.ending_seconds)
    phase("saving, report", timed, None, estimate.ending_seconds, rounds)
    table.add_section()
    kept = estimate.num_checkpoints_kept * estimate.checkpoint_bytes
    number_kept = f"{estimate.num_checkpoints_kept} kept"
    table.add_row("checkpoints", size(small.checkpoint_bytes), number_kept, "", size(kept))
    if generating:
        timed = f"{small.num_programs} samples {size(small.pool_bytes)}"
        each, total = size(estimate.pool_bytes_per_round), size(estimate.run_pool_bytes)
        table.add_row("pool", timed, str(settings.num_programs), each, total)
    table.add_row("other files", size(small.other_bytes), "", "", size(estimate.other_bytes))
    table.add_section()
    table.add_row("memory", "", "", "", size(small.main_memory_bytes))
    table.add_row("of the sandbox", "", "", "", size(small.sandbox_memory_bytes))
    if small.gpu_memory_bytes is not None:
        table.add_row("of the GPU", "", "", "", size(small.gpu_memory_bytes))
    return table


def _remarks(settings: RunSettings, small: SmallRound) -> list[str]:
    silent = settings.num_rounds - settings.num_generating_rounds
    lines = []
    if silent:
        lines.append(f"{silent} of {settings.num_rounds} rounds train and measure only.")
    if small.num_programs and small.tokens_per_program > small.solution_tokens > 0:
        lines.append(
            f"Completions of the untrained model had {small.tokens_per_program:.0f} of at most "
            f"{settings.max_new_tokens} tokens. The higher times and the pool are for those, an "
            f"upper bound; the lower times are for {small.solution_tokens:.0f} tokens, the length "
            "of the labelled solutions."
        )
    if small.num_programs and small.num_solutions:
        lines.append(
            "Verifying is as for this model's programs and as for labelled solutions; equal "
            "completions of a problem run once, so it gets cheaper as the model learns."
        )
    lines.append(
        "Disk: the newest checkpoints, the best one and the one being written. Memory: of the "
        "small round; texts of a large round and a large pool come on top."
    )
    return lines


def _span(seconds: Span, between: str = "-") -> str:
    low, high = duration(seconds.low), duration(seconds.high)
    return high if low == high else f"{low}{between}{high}"


def _free_disk_bytes(target: Path) -> int:
    """Free bytes where the run's folder stands or will stand."""
    folder = target.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _free_memory_bytes() -> int | None:
    """Memory that can be had now, no more than a container allows; None where nobody says."""
    found: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvail")]
    with contextlib.suppress(OSError, ValueError):  # "max" = no limit
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return min(found, default=None)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM: clean up on the way out."""
    raise SystemExit(128 + number)
