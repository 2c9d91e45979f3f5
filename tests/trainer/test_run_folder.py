from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lit_coder.trainer.run_folder import (
    CONFIG_FILE,
    RunFolder,
    choose_new_folder,
    corpus_licences,
    find_run,
    link_last,
    supersede_rounds,
)
from lit_coder.training_data.folder_lock import FolderLock
from lit_coder.training_data.whole_file import write_whole
from tests.recursion.tiny_run import make_data, make_module, make_recursion, make_trainer


def make_run(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / CONFIG_FILE).write_text("seed_everything: 1\n")
    return folder


def test_a_new_run_never_gets_a_folder_that_exists(tmp_path: Path) -> None:
    assert choose_new_folder(tmp_path, "x") == tmp_path / "x"
    for name in ("x", "x-2", "x-4"):
        (tmp_path / name).mkdir()
    assert choose_new_folder(tmp_path, "x") == tmp_path / "x-3"
    assert choose_new_folder(tmp_path / "none", "x") == tmp_path / "none" / "x"
    assert not (tmp_path / "x-3").exists() and not (tmp_path / "none").exists()


def test_the_newest_run_of_a_name_has_the_highest_number(tmp_path: Path) -> None:
    assert find_run(tmp_path, "x") is None
    for name in ("x", "x-2", "x-10", "xx-99", "x-y", "x-2-3"):
        make_run(tmp_path / name)
    (tmp_path / "x-11").mkdir()
    assert find_run(tmp_path, "x") == tmp_path / "x-10"
    assert find_run(tmp_path, "x-y") == tmp_path / "x-y"
    assert find_run(tmp_path, "x.") is None
    assert find_run(tmp_path / "none", "x") is None


def test_the_newest_run_of_all_is_the_one_last_points_at(tmp_path: Path) -> None:
    assert find_run(tmp_path, None) is None
    first, second = make_run(tmp_path / "b"), make_run(tmp_path / "a")
    link_last(first)
    link_last(second)
    assert find_run(tmp_path, None) == second
    assert os.readlink(tmp_path / "last") == "a"
    (second / CONFIG_FILE).unlink()
    assert find_run(tmp_path, None) is None


def test_somebodys_own_folder_called_last_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "last").mkdir()
    link_last(make_run(tmp_path / "x"))
    assert (tmp_path / "last").is_dir() and not (tmp_path / "last").is_symlink()


# What FolderLock does, without the seconds that importing it takes.
HOLDING = """
import fcntl, os, sys, time
from pathlib import Path
path = Path(sys.argv[1]) / ".lock"
stream = path.open("a+")
fcntl.flock(stream, fcntl.LOCK_EX)
stream.truncate(0)
stream.write(str(os.getpid()))
stream.flush()
print("held", flush=True)
time.sleep(100)
"""


def test_a_second_process_is_kept_out_until_the_first_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match=f"pid {holder.pid}") as caught:
            FolderLock(tmp_path, "is training in", "wait").acquire()
        assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)
        holder.send_signal(signal.SIGKILL)
    lock = FolderLock(tmp_path, "is training in", "wait")
    lock.acquire()
    assert (tmp_path / ".lock").read_text() == str(os.getpid())
    lock.release()


def test_a_lock_that_was_released_can_be_taken_again(tmp_path: Path) -> None:
    first, second = (FolderLock(tmp_path, "is training in", "wait") for _ in range(2))
    first.acquire()
    with pytest.raises(ValueError, match=str(os.getpid())):
        second.acquire()
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_records_of_rounds_that_are_run_again_are_all_kept(tmp_path: Path) -> None:
    for generation in ("first", "second", "third"):
        for round in range(4):
            (tmp_path / f"{round:04d}.json").write_text(f"{generation} {round}")
        supersede_rounds(tmp_path, 2)
        assert sorted(p.name for p in tmp_path.glob("*.json")) == ["0000.json", "0001.json"]
    kept = {p.name: p.read_text() for p in (tmp_path / "superseded").iterdir()}
    assert kept == {
        f"{round:04d}.{number}.json": f"{generation} {round}"
        for number, generation in enumerate(("first", "second", "third"))
        for round in (2, 3)
    }


def test_where_no_round_is_run_again_nothing_moves(tmp_path: Path) -> None:
    (tmp_path / "0000.json").write_text("0")
    supersede_rounds(tmp_path, 1)
    supersede_rounds(tmp_path / "none", 0)
    assert [p.name for p in tmp_path.iterdir()] == ["0000.json"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    write_whole(path, "first")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "second \ud800")
    assert path.read_text() == "first"


def test_somebodys_own_link_called_last_is_left_alone(tmp_path: Path) -> None:
    run = make_run(tmp_path / "x")
    (tmp_path / "notes").mkdir()
    for target in ("notes", "../elsewhere", str(tmp_path / "notes")):
        (tmp_path / "last").symlink_to(target)
        link_last(run)
        assert os.readlink(tmp_path / "last") == target
        (tmp_path / "last").unlink()
    (tmp_path / "last").symlink_to("a run that is gone")
    link_last(run)
    assert os.readlink(tmp_path / "last") == "x"


def fit_with(
    folder: Path, run_folder: RunFolder, max_steps: int = 2, ckpt_path: Path | None = None
) -> None:
    trainer = make_trainer(folder, make_recursion(num_problems=0), max_steps=max_steps)
    trainer.callbacks[0] = run_folder
    data = make_data()
    trainer.fit(make_module(data), datamodule=data, ckpt_path=ckpt_path)


def test_last_is_moved_in_our_own_runs_folder_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fit_with(tmp_path / "elsewhere" / "x", RunFolder("seed_everything: 1\n"))
    assert not (tmp_path / "elsewhere" / "last").is_symlink()
    fit_with(tmp_path / "runs" / "x", RunFolder("seed_everything: 1\n"))
    assert os.readlink(tmp_path / "runs" / "last") == "x"


def test_a_resume_keeps_the_former_configuration_and_logs_what_changed(
    tmp_path: Path, log_lines: pytest.LogCaptureFixture
) -> None:
    log_lines.set_level(logging.INFO, "lit_coder")
    first = "seed_everything: 1\ntrainer:\n  max_steps: 2\n"
    texts = [first.replace("max_steps: 2", f"max_steps: {steps}") for steps in (2, 4, 6)]
    last = tmp_path / "checkpoints" / "last.ckpt"
    fit_with(tmp_path, RunFolder(texts[0], config_name="quickstart"))
    about = json.loads((tmp_path / "environment.json").read_text())
    assert about["config_name"] == "quickstart"
    # Nothing is left to do: the run stays what it is.
    fit_with(tmp_path, RunFolder(texts[1]), 2, last)
    assert (tmp_path / CONFIG_FILE).read_text() == texts[0]
    fit_with(tmp_path, RunFolder(texts[1]), 4, last)
    fit_with(tmp_path, RunFolder(texts[2]), 6, last)
    fit_with(tmp_path, RunFolder(texts[2] + "# again\n"), 8, last)
    assert (tmp_path / CONFIG_FILE).read_text() == texts[2]
    assert [(tmp_path / f"config.{n}.yaml").read_text() for n in (1, 2)] == [texts[0], texts[1]]
    assert not (tmp_path / "config.3.yaml").exists()
    log = (tmp_path / "training.log").read_text()
    assert "trainer.max_steps: 2 -> 4" in log and "trainer.max_steps: 4 -> 6" in log
    assert "seed_everything" not in log
    assert json.loads((tmp_path / "environment.json").read_text()) == about


def test_fit_fills_the_folder_and_gives_lock_and_log_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "runs" / "x"
    recursion = make_recursion(num_problems=0)
    trainer = make_trainer(folder, recursion, max_steps=2)
    trainer.callbacks[0] = RunFolder("seed_everything: 1\n")
    data = make_data()
    handlers = list(logging.getLogger("lit_coder").handlers)
    assert not folder.exists()
    trainer.fit(make_module(data), datamodule=data)
    assert (folder / CONFIG_FILE).read_text() == "seed_everything: 1\n"
    about = json.loads((folder / "environment.json").read_text())
    assert about["packages"]["torch"] and about["python"]
    assert json.loads((folder / "tokenizer.json").read_text())
    assert find_run(tmp_path / "runs", None) == folder
    assert logging.getLogger("lit_coder").handlers == handlers
    lock = FolderLock(folder, "is training in", "wait")
    lock.acquire()
    lock.release()


def test_a_second_fit_in_a_running_runs_folder_is_refused_and_writes_nothing(
    tmp_path: Path,
) -> None:
    lock = FolderLock(tmp_path, "is training in", "wait")
    lock.acquire()
    data = make_data()
    trainer = make_trainer(tmp_path, make_recursion(num_problems=0), max_steps=2)
    trainer.callbacks[0] = RunFolder("seed_everything: 1\n")
    with pytest.raises(ValueError, match="is training in"):
        trainer.fit(make_module(data), datamodule=data)
    assert [p.name for p in tmp_path.iterdir()] == [".lock"]
    lock.release()


def test_the_licences_of_the_corpus_are_those_that_its_parts_state() -> None:
    lines = corpus_licences(make_data(corpus=["stdlib", "site-packages"]))
    assert any(line.split() == ["stdlib", "all", "PSF-2.0"] for line in lines)
    assert any(" pytest " in line and line.endswith("MIT") for line in lines)
    assert corpus_licences(make_data()) == []
