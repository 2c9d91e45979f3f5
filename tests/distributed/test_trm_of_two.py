"""A TRM on two CPU processes is the TRM on one: same losses, same weights, same slots."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.distributed.two_processes import TWO, rounds_of, run, run_here
from tests.modules.tiny_trm_fit import TINY_TRM

pytestmark = pytest.mark.slow

# Sums over two halves of a batch are rounded at other places; twelve steps carry that on.
WEIGHTS, LOSSES, MEASURES = 1e-4, 1e-5, 1e-4
START = (
    *(option for option in TINY_TRM if "logger" not in option),
    "--trainer.log_every_n_steps=2",
    # Processes draw numbers of their own.
    "--model.exploration_probability=0",
    "--trainer.max_steps=6",
)
APART, MIDDLE = "run/checkpoints/apart.ckpt", "run/checkpoints/step-00000009.ckpt"
FULL = "--trainer.max_steps=12"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run whose checkpoint `APART` of step 3 has slots of different depths.

    An untrained halting head never accepts, so they would all stand at the same one.
    """
    folder = tmp_path_factory.mktemp("start")
    assert run_here(["fit", *START, "--trainer.default_root_dir=run"], folder).status == 0
    saved = torch.load(folder / "run/checkpoints/step-00000003.ckpt", weights_only=True)
    saved["trm_carries"]["num_steps_B"].copy_(torch.arange(8) % 4)
    torch.save(saved, folder / APART)
    return folder


@pytest.fixture(scope="module")
def one(start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(start, tmp_path_factory.mktemp("one"), APART, FULL)


@pytest.fixture(scope="module")
def two(start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(start, tmp_path_factory.mktemp("two"), APART, FULL, *TWO)


def finished(from_folder: Path, folder: Path, checkpoint: str, *options: str) -> Path:
    """The run of a copy of a folder that went on from a checkpoint to step 12."""
    shutil.copytree(from_folder / "run", folder / "run", symlinks=True)
    go_on = ["fit", f"--ckpt_path={checkpoint}", *options]
    ended = run(go_on, folder) if options[-3:] == TWO else run_here(go_on, folder)
    assert ended.status == 0, ended.err
    return folder / "run"


def saved_in(run_folder: Path, name: str = "last.ckpt") -> dict[str, Any]:
    content: dict[str, Any] = torch.load(run_folder / "checkpoints" / name, weights_only=True)
    return content


def same_slots(one: dict[str, Any], other: dict[str, Any]) -> None:
    """The slots of the run hold the same rows in the same order and are as far with them."""
    expected, found = one["trm_carries"], other["trm_carries"]
    assert expected.keys() == found.keys()
    for name in ("num_steps_B", "halted_B", "data.ids_BT", "data.labels_BT"):
        assert torch.equal(found[name], expected[name]), name
    for name in ("y_BLD", "z_BLD"):
        torch.testing.assert_close(found[name], expected[name], atol=1e-2, rtol=0)


def same_end(one: Path, other: Path) -> None:
    pairs = list(zip(rounds_of(one), rounds_of(other), strict=True))
    assert len(pairs) == 2
    for expected, found in pairs:
        assert found.counts == expected.counts and found.held_out == expected.held_out
        assert found.train_loss == pytest.approx(expected.train_loss, abs=LOSSES)
        assert found.validation_loss == pytest.approx(expected.validation_loss, abs=LOSSES)
        assert found.exact_at_step.keys() == {1, 2, 4}
        assert found.exact_at_step == expected.exact_at_step
    first, second = saved_in(one), saved_in(other)
    assert first["global_step"] == second["global_step"] == 12
    for name, weights in first["state_dict"].items():
        torch.testing.assert_close(second["state_dict"][name], weights, atol=WEIGHTS, rtol=0)
    same_slots(first, second)


def rows_of(run_folder: Path) -> list[dict[str, float]]:
    """The measures of the slots in each row of the log."""
    with (run_folder / "metrics.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["train/loss"]]
    speeds = ("second", "gigabytes", "mfu")
    return [
        {k: float(v) for k, v in row.items() if v and not any(word in k for word in speeds)}
        for row in rows
    ]


def test_two_processes_go_on_where_one_was_and_do_what_one_does(one: Path, two: Path) -> None:
    middle = saved_in(one, "step-00000009.ckpt")
    same_slots(middle, saved_in(two, "step-00000009.ckpt"))
    assert middle["trm_carries"]["num_steps_B"].unique().tolist() == [1, 2, 3, 4]
    same_end(one, two)


def test_a_row_of_the_log_counts_the_slots_of_both(one: Path, two: Path) -> None:
    expected, found = rows_of(one), rows_of(two)
    assert len(expected) == len(found) == 6
    assert 0 < expected[-1]["train/halted_share"] < 1
    for ours, theirs in zip(expected, found, strict=True):
        assert theirs == pytest.approx(ours, abs=MEASURES, rel=MEASURES)


def test_one_process_goes_on_where_two_were(one: Path, two: Path, tmp_path: Path) -> None:
    single = ("--trainer.devices=1", "--trainer.strategy=auto")
    halves = "--trainer.accumulate_grad_batches=2"
    same_end(one, finished(two.parent, tmp_path, MIDDLE, FULL, *single, halves))
