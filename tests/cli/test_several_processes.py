"""Which process of a run a command line is, and what one of them says when another one fails."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from lit_coder.cli.config_file import Given
from lit_coder.cli.failures import failure_sentence
from lit_coder.cli.processes import (
    FOLDER_VARIABLE,
    Ending,
    hand_on,
    handed_plan,
    is_first_process,
    is_lost_connection,
    started_side_by_side,
    take_back,
)
from lit_coder.cli.resume import plan_command
from lit_coder.trainer.stop_signals import RunInterrupted
from tests.cli.command_line import TINY, CommandLine

LOST = RuntimeError("[/torch/gloo/transport/tcp/pair.cc:547] Connection closed by peer")


@pytest.fixture(autouse=True)
def not_in_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_JOB_NAME", FOLDER_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("environment", "first", "side_by_side"),
    [
        ({}, True, False),
        ({"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2"}, True, True),
        ({"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4"}, False, True),
        ({"RANK": "2", "LOCAL_RANK": "0", "WORLD_SIZE": "4"}, False, True),
        ({"NODE_RANK": "1"}, False, True),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_JOB_NAME": "train"}, True, True),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_JOB_NAME": "bash"}, True, False),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "1", "SLURM_JOB_NAME": "train"}, True, False),
    ],
)
def test_a_process_knows_its_place_by_its_environment(
    environment: dict[str, str], first: bool, side_by_side: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_first_process() is first
    assert started_side_by_side() is side_by_side


def test_a_launched_process_follows_the_plan_though_the_folder_exists_by_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Given.read([])
    plan = plan_command(["fit", "--trainer.devices=2"], tmp_path / "runs", given)
    hand_on(plan)
    plan.run_folder.mkdir(parents=True)
    (plan.run_folder / "config.yaml").touch()
    assert handed_plan(plan.arguments) is None, "the launching process makes its own"
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert handed_plan(plan.arguments) == plan
    assert handed_plan(["fit", "--trainer.devices=3"]) is None
    take_back()
    assert handed_plan(plan.arguments) is None


def test_processes_started_side_by_side_need_one_folder_that_is_given(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    sentence = command.refused("fit", *TINY)
    assert "--trainer.default_root_dir" in sentence and FOLDER_VARIABLE in sentence
    monkeypatch.setenv(FOLDER_VARIABLE, str(command.folder / "shared"))
    plan = plan_command(["fit", *TINY], Path("runs"), Given.read(list(TINY)))
    assert plan.run_folder == command.folder / "shared"


def test_another_process_takes_a_folder_that_the_first_one_has_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["--trainer.default_root_dir", str(tmp_path)]
    (tmp_path / "training.log").touch()
    given = Given.read(arguments)
    with pytest.raises(ValueError, match="is not empty"):
        plan_command(["fit", *arguments], Path("runs"), given)
    monkeypatch.setenv("RANK", "1")
    assert plan_command(["fit", *arguments], Path("runs"), given).run_folder == tmp_path


class Launched:
    """A Trainer of two processes that has launched real ones."""

    def __init__(self, *programs: str) -> None:
        self.world_size = 2
        self.processes = [subprocess.Popen([sys.executable, "-c", each]) for each in programs]
        self.strategy = SimpleNamespace(launcher=SimpleNamespace(procs=list(self.processes)))


def failed(error: BaseException, trainer: Launched, sentence: str | None, status: int = 1) -> int:
    ending = Ending()
    ending.trainer = trainer
    return ending.fail(error, status, sentence, "python main.py fit --ckpt_path x")


def test_the_first_process_keeps_silent_where_another_one_has_said_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert failed(LOST, Launched("raise SystemExit(2)"), None) == 2
    assert capsys.readouterr().err == ""


def test_the_first_process_says_that_another_one_was_killed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    trainer = Launched("import time; time.sleep(60)")
    trainer.processes[0].send_signal(signal.SIGKILL)
    assert failed(LOST, trainer, None) == 1
    said = capsys.readouterr().err
    assert f"process {trainer.processes[0].pid}" in said and "signal 9" in said
    assert said.count("\n") == 1 and "--ckpt_path x" in said


def test_a_failure_of_the_first_process_is_said_once_and_no_other_stays(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lit_coder.cli.processes._LEAVING_SECONDS", 0.1)
    trainer = Launched("import time; time.sleep(60)")
    assert failed(ValueError("data.x"), trainer, "data.x is wrong", status=2) == 2
    assert capsys.readouterr().err == "lit-coder: data.x is wrong\n"
    assert trainer.processes[0].returncode == -signal.SIGKILL
    assert trainer.strategy.launcher.procs == [], "Lightning watches them no longer"


@pytest.mark.parametrize(
    ("error", "status"), [(RunInterrupted("stopped", signal.SIGINT), 0), (LOST, 1)]
)
def test_another_process_says_nothing_of_what_the_first_one_says(
    error: BaseException,
    status: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RANK", "1")
    assert Ending().fail(error, 1, "stopped", "python main.py") == status
    assert capsys.readouterr().err == ""


def test_only_the_loss_of_another_process_is_a_lost_connection() -> None:
    assert is_lost_connection(LOST)
    assert not is_lost_connection(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_lost_connection(ValueError("connection closed by peer"))


def test_a_bug_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(KeyError, match="ours"):
        Ending().fail(KeyError("ours"), 1, None, "python main.py")


def test_a_strategy_that_cannot_work_here_is_refused(command: CommandLine) -> None:
    sentence = command.refused("fit", *TINY, "--trainer.strategy=ddp_spawn", "--trainer.devices=2")
    assert "trainer.strategy" in sentence and "ddp" in sentence
    sentence = command.refused("fit", *TINY, "--trainer.strategy=fsdp")
    assert sentence.startswith("trainer.strategy fsdp") and "use ddp" in sentence


def test_a_full_device_names_a_smaller_setting_and_the_command_that_goes_on() -> None:
    model: dict[str, Any] = {"gradient_checkpointing": 1, "loss_chunk_tokens": None}
    config = SimpleNamespace(
        model=SimpleNamespace(init_args=model),
        data=SimpleNamespace(batch_size=8, max_sequence_length=1024),
        trainer=SimpleNamespace(accumulate_grad_batches=2),
    )
    error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    status, sentence = failure_sentence(error, "python main.py fit", config=config)
    assert status == 1 and sentence is not None
    assert "data.batch_size 4" in sentence and "accumulate_grad_batches 4" in sentence
    assert sentence.endswith("go on with: python main.py fit")
