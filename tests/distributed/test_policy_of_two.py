"""A run that learns from rewards is on two processes what it is on one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from tests.distributed.two_processes import TINY, TWO, rounds_of, run, run_here

pytestmark = pytest.mark.slow

# Values are not whitened: all that a model this small writes earns the same.
POLICY = (
    "--model.objective=PolicyGradient",
    "--model.value_head=shared",
    "--recursion.temperature=1",
    "--recursion.reward=ShapedByExecution",
    "--recursion.advantages=ValueAdvantages",
    "--recursion.advantages.whiten=false",
    "--recursion.min_groups=1",
    "--recursion.max_extra_problems=3",
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same run on one process and on two."""
    # The corpus's options stand in the command: they are for others.
    command = [each for each in ("fit", *TINY, *POLICY) if "corpus" not in each]
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    for ended in (run_here(command, one), run([*command, *TWO], two)):
        assert ended.status == 0, ended.err
    return one / "runs" / "run", two / "runs" / "run"


def same_measures(one: Path, other: Path) -> None:
    for expected, found in zip(rounds_of(one), rounds_of(other), strict=True):
        assert expected.policy is not None and found.policy is not None
        assert found.policy == pytest.approx(expected.policy, abs=1e-4)


def test_two_processes_make_the_same_policy_steps_as_one(runs: tuple[Path, Path]) -> None:
    one, two = runs
    same_measures(one, two)
    assert rounds_of(one)[1].policy["value_loss"] > 0  # type: ignore[index]
    weights = [
        torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for folder in runs
    ]
    for name, expected_weight in weights[0].items():
        torch.testing.assert_close(weights[1][name], expected_weight, atol=5e-5, rtol=0)


def test_what_two_processes_measured_of_a_round_is_gone_on_with_by_one(
    runs: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copytree(runs[1], tmp_path / "run", symlinks=True)
    # In the middle of the second round; two halves of a batch one after the other now.
    ended = run_here(
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
    same_measures(runs[0], tmp_path / "run")
