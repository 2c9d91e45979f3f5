"""A run keeps its problems: what measures or goes on with it may not ask for others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml

from tests.cli.command_line import TINY, CommandLine

LAST = "runs/run/checkpoints/last.ckpt"
MEASURING = ("test", "validate", "predict")
OTHER_PROBLEMS = (
    ("data.num_held_out", "40"),
    ("data.held_out_difficulties", "[2]"),
    ("data.families", "['lists']"),
    ("data.num_labelled", "11"),
    ("data.max_sequence_length", "32"),
    ("seed_everything", "7"),
)
OWN_PROBLEMS = [
    {
        "task_id": f"mine/{n}",
        "prompt": f"def plus_{n}(x):\n",
        "entry_point": f"plus_{n}",
        "cases": [{"arguments": [m], "expected": m + n} for m in range(4)],
        "reference": f"    return x + {n}\n",
    }
    for n in range(3)
]


@pytest.fixture
def files_run(command: CommandLine) -> CommandLine:
    """A folder that holds a run on the user's own problems: a file and a folder of one file."""
    text = "".join(json.dumps(problem) + "\n" for problem in OWN_PROBLEMS)
    Path("mine.jsonl").write_text(text.replace("mine/", "file/").replace("plus_", "add_"))
    Path("folder").mkdir()
    Path("folder/a.jsonl").write_text(text)
    assert command("fit", *TINY, "--data.problem_files=[mine.jsonl,folder]").status == 0
    return command


@pytest.mark.parametrize("name", MEASURING)
@pytest.mark.parametrize(("option", "value"), OTHER_PROBLEMS)
def test_measuring_refuses_other_problems_than_the_runs(
    run: CommandLine, name: str, option: str, value: str
) -> None:
    sentence = run.refused(name, "--ckpt_path", "last", f"--{option}", value)
    assert sentence.startswith(f"{option} is {value}, but the run has ")
    assert f"{name} measures on the problems held out" in sentence


def test_measuring_may_change_what_decides_no_problem(run: CommandLine) -> None:
    free = ("--benchmark.max_problems=1", "--data.batch_size=2", "--recursion.num_problems=2")
    ended = run("test", "--ckpt_path", "last", *free)
    assert ended.status == 0, ended.err


@pytest.mark.parametrize(("option", "value"), OTHER_PROBLEMS)
def test_a_checkpoint_outside_a_run_says_itself_what_it_was_trained_on(
    run: CommandLine, option: str, value: str
) -> None:
    shutil.copy(LAST, "alone.ckpt")
    saved = yaml.safe_load(Path("runs/run/config.yaml").read_text())
    saved["data"]["tokenizer"] = str(Path("runs/run/tokenizer.json").absolute())
    Path("x.yaml").write_text(yaml.safe_dump(saved))
    alone = ("test", "--config", "x.yaml", "--ckpt_path", "alone.ckpt")
    sentence = run.refused(*alone, f"--{option}", value)
    assert sentence.startswith(f"{option} is {value}, but the checkpoint has ")


def test_a_checkpoint_that_does_not_say_it_is_measured_with_a_warning(run: CommandLine) -> None:
    saved = torch.load(LAST, weights_only=True)
    torch.save(saved, "alone.ckpt")
    alone = ("validate", "--config", "runs/run/config.yaml", "--ckpt_path", "alone.ckpt")
    ended = run(*alone)
    assert ended.status == 0 and "cannot be checked" not in ended.err
    del saved["datamodule_hyper_parameters"]
    torch.save(saved, "alone.ckpt")
    ended = run(*alone)
    assert ended.status == 0 and ended.err.count("cannot be checked") == 1
    assert [line for line in ended.err.splitlines() if "held-out problems" in line]


def test_a_configuration_changed_by_hand_is_noticed(run: CommandLine) -> None:
    config = Path("runs/run/config.yaml")
    config.write_text(config.read_text().replace("num_held_out: 2", "num_held_out: 40"))
    sentence = run.refused("test", "--ckpt_path", "last")
    assert sentence.startswith("data.num_held_out is 40, but the checkpoint has 2")


@pytest.mark.parametrize("name", ["fit", *MEASURING])
def test_problem_files_that_are_not_as_they_were_are_refused(
    files_run: CommandLine, name: str
) -> None:
    environment = json.loads(Path("runs/run/environment.json").read_text())
    files = [str(Path(file).absolute()) for file in ("folder/a.jsonl", "mine.jsonl")]
    assert sorted(environment["data_sha256"]) == files
    arguments = (name, "--ckpt_path", "last", "--trainer.max_steps=6")
    for file in files:
        content = Path(file).read_text()
        Path(file).write_text(content + "\n")
        sentence = files_run.refused(*arguments)
        assert f"the problem file {file} has changed" in sentence and "put it back" in sentence
        Path(file).unlink()
        assert f"the problem file {file} is gone" in files_run.refused(*arguments)
        Path(file).write_text(content)
    Path("folder/b.jsonl").write_text("{}")
    assert "b.jsonl was not there" in files_run.refused(*arguments)
    Path("folder/b.jsonl").unlink()
    ended = files_run(*arguments)
    assert ended.status == 0, ended.err
