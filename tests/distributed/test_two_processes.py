"""A run on two CPU processes is the run on one: same losses, same rounds, same pool."""

from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from lit_coder.trainer.run_folder import read_environment
from lit_coder.training_data.pool import SamplePool
from tests.distributed.two_processes import (
    MAIN,
    REPOSITORY,
    TINY,
    TWO,
    Ended,
    end,
    rounds_of,
    run,
    run_here,
    run_side_by_side,
    start,
    start_side_by_side,
    wait_until,
)

pytestmark = pytest.mark.slow

# Sums over two halves of a batch are rounded at other places; twelve steps carry that on.
WEIGHTS, LOSSES = 5e-5, 1e-5


@dataclass(frozen=True)
class Fit:
    """A finished fit: how it ended, and the folder of its run."""

    ended: Ended
    run: Path


@pytest.fixture(scope="module")
def fit(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The command of the run on one process, with a small corpus of its own."""
    code = tmp_path_factory.mktemp("code")
    for path in (REPOSITORY / "lit_coder" / "sandbox").glob("*.py"):
        shutil.copy(path, code)
    cache = tmp_path_factory.mktemp("cache")
    return ("fit", *TINY, f"--data.corpus=[{code}]", f"--data.cache_dir={cache}")


@pytest.fixture(scope="module")
def one(fit: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Fit:
    folder = tmp_path_factory.mktemp("one")
    return Fit(run_here(fit, folder), folder / "runs" / "run")


@pytest.fixture(scope="module")
def two(fit: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Fit:
    folder = tmp_path_factory.mktemp("two")
    return Fit(run([*fit, *TWO], folder), folder / "runs" / "run")


def same_rounds(one: Path, other: Path) -> None:
    """The records agree, but for rounding and the clock."""
    pairs = list(zip(rounds_of(one), rounds_of(other), strict=True))
    assert len(pairs) == 2
    for expected, found in pairs:
        assert found.counts == expected.counts
        assert found.held_out == expected.held_out and found.held_out is not None
        assert found.pool_size == expected.pool_size > 0
        assert found.train_loss == pytest.approx(expected.train_loss, abs=LOSSES)
        assert found.validation_loss == pytest.approx(expected.validation_loss, abs=LOSSES)


def same_weights_and_pool(one: Path, other: Path) -> None:
    first, second = (
        torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
        for folder in (one, other)
    )
    assert first["global_step"] == second["global_step"] == 12
    assert first["state_dict"].keys() == second["state_dict"].keys()
    for name, weights in first["state_dict"].items():
        torch.testing.assert_close(second["state_dict"][name], weights, atol=WEIGHTS, rtol=0)
    pools = [
        SamplePool(folder / "pool.lance", "").read(saved["CodeDataModule"]["pool_version"])
        for folder, saved in ((one, first), (other, second))
    ]
    texts = [
        [(s.round, s.task_id, s.stream, s.completion, s.status, s.reason) for s in samples]
        for samples in pools
    ]
    assert len(texts[0]) == 54
    assert texts[0] == texts[1]


def test_the_first_process_alone_speaks_and_writes(one: Fit, two: Fit) -> None:
    assert one.ended.status == two.ended.status == 0, two.ended.err
    assert two.ended.sentences == []
    # Tables and lines of one process, not of two.
    assert two.ended.out.count("to go on:") == one.ended.out.count("to go on:") == 1
    assert two.ended.err.count("sandbox: ") == one.ended.err.count("sandbox: ")
    assert "shared by 2 processes" in " ".join(two.ended.out.split())
    assert [p.name for p in two.run.parent.iterdir() if not p.is_symlink()] == ["run"]
    assert {p.name for p in two.run.iterdir()} == {p.name for p in one.run.iterdir()}
    assert read_environment(two.run)["num_processes"] == 2


def test_each_process_draws_numbers_of_its_own(two: Fit) -> None:
    saved = torch.load(two.run / "checkpoints" / "last.ckpt", weights_only=True)
    first = saved["callbacks"]["RandomState"]
    (second,) = first["others"]
    assert first["python"] != second["python"] and first["numpy"] != second["numpy"]
    assert not torch.equal(first["torch"], second["torch"])


def test_two_processes_do_what_one_does_with_the_same_global_batch(one: Fit, two: Fit) -> None:
    same_rounds(one.run, two.run)
    same_weights_and_pool(one.run, two.run)
    assert [r.pool_version for r in rounds_of(one.run)] == [
        r.pool_version for r in rounds_of(two.run)
    ]


def test_a_round_of_two_processes_is_gone_on_with_by_one(
    one: Fit, two: Fit, tmp_path: Path
) -> None:
    shutil.copytree(two.run, tmp_path / "run", symlinks=True)
    ended = run_here(
        # In the middle of the second round; two halves of a batch one after the other now.
        [
            "fit",
            "--ckpt_path=run/checkpoints/step-00000009.ckpt",
            "--trainer.devices=1",
            "--trainer.strategy=auto",
            "--trainer.accumulate_grad_batches=2",
        ],
        tmp_path,
    )
    assert ended.status == 0, ended.err
    same_rounds(one.run, tmp_path / "run")
    same_weights_and_pool(one.run, tmp_path / "run")


def test_a_round_of_one_process_is_gone_on_with_by_two_started_side_by_side(
    one: Fit, tmp_path: Path
) -> None:
    shutil.copytree(one.run, tmp_path / "run", symlinks=True)
    first, second = run_side_by_side(
        [MAIN, "fit", "--ckpt_path=run/checkpoints/step-00000009.ckpt", *TWO], tmp_path
    )
    assert first.status == second.status == 0, first.err + second.err
    assert second.out == ""
    same_rounds(one.run, tmp_path / "run")
    same_weights_and_pool(one.run, tmp_path / "run")


def test_a_process_that_dies_ends_the_other_one_with_one_sentence(
    fit: tuple[str, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    given = [MAIN, *fit, *TWO, f"--trainer.default_root_dir={folder}"]
    first, second = start_side_by_side(given, tmp_path)
    wait_until((folder / "checkpoints" / "last.ckpt").exists, first)
    os.kill(second.pid, signal.SIGKILL)
    ended = end(first)
    assert end(second).status == -signal.SIGKILL
    assert ended.status == 1
    (sentence,) = ended.sentences
    assert "another process of this run has ended" in sentence
    assert f"--ckpt_path {folder}/checkpoints/last.ckpt" in sentence
    assert "Traceback" not in ended.err


def test_ctrl_c_stops_both_at_the_same_step_and_one_goes_on_to_the_same_end(
    fit: tuple[str, ...], one: Fit, tmp_path: Path
) -> None:
    process = start([MAIN, *fit, *TWO], tmp_path)
    folder = tmp_path / "runs" / "run"
    wait_until((folder / "checkpoints" / "last.ckpt").exists, process)
    os.killpg(process.pid, signal.SIGINT)
    ended = end(process)
    assert ended.status == 128 + signal.SIGINT, ended.err
    (sentence,) = ended.sentences
    assert "stopped" in sentence and "go on with" in sentence
    single = ["--trainer.devices=1", "--trainer.strategy=auto", "--data.batch_size=8"]
    assert run_here(["fit", "--ckpt_path=last", *single], tmp_path).status == 0
    same_rounds(one.run, folder)
    same_weights_and_pool(one.run, folder)
    assert json.loads((folder / "environment.json").read_text())["num_processes"] == 2


def test_weights_that_two_processes_share_are_whole_while_one_samples_from_them() -> None:
    command = ["-m", "tests.distributed.sharded_weights"]
    for ended in run_side_by_side(command, REPOSITORY):
        assert ended.status == 0, ended.err
        for found in json.loads(ended.out):
            assert found["difference"] == 0.0 and found["difference_after"] < 1e-6
            assert found["share"] == found["share_after"] == pytest.approx(0.5, abs=0.01)
