from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from lit_coder.commands import check
from lit_coder.commands.small_round import small_options
from lit_coder.evaluation.run_estimate import (
    Machine,
    RunSettings,
    SmallRound,
    Span,
    estimate_run,
    shortcomings,
    size,
)
from tests.runs.harness import REPOSITORY, TINY

SETTINGS = RunSettings(
    max_steps=1000,
    every_n_steps=100,
    start_after_steps=300,
    num_problems=200,
    num_samples=4,
    max_new_tokens=80,
    generation_batch_size=256,
    held_out_samples=4,
    num_held_out=50,
    num_held_out_groups=4,
    every_n_train_steps=30,
    keep_last_n=3,
    log_every_n_steps=50,
    validations_per_round=1.0,
)
SMALL = SmallRound(
    num_steps=8,
    step_seconds=0.01,
    save_seconds=0.5,
    checkpoint_bytes=1_000_000,
    validation_seconds=0.2,
    num_held_out=40,
    num_held_out_setting=10,
    num_held_out_programs=200,
    measuring_seconds=2.0,
    num_programs=100,
    tokens_per_program=80.0,
    generating_seconds=1.0,
    verifying_seconds=0.5,
    pool_bytes=50_000,
    solution_tokens=20.0,
    num_solutions=50,
    solution_seconds=0.5,
    ending_seconds=0.3,
    starting_seconds=5.0,
    other_bytes=100_000,
    main_memory_bytes=500_000_000,
    sandbox_memory_bytes=50_000_000,
    gpu_memory_bytes=None,
)
MACHINE = Machine(10**12, 10**10, None)


def test_time_is_proportional_to_what_was_measured() -> None:
    estimate = estimate_run(SETTINGS, SMALL)
    assert estimate.training_seconds == Span(pytest.approx(1.2), pytest.approx(1.2))
    # 800 programs at 10 ms; a quarter of that for completions a quarter as long.
    assert estimate.generating_seconds == Span(pytest.approx(2.0), pytest.approx(8.0))
    # 5 ms for what the untrained model wrote, 10 ms for known solutions.
    assert estimate.verifying_seconds == Span(pytest.approx(4.0), pytest.approx(8.0))
    # 50 problems in 4 groups, a greedy completion and 4 samples of each.
    assert estimate.num_held_out_programs == 1000
    # Of 2 s, 200 verdicts of 5 ms do not get faster with shorter completions.
    assert estimate.measuring_seconds == Span(pytest.approx(6.25), pytest.approx(10.0))


def test_rounds_before_the_start_of_generating_train_and_measure_only() -> None:
    assert SETTINGS.num_rounds == 10
    assert SETTINGS.num_generating_rounds == 8
    assert dataclasses.replace(SETTINGS, start_after_steps=0).num_generating_rounds == 10
    assert dataclasses.replace(SETTINGS, start_after_steps=1001).num_generating_rounds == 0
    assert dataclasses.replace(SETTINGS, num_problems=0).num_generating_rounds == 0
    estimate = estimate_run(SETTINGS, SMALL)
    # 10 rounds of 1.2 + 10 + 0.3, 8 of 8 + 8, the start, and 30 saves of 0.5 inside rounds.
    assert estimate.run_seconds.high == pytest.approx(115 + 128 + 5 + 15)


def test_disk_holds_the_newest_checkpoints_the_best_one_and_the_one_being_written() -> None:
    estimate = estimate_run(SETTINGS, SMALL)
    assert estimate.num_checkpoints_kept == 5
    assert estimate.pool_bytes_per_round == 400_000
    assert estimate.run_pool_bytes == 8 * 400_000
    assert estimate.disk_bytes == 5_000_000 + 3_200_000 + estimate.other_bytes
    unmeasured = dataclasses.replace(SMALL, num_held_out=0, num_held_out_programs=0)
    without_best = estimate_run(dataclasses.replace(SETTINGS, num_held_out=0), unmeasured)
    assert without_best.num_checkpoints_kept == 4 and without_best.num_held_out_programs == 0
    short = dataclasses.replace(SETTINGS, max_steps=100, every_n_train_steps=0)
    assert estimate_run(short, SMALL).num_checkpoints_kept == 2


def test_values_that_fit_refuses_stay_as_they_are_so_that_fit_refuses_them() -> None:
    assert "--trainer.max_steps=12" in small_options(SETTINGS)
    uneven = small_options(dataclasses.replace(SETTINGS, max_steps=1001))
    assert not any("max_steps" in word or "every_n_steps" in word for word in uneven)
    negative = dataclasses.replace(SETTINGS, every_n_train_steps=-1, keep_last_n=0)
    assert not any(word.startswith("--checkpoint") for word in small_options(negative))


def test_saves_at_a_rounds_end_are_not_counted_twice() -> None:
    assert SETTINGS.num_saves_inside_rounds == 33 - 3
    assert dataclasses.replace(SETTINGS, every_n_train_steps=100).num_saves_inside_rounds == 0
    assert dataclasses.replace(SETTINGS, every_n_train_steps=0).num_saves_inside_rounds == 0


def test_a_run_without_generating_can_be_estimated() -> None:
    nothing = dataclasses.replace(
        SMALL, num_programs=0, tokens_per_program=0.0, num_solutions=0, pool_bytes=0
    )
    estimate = estimate_run(dataclasses.replace(SETTINGS, num_problems=0), nothing)
    assert estimate.run_pool_bytes == 0 and estimate.generating_seconds == Span(0.0, 0.0)


def test_a_machine_that_will_do_gives_no_warning() -> None:
    assert shortcomings(estimate_run(SETTINGS, SMALL), MACHINE) == []


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        (dataclasses.replace(MACHINE, free_disk_bytes=9_000_000), "the disk will not do"),
        (dataclasses.replace(MACHINE, free_memory_bytes=10**8), "the memory will not do"),
    ],
)
def test_a_machine_that_will_not_do_is_warned_of_and_exits_with_one(
    machine: Machine, words: str
) -> None:
    text = io.StringIO()
    assert check.report(Console(file=text), SETTINGS, SMALL, machine, Path("runs")) == 1
    assert words in text.getvalue() and "this run needs" in text.getvalue()


def test_a_full_gpu_is_warned_of() -> None:
    on_gpu = estimate_run(SETTINGS, dataclasses.replace(SMALL, gpu_memory_bytes=15_900_000_000))
    (warning,) = shortcomings(on_gpu, dataclasses.replace(MACHINE, gpu_memory_bytes=16 * 10**9))
    assert "GPU" in warning


def test_sizes_are_readable() -> None:
    written = [size(n) for n in (12, 340_000, 9_120_000, 35e9, 1.5e12)]
    assert written == ["12 B", "340 kB", "9.1 MB", "35 GB", "1.5 TB"]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files; the test stands in another one."""
    folder, here = tmp_path / "temporary", tmp_path / "here"
    folder.mkdir(), here.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(here)
    return folder


@pytest.mark.slow
def test_a_tiny_configuration_is_estimated_and_nothing_is_left(
    temporary: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert check.run([*TINY]) == 0
    output = capfd.readouterr().out
    for words in ("training", "generating", "the run, 4 rounds", "this run needs about", "of disk"):
        assert words in output
    assert not any(temporary.iterdir()) and not any(Path().iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--trainer.max_stepz=3"], "did you mean trainer.max_steps"),
        (["--ckpt_path", "last"], "leave --ckpt_path out"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_exits_with_two(
    options: list[str], words: str, temporary: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert check.run(options) == 2
    output = capfd.readouterr()
    assert words in output.err and output.err.count("\n") == 1 and not output.out
    assert not any(temporary.iterdir()) and not any(Path().iterdir())


def _processes_that_name(folder: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [words for words in [path.read_text()] if folder in words]
    return found


def test_ctrl_c_ends_the_small_run_and_cleans_up(temporary: Path) -> None:
    command = [sys.executable, "-m", "lit_coder", "check", *TINY]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
    )
    while not list(temporary.glob("*/scratch/lit_coder_*")) and process.poll() is None:
        time.sleep(0.05)  # until the sandbox is there
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and b"check stopped" in errors, errors
    assert not any(temporary.iterdir())
    assert not _processes_that_name(str(temporary))


def test_help_needs_neither_torch_nor_lightning() -> None:
    program = (
        "import sys; from lit_coder.commands.check import run; code = run(['--help']);"
        "sys.exit(code or any(name in sys.modules for name in ('torch', 'lightning')))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert finished.returncode == 0, finished.stderr
    assert "Every option of fit is accepted" in finished.stdout
