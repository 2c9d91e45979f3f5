"""What a command does to a run's folder: new runs, resumes, and everything that is refused."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
import yaml

from tests.cli.command_line import TINY, CommandLine, files_of

LAST = "runs/run/checkpoints/last.ckpt"
FIXED = (
    ("model.hidden_size", "32", "model.init_args.hidden_size"),
    ("model.init_args.learning_rate", "0.5", "model.init_args.learning_rate"),
    ("data.families", "[lists]", "data.families"),
    ("data.max_sequence_length", "32", "data.max_sequence_length"),
    ("recursion.every_n_steps", "4", "recursion.every_n_steps"),
    ("seed_everything", "7", "seed_everything"),
)


def test_a_second_run_gets_a_folder_of_its_own(run: CommandLine) -> None:
    before = files_of(run.folder / "runs" / "run")
    assert run("fit", *TINY).status == 0
    assert files_of(run.folder / "runs" / "run") == before
    assert (run.folder / "runs" / "last").resolve().name == "run-2"


def test_a_folder_that_is_not_empty_is_refused_for_a_new_run(run: CommandLine) -> None:
    sentence = run.refused("fit", *TINY, "--trainer.default_root_dir", "runs/run")
    assert "trainer.default_root_dir runs/run is not empty" in sentence


def test_the_folder_may_stand_in_the_configuration(command: CommandLine) -> None:
    (command.folder / "mine.yaml").write_text("trainer:\n  default_root_dir: given\n")
    assert command("fit", "--config", "mine.yaml", *TINY).status == 0
    assert (command.folder / "given" / "config.yaml").exists()
    assert not (command.folder / "runs").exists()


@pytest.mark.parametrize(
    "form", [("--ckpt_path", "last"), ("--ckpt_path=last",), ("--ckpt_path", "runs/run")]
)
def test_last_or_its_folder_extends_a_run(run: CommandLine, form: tuple[str, ...]) -> None:
    tokenizer = (run.folder / "runs/run/tokenizer.json").stat().st_mtime_ns
    ended = run("fit", *form, "--trainer.max_steps", "6")
    assert ended.status == 0 and "step 4 of 6" in " ".join(ended.out.split())
    assert (run.folder / "runs/run/checkpoints/round-0002.ckpt").exists()
    assert (run.folder / "runs/run/tokenizer.json").stat().st_mtime_ns == tokenizer


def test_a_folder_that_is_no_run_is_said_to_be_that(command: CommandLine) -> None:
    (command.folder / "elsewhere").mkdir()
    sentence = command.refused("test", "--ckpt_path", "elsewhere")
    assert "elsewhere is a folder, but of no run: it holds no config.yaml" in sentence


def test_last_without_a_run_says_how_to_start_one(command: CommandLine) -> None:
    assert "no run to go on with" in command.refused("fit", "--ckpt_path", "last")


def test_auto_starts_a_run_and_goes_on_with_it(command: CommandLine) -> None:
    assert command("fit", *TINY, "--ckpt_path", "auto").status == 0
    ended = command("fit", *TINY, "--ckpt_path", "auto", "--trainer.max_steps", "6")
    assert ended.status == 0 and "step 4 of 6" in " ".join(ended.out.split())
    assert not (command.folder / "runs" / "run-2").exists()


@pytest.mark.parametrize(("option", "value", "named"), FIXED)
def test_a_resume_refuses_what_it_cannot_honour(
    run: CommandLine, option: str, value: str, named: str
) -> None:
    sentence = run.refused("fit", "--ckpt_path", "last", f"--{option}", value)
    assert sentence.startswith(f"{named} is ") and "a resume cannot change it" in sentence


@pytest.mark.parametrize("option", ["recursion.gate", "recursion.solver"])
def test_a_resume_refuses_another_way_into_the_pool(command: CommandLine, option: str) -> None:
    other = {
        "recursion.gate": "lit_coder.recursion.gates.NoTests",
        "recursion.solver": "lit_coder.recursion.solvers.ModelSolver",
    }[option]
    assert command("fit", *TINY, f"--{option}={other}").status == 0
    resume = ("fit", "--ckpt_path", "last", "--trainer.max_steps=6")
    sentence = command.refused(*resume, f"--{option}=null")
    assert sentence.startswith(f"{option} is None, but the run has {other.rsplit('.')[-1]}")
    ended = command(*resume)
    assert ended.status == 0, ended.err


@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped", "empty"])
def test_a_damaged_checkpoint_lists_the_intact_ones(run: CommandLine, damage: str) -> None:
    path = Path("runs/run/checkpoints/bad.ckpt")
    content = bytearray(Path(LAST).read_bytes())
    if damage == "truncated":
        del content[len(content) // 2 :]
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    if damage != "missing":
        path.write_bytes(b"" if damage == "empty" else content)
    sentence = run.refused("fit", "--ckpt_path", str(path))
    assert "bad.ckpt" in sentence and "round-0001.ckpt" in sentence.split("intact: ")[1]


@pytest.mark.parametrize("command_name", ["fit", "test"])
def test_a_file_that_is_no_checkpoint_is_refused(run: CommandLine, command_name: str) -> None:
    path = "runs/run/checkpoints/other.ckpt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello", "x")
    sentence = run.refused(command_name, "--ckpt_path", path)
    assert "not a checkpoint" in sentence
    assert "round-0001.ckpt" in sentence.split("intact: ")[1] and sentence.count("other.ckpt") == 1
    torch.save({"state_dict": {}}, path)
    shutil.copy(path, "runs/run/checkpoints/another.ckpt")
    sentence = run.refused(command_name, "--ckpt_path", path)
    assert "it lacks" in sentence and "round-0001.ckpt" in sentence.split("intact: ")[1]
    assert "another.ckpt" not in sentence


def test_a_pool_that_is_gone_or_damaged_is_refused(run: CommandLine) -> None:
    pool = Path("runs/run/pool.lance")
    for file in (pool / "_versions").iterdir():
        file.write_bytes(file.read_bytes()[:20])
    assert "pool" in run.refused("fit", "--ckpt_path", LAST, "--trainer.max_steps=6")
    shutil.rmtree(pool)
    assert "is gone" in run.refused("fit", "--ckpt_path", LAST, "--trainer.max_steps=6")


def test_what_belongs_to_another_run_is_refused(run: CommandLine) -> None:
    assert run("fit", *TINY, "--seed_everything=3").status == 0
    shutil.rmtree("runs/run/pool.lance")
    shutil.copytree("runs/run-2/pool.lance", "runs/run/pool.lance")
    assert "belongs to run" in run.refused("fit", "--ckpt_path", LAST, "--trainer.max_steps=6")
    other = ("--data.tokenizer", "runs/run-2/tokenizer.json")
    assert "data.tokenizer is not" in run.refused("test", "--ckpt_path", LAST, *other)


def test_a_checkpoint_outside_a_run_needs_its_configuration(run: CommandLine) -> None:
    shutil.copy(LAST, "alone.ckpt")
    assert "run's folder" in run.refused("fit", "--ckpt_path", "alone.ckpt")
    assert "--config" in run.refused("test", "--ckpt_path", "alone.ckpt")


def test_the_saved_configuration_starts_a_run_and_measures(run: CommandLine) -> None:
    saved = yaml.safe_load(Path("runs/run/config.yaml").read_text())
    assert saved["ckpt_path"] is None and saved["trainer"]["default_root_dir"] is None
    for name in ("test", "validate"):
        ended = run(name, "--config", "runs/run/config.yaml", "--ckpt_path", LAST)
        assert ended.status == 0, ended.err
    assert run("fit", "--config", "runs/run/config.yaml").status == 0
    assert Path("runs/run-2/checkpoints/last.ckpt").exists()


def test_a_given_tokenizer_is_used_and_saved_with_its_whole_path(run: CommandLine) -> None:
    shutil.copy("runs/run/tokenizer.json", "mine.json")
    assert run("fit", *TINY, "--data.tokenizer", "mine.json").status == 0
    for _ in range(2):  # as it is after a resume, too
        saved = yaml.safe_load(Path("runs/run-2/config.yaml").read_text())
        assert saved["data"]["tokenizer"] == str(Path("mine.json").absolute())
        assert run("fit", "--ckpt_path", "last", "--trainer.max_steps=6").status == 0


def test_predict_writes_a_completion_for_each_held_out_problem(run: CommandLine) -> None:
    assert run("predict", "--ckpt_path", "last").status == 0
    lines = Path("runs/run/predictions.jsonl").read_text().splitlines()
    assert len(lines) == 2 and set(json.loads(lines[0])) == {"task_id", "prompt", "completion"}


@pytest.mark.parametrize("every", ["1", "0"])
def test_a_loss_that_is_not_finite_stops_at_a_finite_checkpoint(
    command: CommandLine, every: str
) -> None:
    wild = ("--model.learning_rate=1e30", "--model.warmup_steps=0")
    ended = command("fit", *TINY, *wild, f"--checkpoint.every_n_train_steps={every}")
    assert ended.status != 0 and "Traceback" not in ended.err
    sentence = ended.err.splitlines()[-1]
    assert "not a finite number" in sentence and "last good checkpoint" in sentence
    saved = torch.load("runs/run/checkpoints/last.ckpt", weights_only=True)
    assert all(weight.isfinite().all() for weight in saved["state_dict"].values())


def test_a_file_in_the_way_of_the_folder_is_named(command: CommandLine) -> None:
    Path("taken").write_text("")
    sentence = command.refused("fit", *TINY, "--trainer.default_root_dir", "taken/run")
    assert "trainer.default_root_dir" in sentence and "taken is not a folder" in sentence


def test_a_folder_that_nobody_can_make_is_one_sentence(command: CommandLine) -> None:
    sentence = command.refused("fit", *TINY, "--trainer.default_root_dir", "/proc/x")
    assert "trainer.default_root_dir /proc/x cannot be" in sentence


@pytest.mark.parametrize(
    ("content", "fault"),
    [("a: [1, 2\nb: }{", "line 2"), ("", "is empty"), ("seed_everything: 1\n", "lacks model")],
)
def test_a_damaged_configuration_of_the_run_is_said_to_be_its_own(
    run: CommandLine, content: str, fault: str
) -> None:
    file = Path("runs/run/config.yaml").absolute()
    file.write_text(content)
    for name in ("fit", "test"):
        sentence = run.refused(name, "--ckpt_path", "last")
        assert sentence.startswith(f"the run's own configuration {file} is damaged (")
        assert fault in sentence and "--config" in sentence


def test_a_run_belongs_to_the_configuration_that_made_it(command: CommandLine) -> None:
    for name in ("gpt", "gpt-2"):
        Path(f"{name}.yaml").write_text("trainer:\n  logger: false\n")
    for _ in range(2):
        assert command("fit", "--config", "gpt.yaml", *TINY).status == 0
    sentence = command.refused("test", "--config", "gpt-2.yaml", *TINY, "--ckpt_path", "last")
    assert "no run to go on with under runs/gpt-2" in sentence
    assert command("fit", "--config", "gpt-2.yaml", *TINY).status == 0
    for name, folder in (("gpt", "gpt-2"), ("gpt-2", "gpt-2-2")):
        more = ("--ckpt_path", "last", "--trainer.max_steps=6")
        assert command("fit", "--config", f"{name}.yaml", *TINY, *more).status == 0
        assert Path(f"runs/{folder}/checkpoints/round-0002.ckpt").exists()
    own = ("--config", "runs/gpt-2/config.yaml")
    assert command("predict", *own, "--ckpt_path", "last").status == 0
    assert Path("runs/gpt-2/predictions.jsonl").exists()
    assert command("fit", *own).status == 0
    assert json.loads(Path("runs/gpt-3/environment.json").read_text())["config_name"] == "gpt"


def test_a_usual_run_shows_no_warning_of_a_library(command: CommandLine) -> None:
    for arguments in (
        ("fit", *TINY),
        ("fit", "--ckpt_path=last", "--trainer.max_steps=6"),
        ("test", "--ckpt_path=last"),
        ("validate", "--ckpt_path=last"),
        ("predict", "--ckpt_path=last"),
    ):
        ended = command(*arguments)
        assert ended.status == 0
        lines = ended.err.splitlines()
        ours = ("sandbox: ", "wrote ", "configuration: ", "attention: ")
        assert all(line.startswith(ours) for line in lines), ended.err
