"""A run that learns from rewards is on two processes what it is on one."""

from __future__ import annotations

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


def test_two_processes_make_the_same_policy_steps_as_one(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    # The corpus's options stand in the command: they are for others.
    command = [each for each in ("fit", *TINY, *POLICY) if "corpus" not in each]
    ended = run_here(command, tmp_path / "one")
    assert ended.status == 0, ended.err
    ended = run([*command, *TWO], tmp_path / "two")
    assert ended.status == 0, ended.err
    one, two = (tmp_path / name / "runs" / "run" for name in ("one", "two"))
    for expected, found in zip(rounds_of(one), rounds_of(two), strict=True):
        assert expected.policy is not None and found.policy is not None
        assert found.policy == pytest.approx(expected.policy, abs=1e-4)
    assert rounds_of(one)[1].policy["value_loss"] > 0  # type: ignore[index]
    weights = [
        torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for folder in (one, two)
    ]
    for name, expected_weight in weights[0].items():
        torch.testing.assert_close(weights[1][name], expected_weight, atol=5e-5, rtol=0)
