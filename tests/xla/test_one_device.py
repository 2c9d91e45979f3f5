"""A TRM trains on an XLA device as on a CPU: few graphs, nothing waits, exact after a resume."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from lit_coder.__main__ import main
from tests.xla.conftest import FinishedRun
from tests.xla.recorder import read_rows
from tests.xla.tiny_runs import (
    LOG_EVERY,
    NEEDS_XLA,
    NUM_STEPS,
    SAVE_EVERY,
    STEPS_PER_ROUND,
    checkpoint,
    fit,
    rows_file,
)

pytestmark = NEEDS_XLA


def test_no_step_is_compiled_after_the_second(run: FinishedRun) -> None:
    for row in run.rows:
        assert row.step <= 2 or row.num_compiled == row.num_compiled_before, row.step
    # So are the measuring, samples, rows and saves of later rounds, but for the few scalars that
    # Lightning adds up for what is logged.
    in_last_round = run.num_compiled - run.rows[2 * STEPS_PER_ROUND].num_compiled_before
    assert in_last_round <= 1


def test_nothing_is_computed_outside_xla(run: FinishedRun) -> None:
    assert run.fallbacks == []


def test_the_host_waits_for_the_device_at_rows_and_saves_only(run: FinishedRun) -> None:
    fetched = {row.step: row.num_fetched for row in run.rows}
    for step in range(2, NUM_STEPS + 1):
        # A save happens behind the step that it is due at, and a copy before a round's last step.
        is_saved = (step - 1) % SAVE_EVERY == 0 or step % STEPS_PER_ROUND == 0
        is_row, is_first = step % LOG_EVERY == 0, step % STEPS_PER_ROUND == 1
        if not (is_saved or is_row or is_first):
            assert fetched[step] == fetched[step - 1], step
    assert fetched[LOG_EVERY] > fetched[LOG_EVERY - 1]


def test_a_resumed_run_ends_with_the_same_bits(run: FinishedRun) -> None:
    names = (f"step-{2 * SAVE_EVERY:08d}", "round-0002")
    saved = {name: checkpoint(run.folder, name) for name in names}
    older = run.folder / "checkpoints" / f"step-{SAVE_EVERY:08d}.ckpt"
    assert main(["fit", f"--ckpt_path={older}"]) == 0
    again = read_rows(rows_file(run.folder))
    assert [row.loss for row in again] == [row.loss for row in run.rows[SAVE_EVERY:]]
    for name, former in saved.items():
        now = checkpoint(run.folder, name)
        for part in ("state_dict", "trm_carries"):
            assert now[part].keys() == former[part].keys()
            for key, tensor in former[part].items():
                assert torch.equal(now[part][key], tensor), key
        state, former_state = (each["optimizer_states"][0]["state"] for each in (now, former))
        assert all(
            torch.equal(state[number][key], former_state[number][key])
            for number in former_state
            for key in former_state[number]
        )
        random, former_random = (each["callbacks"]["RandomState"] for each in (now, former))
        assert random["xla"] == former_random["xla"]


def test_a_checkpoint_is_of_host_tensors_and_serves_without_xla(run: FinishedRun) -> None:
    saved = checkpoint(run.folder, "round-0002")
    assert {tensor.device.type for tensor in saved["state_dict"].values()} == {"cpu"}
    names = set(saved["state_dict"])
    assert {name.replace("network.", "averaged.") for name in names} <= names
    path = run.folder / "checkpoints" / "round-0002.ckpt"
    assert main(["validate", f"--ckpt_path={path}", "--trainer.accelerator=cpu"]) == 0


@pytest.mark.parametrize("accelerator", ["cpu", "xla_cpu"])
def test_a_run_goes_on_on_the_other_kind_of_device(accelerator: str, run: FinishedRun) -> None:
    last = run.folder / "checkpoints" / "last.ckpt"
    steps = {"cpu": NUM_STEPS + STEPS_PER_ROUND, "xla_cpu": NUM_STEPS + 2 * STEPS_PER_ROUND}
    options = (
        f"--trainer.accelerator={accelerator}",
        f"--trainer.max_steps={steps[accelerator]}",
    )
    assert main(["fit", f"--ckpt_path={last}", *options]) == 0
    rows = read_rows(rows_file(run.folder))
    assert rows[-1].step == steps[accelerator]
    assert all(math.isfinite(row.loss) for row in rows)


@pytest.mark.slow
def test_losses_are_those_of_the_cpu(tmp_path: Path) -> None:
    losses = {}
    for accelerator in ("xla_cpu", "cpu"):
        # Devices draw different numbers for slots that explore. None does, and yet 0 would be
        # another graph.
        rows = fit(
            tmp_path / accelerator,
            f"--trainer.accelerator={accelerator}",
            "--model.init_args.exploration_probability=1e-9",
        )
        losses[accelerator] = [row.loss for row in rows]
    assert len(losses["cpu"]) == NUM_STEPS
    assert losses["xla_cpu"] == pytest.approx(losses["cpu"], abs=1e-4)
