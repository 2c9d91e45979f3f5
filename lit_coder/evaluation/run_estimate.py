"""From one small round to the whole run: time, disk and memory, by plain proportion.

    estimate = estimate_run(RunSettings.from_config(config), small_round)
    for line in shortcomings(estimate, Machine(free_disk_bytes=..., ...)): print(line)

Everything is linear in what was measured: steps, programs, checkpoints. Two figures are given
where the length of completions decides: as measured, with an untrained model that often writes up
to `max_new_tokens`, and for completions as long as the labelled solutions. Nothing here runs,
reads or prints anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, lcm
from typing import Any

DISK_RESERVE = 1.2
"""Free disk must be this many times what the run needs: a full disk ends it."""

# Small change that the small round does not write, as seen in runs: TensorBoard and metrics.csv.
_LOG_BYTES_PER_LINE = 500
_LOG_BYTES_PER_ROUND = 10_000


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a configuration says about the size of a run; names are those of the options."""

    max_steps: int
    every_n_steps: int
    start_after_steps: int
    num_problems: int
    num_samples: int
    max_new_tokens: int
    generation_batch_size: int
    held_out_samples: int
    num_held_out: int
    num_held_out_groups: int
    every_n_train_steps: int
    keep_last_n: int
    log_every_n_steps: int
    validations_per_round: float

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> RunSettings:
        """Read them from what `fit --print_config` prints."""
        trainer, data = config["trainer"], config["data"]
        recursion, checkpoint = config["recursion"], config["checkpoint"]
        families = len(data["held_out_families"] or data["families"] or ("arithmetic",))
        between = trainer["val_check_interval"]
        batches = recursion["every_n_steps"] * trainer["accumulate_grad_batches"]
        # A fraction gives the small round as many validations as a real one.
        validations = batches / between if isinstance(between, int) and between > 0 else 1.0
        copied = ["every_n_steps", "start_after_steps", "num_problems", "num_samples"]
        copied += ["max_new_tokens", "generation_batch_size", "held_out_samples"]
        return cls(
            max_steps=trainer["max_steps"],
            num_held_out=data["num_held_out"],
            num_held_out_groups=families * len(data["held_out_difficulties"]),
            every_n_train_steps=checkpoint["every_n_train_steps"],
            keep_last_n=checkpoint["keep_last_n"],
            log_every_n_steps=trainer["log_every_n_steps"] or 50,
            validations_per_round=validations / (trainer["check_val_every_n_epoch"] or 1),
            **{name: recursion[name] for name in copied},
        )

    @property
    def fits_rounds(self) -> bool:
        """Whether the run is a whole number of rounds; `fit` refuses it otherwise."""
        sizes = self.every_n_steps >= 1 and self.max_steps >= 1
        return sizes and self.max_steps % self.every_n_steps == 0

    @property
    def num_rounds(self) -> int:
        """Rounds of the run."""
        return self.max_steps // self.every_n_steps

    @property
    def num_generating_rounds(self) -> int:
        """Rounds that also generate and verify; those before `start_after_steps` do not."""
        if not self.num_problems:
            return 0
        ends = range(self.every_n_steps, self.max_steps + 1, self.every_n_steps)
        return sum(steps >= self.start_after_steps for steps in ends)

    @property
    def num_programs(self) -> int:
        """Programs written in a round that generates."""
        return self.num_problems * self.num_samples

    @property
    def held_out_programs_per_problem(self) -> int:
        """A greedy one, and the samples of pass@k where that is measured."""
        return 1 + (self.held_out_samples if self.held_out_samples > 1 else 0)

    @property
    def num_saves_inside_rounds(self) -> int:
        """Checkpoints beside those at step 0 and at the end of each round."""
        every = self.every_n_train_steps
        if every <= 0:
            return 0
        return self.max_steps // every - self.max_steps // lcm(every, self.every_n_steps)


@dataclass(frozen=True, slots=True)
class SmallRound:
    """What one small round took. The model, its batches and its sandbox were the run's own.

    Attributes:
        num_steps, step_seconds: optimizer steps that were timed, and their median.
        save_seconds, checkpoint_bytes: of a checkpoint.
        validation_seconds: of the validations in it.
        num_held_out, num_held_out_setting: held-out problems there were, and the value of
            `data.num_held_out` that gave them.
        num_held_out_programs, measuring_seconds: programs written and verified to measure.
        num_programs, tokens_per_program, generating_seconds, verifying_seconds, pool_bytes: of
            the programs for fresh problems.
        solution_tokens: mean length of the labelled solutions.
        num_solutions, solution_seconds: labelled solutions that were verified.
        ending_seconds: selecting, committing, reporting and saving at the round's end.
        starting_seconds: from the command to the first step.
        other_bytes: of the run's folder beside checkpoints and pool.
        main_memory_bytes, sandbox_memory_bytes: peaks of the process, of its sandbox's processes.
        gpu_memory_bytes: peak of the GPU, None without one.
    """

    num_steps: int
    step_seconds: float
    save_seconds: float
    checkpoint_bytes: int
    validation_seconds: float
    num_held_out: int
    num_held_out_setting: int
    num_held_out_programs: int
    measuring_seconds: float
    num_programs: int
    tokens_per_program: float
    generating_seconds: float
    verifying_seconds: float
    pool_bytes: int
    solution_tokens: float
    num_solutions: int
    solution_seconds: float
    ending_seconds: float
    starting_seconds: float
    other_bytes: int
    main_memory_bytes: int
    sandbox_memory_bytes: int
    gpu_memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """A figure for completions as long as the labelled solutions, and as measured."""

    low: float
    high: float

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.high + other.high)

    def __mul__(self, factor: float) -> Span:
        return Span(self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """The configured run. Seconds are of one round, unless the name says otherwise."""

    settings: RunSettings
    training_seconds: Span
    measuring_seconds: Span
    generating_seconds: Span
    verifying_seconds: Span
    ending_seconds: Span
    num_held_out_programs: int
    run_seconds: Span
    num_checkpoints_kept: int
    checkpoint_bytes: int
    pool_bytes_per_round: int
    run_pool_bytes: int
    other_bytes: int
    disk_bytes: int
    memory_bytes: int
    gpu_memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is. None = not known, or not there."""

    free_disk_bytes: int
    free_memory_bytes: int | None
    gpu_memory_bytes: int | None


def estimate_run(settings: RunSettings, small: SmallRound) -> RunEstimate:
    """Scale the small round up to the run."""
    shorter = _share_of_measured_length(small)
    verifying = _seconds_per_verdict(small)
    generating = small.generating_seconds / max(1, small.num_programs)
    added = (settings.num_held_out - small.num_held_out_setting) * settings.num_held_out_groups
    num_held_out = small.num_held_out + added if small.num_held_out else 0
    num_measured = num_held_out * settings.held_out_programs_per_problem
    measured_scale = num_measured / max(1, small.num_held_out_programs)
    writing = max(0.0, small.measuring_seconds - verifying.low * small.num_held_out_programs)
    checking = small.measuring_seconds - writing
    training = small.step_seconds * settings.every_n_steps
    training += small.validation_seconds * settings.validations_per_round
    phases = {
        "training_seconds": Span(training, training),
        "measuring_seconds": Span(writing * shorter + checking, small.measuring_seconds)
        * measured_scale,
        "generating_seconds": Span(generating * shorter, generating) * settings.num_programs,
        "verifying_seconds": verifying * settings.num_programs,
        "ending_seconds": Span(small.ending_seconds, small.ending_seconds),
    }
    always = phases["training_seconds"] + phases["measuring_seconds"] + phases["ending_seconds"]
    sometimes = phases["generating_seconds"] + phases["verifying_seconds"]
    once = small.starting_seconds + small.save_seconds * settings.num_saves_inside_rounds
    pool_bytes = round(small.pool_bytes / max(1, small.num_programs) * settings.num_programs)
    num_saves = 1 + settings.num_rounds + settings.num_saves_inside_rounds
    # The best one stands beside the newest, and a new one is written before an old one goes.
    kept = min(num_saves, settings.keep_last_n + (1 if num_held_out else 0) + 1)
    other_bytes = small.other_bytes + settings.num_rounds * _LOG_BYTES_PER_ROUND
    other_bytes += settings.max_steps // settings.log_every_n_steps * _LOG_BYTES_PER_LINE
    run_pool_bytes = pool_bytes * settings.num_generating_rounds
    return RunEstimate(
        settings=settings,
        **phases,
        num_held_out_programs=num_measured,
        run_seconds=always * settings.num_rounds
        + sometimes * settings.num_generating_rounds
        + Span(once, once),
        num_checkpoints_kept=kept,
        checkpoint_bytes=small.checkpoint_bytes,
        pool_bytes_per_round=pool_bytes,
        run_pool_bytes=run_pool_bytes,
        other_bytes=other_bytes,
        disk_bytes=kept * small.checkpoint_bytes + run_pool_bytes + other_bytes,
        memory_bytes=small.main_memory_bytes + small.sandbox_memory_bytes,
        gpu_memory_bytes=small.gpu_memory_bytes,
    )


def shortcomings(estimate: RunEstimate, machine: Machine) -> list[str]:
    """Why the run will not do on this machine, a sentence each; empty where it will."""
    found = []
    wanted = estimate.disk_bytes * DISK_RESERVE
    if machine.free_disk_bytes < wanted:
        found.append(
            f"the disk will not do: {size(machine.free_disk_bytes)} are free and the run needs "
            f"{size(estimate.disk_bytes)}, with a reserve {size(wanted)}; free the disk, choose "
            "another trainer.default_root_dir, or lower checkpoint.keep_last_n"
        )
    if estimate.memory_bytes > (machine.free_memory_bytes or inf):
        found.append(
            f"the memory will not do: {size(machine.free_memory_bytes or 0)} are free and the run "
            f"needs {size(estimate.memory_bytes)}; lower data.batch_size or "
            "recursion.generation_batch_size, or end other programs"
        )
    if (estimate.gpu_memory_bytes or 0) > 0.95 * (machine.gpu_memory_bytes or inf):
        found.append(
            f"the GPU's memory hardly does: the run needs {size(estimate.gpu_memory_bytes or 0)} "
            f"of {size(machine.gpu_memory_bytes or 0)}; lower data.batch_size or "
            "recursion.generation_batch_size"
        )
    return found


def size(num_bytes: float) -> str:
    """Bytes as people read them: 340 kB, 9.1 MB, 35 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if num_bytes < 999.5:
            digits = 1 if num_bytes < 9.95 and unit != "B" else 0
            return f"{num_bytes:.{digits}f} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:.1f} TB"


def _share_of_measured_length(small: SmallRound) -> float:
    """Length of the labelled solutions against that of the measured completions, at most 1."""
    if not small.tokens_per_program or not small.solution_tokens:
        return 1.0
    return min(1.0, small.solution_tokens / small.tokens_per_program)


def _seconds_per_verdict(small: SmallRound) -> Span:
    """Broken programs and working ones cost differently; which cost more depends on the tests."""
    known = [(small.verifying_seconds, small.num_programs)]
    known.append((small.solution_seconds, small.num_solutions))
    rates = [seconds / number for seconds, number in known if number]
    return Span(min(rates, default=0.0), max(rates, default=0.0))
