"""SLURM's end of a job, with Lightning's own answer to it and a stand-in for `scontrol`."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
from lightning.pytorch.plugins.environments import SLURMEnvironment

from lit_coder.recursion.solvers import ReferenceSolver
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.trainer.stop_signals import RunInterrupted
from tests.recursion.tiny_run import fit, make_recursion

pytestmark = pytest.mark.filterwarnings("ignore:.*srun.*")

# Requeues as SLURM does: by ending the job. It writes down what was asked and what `last` was.
SCONTROL = """#!/bin/sh
echo "$@ $(readlink {last})" >> {asked}
kill -TERM $PPID
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A job under SLURM; the file in which `scontrol` writes down what it is asked."""
    for name in [name for name in os.environ if name.startswith("SLURM")]:
        monkeypatch.delenv(name)
    job = {"JOB_ID": "77", "JOB_NAME": "train", "NTASKS": "1", "PROCID": "0", "LOCALID": "0"}
    for name, value in {**job, "NODEID": "0", "NODELIST": "127.0.0.1"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    tools = tmp_path / "tools"
    tools.mkdir()
    script = tools / "scontrol"
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    script.write_text(SCONTROL.format(last=last, asked=tmp_path / "asked.txt"))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    return tmp_path / "asked.txt"


class WarnedAt(pl.Callback):
    """Sends SLURM's warning in the middle of a step."""

    def __init__(self, step: int) -> None:
        self._step = step

    def on_before_zero_grad(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.global_step == self._step:
            os.kill(os.getpid(), signal.SIGUSR1)


def run_under_slurm(folder: Path, *callbacks: pl.Callback, **changes: Any) -> None:
    # Steps of several batches: a save inside one could not be gone on with.
    fit(
        folder,
        *callbacks,
        recursion=make_recursion(every_n_steps=3, **changes),
        checkpoint=RunCheckpoint(0, 0),
        max_steps=6,
        plugins=[SLURMEnvironment(auto_requeue=True)],
    )


def test_a_job_is_requeued_by_lightning_when_its_step_is_saved(tmp_path: Path, asked: Path) -> None:
    former = signal.getsignal(signal.SIGUSR1)
    with pytest.raises(RunInterrupted, match="saved at step 2") as caught:
        run_under_slurm(tmp_path / "run", WarnedAt(0))
    assert caught.value.signal_number == signal.SIGTERM
    assert asked.read_text() == "requeue 77 step-00000001.ckpt\n"
    assert not list((tmp_path / "run").glob("hpc_ckpt*"))
    assert signal.getsignal(signal.SIGUSR1) == former


def test_in_a_rounds_last_step_the_step_before_it_is_what_the_job_goes_on_from(
    tmp_path: Path, asked: Path
) -> None:
    with pytest.raises(RunInterrupted):
        run_under_slurm(tmp_path / "run", WarnedAt(2))
    assert asked.read_text() == "requeue 77 step-00000002.ckpt\n"


def test_while_generating_the_job_is_requeued_at_once(tmp_path: Path, asked: Path) -> None:
    class Warned(ReferenceSolver):
        def solve(self, *arguments: Any, **named: Any) -> Any:
            os.kill(os.getpid(), signal.SIGUSR1)
            return super().solve(*arguments, **named)

    with pytest.raises(RunInterrupted, match="stopped while generating"):
        run_under_slurm(tmp_path / "run", solver=Warned())
    assert asked.read_text() == "requeue 77 step-00000002.ckpt\n"
    fit(
        tmp_path / "run",
        recursion=make_recursion(every_n_steps=3),
        max_steps=6,
        ckpt_path=tmp_path / "run" / "checkpoints" / "last.ckpt",
        plugins=[SLURMEnvironment(auto_requeue=True)],
    )
    assert len(list((tmp_path / "run" / "rounds").iterdir())) == 2
