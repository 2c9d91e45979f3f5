"""The process behind `main.py check`: a small round, gone on with from its checkpoint, clocked.

    python -m lit_coder.commands.small_round FOLDER [options of fit]

Leaves `config.json` (what the options mean) and `measured.json` (a `SmallRound`) in FOLDER, and
the small run itself. Mistakes in the options end as they do in fit: one sentence, status 2. The
first round warms up - libraries load, fonts are found, the GPU's kernels are chosen - and is the
one that is saved; the second starts from its checkpoint, as after a crash, and is measured.
"""

from __future__ import annotations

import dataclasses
import gc
import json
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from lit_coder.evaluation.run_estimate import RunSettings, SmallRound

CONFIG_FILE = "config.json"
MEASURED_FILE = "measured.json"
NUM_STEPS = 12
SAVE_EVERY_STEPS = 8
_PROBE_CLASS = "lit_coder.trainer.round_probe.RoundProbe"


def main(folder: Path, options: list[str]) -> int:
    """Run and measure; return the exit status."""
    from lit_coder import cli
    from lit_coder.commands.fit_configuration import fit_configuration

    started_at = time.time()
    config, status = fit_configuration(options)
    if config is None:
        return status
    (folder / CONFIG_FILE).write_text(json.dumps(config, default=str), encoding="utf-8")
    settings = RunSettings.from_config(config)
    run, probe = folder / "run", folder / "probe.json"
    small = small_options(settings)
    warm_up = [*small, *_fewest_programs(settings), "--trainer.default_root_dir", str(run)]
    warm_up += [f"--trainer.callbacks+={_PROBE_CLASS}", f"--trainer.callbacks.output={probe}"]
    status = cli.run(["fit", *options, *warm_up])
    if status or not probe.exists():
        return status or 1
    starting_seconds = json.loads(probe.read_text())["train_started_at"] - started_at
    gc.collect()  # the first model
    pool_bytes = folder_bytes(run / "pool.lance")
    go_on = ["--ckpt_path", str(run / "checkpoints" / "last.ckpt")]
    go_on += ["--trainer.max_steps", str(2 * NUM_STEPS), *_one_batch_of_programs(settings)]
    status = cli.run(["fit", *go_on])
    if status:
        return status
    probed = json.loads(probe.read_text())
    measured = _small_round(settings, run, probed, pool_bytes, starting_seconds)
    answer = {**dataclasses.asdict(measured), "gpu_total_bytes": probed.get("gpu_total_bytes")}
    (folder / MEASURED_FILE).write_text(json.dumps(answer), encoding="utf-8")
    return 0


def folder_bytes(folder: Path) -> int:
    """Bytes of the files below a folder, links left out."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files)


def small_options(settings: RunSettings) -> list[str]:
    """Options that make the round small. Values that fit refuses stay, so that fit says so."""
    options = {"trainer.logger": "false"}
    if settings.fits_rounds:
        options["trainer.max_steps"] = options["recursion.every_n_steps"] = str(NUM_STEPS)
        if settings.validations_per_round >= 1:
            options["trainer.val_check_interval"] = "1.0"
        options["trainer.check_val_every_n_epoch"] = "1"
    if settings.start_after_steps > 0:
        options["recursion.start_after_steps"] = "0"
    if settings.every_n_train_steps >= 0:
        options["checkpoint.every_n_train_steps"] = str(SAVE_EVERY_STEPS)
    if settings.keep_last_n > 1:
        options["checkpoint.keep_last_n"] = "1"
    options["data.num_held_out"] = str(_num_held_out(settings))
    return [f"--{name}={value}" for name, value in options.items()]


def _fewest_programs(settings: RunSettings) -> list[str]:
    return [
        f"--recursion.num_problems={min(2, settings.num_problems)}",
        f"--recursion.held_out_samples={min(0, settings.held_out_samples)}",
    ]


def _one_batch_of_programs(settings: RunSettings) -> list[str]:
    """As many problems as are decoded together: a GPU takes as long for fewer."""
    together = max(1, settings.generation_batch_size // settings.num_samples)
    return [
        f"--recursion.num_problems={min(together, settings.num_problems)}",
        f"--recursion.held_out_samples={settings.held_out_samples}",
    ]


def _num_held_out(settings: RunSettings) -> int:
    """Held-out problems of each group that give about one batch of programs."""
    rows = max(1, settings.num_held_out_groups) * max(1, settings.held_out_samples)
    return min(settings.num_held_out, max(1, settings.generation_batch_size // rows))


def _small_round(
    settings: RunSettings,
    run: Path,
    probed: dict[str, Any],
    warm_up_pool_bytes: int,
    starting_seconds: float,
) -> SmallRound:
    from lit_coder.recursion.repairer import REPAIR
    from lit_coder.recursion.round_record import RoundRecord
    from lit_coder.training_data.pool import SamplePool

    record = RoundRecord.read(run / "rounds" / "0001.json")
    samples = SamplePool(run / "pool.lance", "").read(record.pool_version)
    # Repairs have no tokens of this model.
    lengths = [len(s.token_ids) + s.ended for s in samples if s.round == 1 and s.origin != REPAIR]
    seconds = {int(step): value for step, value in probed["step_seconds"].items()}
    # The first steps still warm up; the one after a save waited for it.
    after_save = 2 * SAVE_EVERY_STEPS + 1
    timed = [s for step, s in seconds.items() if step > NUM_STEPS + 2 and step != after_save]
    step_seconds = statistics.median(timed)
    named = ("measuring", "generating", "verifying", "repairing")
    phases = dict.fromkeys(named, 0.0) | record.seconds
    apart = sum(phases[name] for name in named)
    checkpoints = run / "checkpoints"
    pool_bytes = folder_bytes(run / "pool.lance")
    other_bytes = folder_bytes(run) - folder_bytes(checkpoints) - pool_bytes
    num_measured = probed["num_held_out"] * settings.held_out_programs_per_problem
    return SmallRound(
        num_steps=len(timed),
        step_seconds=step_seconds,
        save_seconds=max(0.0, seconds.get(after_save, 0.0) - step_seconds),
        checkpoint_bytes=max(path.stat().st_size for path in checkpoints.glob("*.ckpt")),
        validation_seconds=probed["validation_seconds"],
        num_held_out=probed["num_held_out"],
        num_held_out_setting=_num_held_out(settings),
        num_held_out_programs=num_measured,
        measuring_seconds=phases["measuring"],
        num_programs=record.totals.generated,
        tokens_per_program=statistics.fmean(lengths) if lengths else 0.0,
        generating_seconds=phases["generating"] + phases["repairing"],
        verifying_seconds=phases["verifying"],
        pool_bytes=pool_bytes - warm_up_pool_bytes,
        solution_tokens=probed["solution_tokens"],
        num_solutions=probed["verified_solutions"],
        solution_seconds=probed["solution_seconds"],
        ending_seconds=max(0.0, probed["round_end_seconds"] - probed["validation_seconds"] - apart),
        starting_seconds=starting_seconds,
        other_bytes=other_bytes,
        main_memory_bytes=_peak_memory_bytes(),
        sandbox_memory_bytes=0,  # the watching process sees the others
        gpu_memory_bytes=probed.get("gpu_peak_bytes"),
    )


def _peak_memory_bytes() -> int:
    """This process's largest resident set."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), sys.argv[2:]))
