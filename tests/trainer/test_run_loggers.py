from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb
from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger

from lit_coder.trainer.metrics_file import MetricsFile
from lit_coder.trainer.run_loggers import former_wandb_id, run_loggers


@pytest.fixture(autouse=True)
def _own_wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No login of the machine's, no mode of a test before."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "home" / "netrc"))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    # Lightning sets it for the whole process.
    monkeypatch.setenv("WANDB_MODE", "online")
    yield
    wandb.finish()


def wandb_logger(**options: Any) -> WandbLogger:
    settings = wandb.Settings(silent=True, console="off")
    return WandbLogger(project="programs", settings=settings, **options)


def test_false_logs_nothing_and_everything_else_starts_with_our_file(tmp_path: Path) -> None:
    assert run_loggers(False, tmp_path) is False
    for given in (None, True):
        found = run_loggers(given, tmp_path)
        assert found and [type(each) for each in found] == [MetricsFile, TensorBoardLogger]
    own = TensorBoardLogger(str(tmp_path))
    for chosen in (own, [own]):
        found = run_loggers(chosen, tmp_path)
        assert found and type(found[0]) is MetricsFile and found[1:] == [own]


def test_weights_and_biases_offline_keeps_the_rows_in_the_runs_folder(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "quickstart"
    found = run_loggers(wandb_logger(offline=True, entity="somebody"), folder)
    assert found
    found[1].log_metrics({"train/loss": 0.25}, 50)
    run = found[1].experiment
    assert (run.project, run.entity, run.name) == ("programs", "somebody", "quickstart")
    assert (run.summary["train/loss"], run.summary["trainer/global_step"]) == (0.25, 50)
    wandb.finish()
    (kept,) = folder.rglob("*.wandb")
    # A process of its own writes the file and may take its time.
    deadline = time.monotonic() + 20
    while b"train/loss" not in kept.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert b"train/loss" in kept.read_bytes()


def test_a_resumed_run_goes_on_with_its_own_id_and_a_new_one_does_not(tmp_path: Path) -> None:
    ids = []
    for folder in ("x", "x", "x-2"):
        found = run_loggers(wandb_logger(offline=True), tmp_path / folder)
        assert found
        ids.append(found[1].version)
        wandb.finish()
    assert ids[0] == ids[1] != ids[2]


def test_the_newest_run_in_a_folder_is_the_one_to_go_on_with(tmp_path: Path) -> None:
    assert former_wandb_id(tmp_path) is None
    for name in ("run-20260102_000000-old", "offline-run-20260103_000000-my-own", "latest-run"):
        (tmp_path / "wandb" / name).mkdir(parents=True)
    assert former_wandb_id(tmp_path) == "my-own"


def test_what_the_user_chose_stays(tmp_path: Path) -> None:
    found = run_loggers(
        wandb_logger(offline=True, name="mine", id="abc", save_dir=str(tmp_path / "e")), tmp_path
    )
    assert found
    run = found[1].experiment
    assert (run.name, run.id) == ("mine", "abc")
    assert list((tmp_path / "e" / "wandb").glob("offline-run-*-abc"))


def test_a_missing_login_is_one_sentence_that_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"trainer\.logger.*wandb login.*offline") as caught:
        run_loggers(wandb_logger(mode="online"), tmp_path / "x")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "x").exists()
