"""A TRM on the command line: its run, a resume to the last bit, its measuring, and refusals."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from lit_coder import load_module
from lit_coder.modules.trm_module import TRMModule
from lit_coder.recursion.round_record import read_records
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.pool import SamplePool
from tests.cli.command_line import TINY, CommandLine, files_of
from tests.modules.tiny_trm_fit import TINY_TRM

LAST = "runs/run/checkpoints/last.ckpt"
MIDDLE = "runs/run/checkpoints/step-00000009.ckpt"
HALVES = ("--trainer.accumulate_grad_batches=2", "--data.batch_size=4")
CONFIG = str(Path(__file__).parents[2] / "configs" / "trm_debug.yaml")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run `runs/run` of twelve steps; only for copying."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["main.py"])
        from lit_coder.__main__ import main

        assert main(["fit", *TINY_TRM]) == 0
    return folder


@pytest.fixture
def run(command: CommandLine, finished: Path) -> CommandLine:
    """The command line in a folder that holds the finished run, `runs/run`."""
    shutil.copytree(finished / "runs", command.folder / "runs", symlinks=True)
    return command


def content(path: str) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(path, weights_only=True)
    return found


def differences(some: Any, other: Any, name: str = "") -> list[str]:
    """Where two checkpoints differ, to the last bit."""
    if isinstance(some, dict):
        assert some.keys() == other.keys(), name
        return [d for key in some for d in differences(some[key], other[key], f"{name}.{key}")]
    if isinstance(some, list):
        return differences(dict(enumerate(some)), dict(enumerate(other)), name)
    if isinstance(some, torch.Tensor):
        return [] if torch.equal(some, other) else [name]
    return [] if some == other else [name]


def test_a_runs_rounds_train_on_what_the_trm_wrote_and_keep_the_drafts(run: CommandLine) -> None:
    records = read_records(Path("runs/run/rounds"))
    assert [record.global_step for record in records] == [6, 12]
    assert records[0].pool_size > 0 and records[0].validation_loss is not None
    held_out = records[1].held_out
    assert held_out is not None and set(held_out.pass_at) == {1, 2}
    saved = content(LAST)
    options = saved["datamodule_hyper_parameters"]
    data = CodeDataModule(**{k: v for k, v in options.items() if not k.startswith("_")})
    drafts = {p.draft for round in (0, 1) for p in data.problems.fresh(round, 3)}
    samples = SamplePool(Path("runs/run/pool.lance"), "").read(3)
    assert {sample.origin for sample in samples} == {"trm"}
    assert {sample.draft for sample in samples} == drafts and len(drafts) == 6


@pytest.mark.parametrize(
    "options",
    [(), (*HALVES, "--model.binary_threshold=0.5")],
    ids=["as it is", "accumulation of binary latents"],
)
def test_a_run_stopped_in_the_middle_of_a_round_ends_as_if_it_had_not_been(
    run: CommandLine, options: tuple[str, ...]
) -> None:
    if options:
        shutil.rmtree("runs")
        assert run("fit", *TINY_TRM, *options, "--trainer.max_steps=6").status == 0
    # An untrained halting head never accepts; from here on it does, where chance allows it.
    path = "runs/run/checkpoints/halting.ckpt"
    start = content("runs/run/checkpoints/step-00000000.ckpt")
    start["state_dict"]["network.halt_head.bias"].fill_(2.0)
    torch.save(start, path)
    assert run("fit", "--ckpt_path", path, "--trainer.max_steps=12").status == 0
    undisturbed, middle = content(LAST), content(MIDDLE)
    depths = middle["trm_carries"]["num_steps_B"].tolist()
    assert len(depths) == 8 and len(set(depths)) > 1
    assert run("fit", "--ckpt_path", MIDDLE).status == 0
    resumed = content(LAST)
    for part in ("global_step", "state_dict", "optimizer_states", "trm_carries", "lr_schedulers"):
        assert differences(undisturbed[part], resumed[part], part) == []
    names = {name.partition(".")[0] for name in resumed["state_dict"]}
    assert names == {"network", "averaged"} and resumed["global_step"] == 12


def test_steps_of_another_size_are_refused(run: CommandLine) -> None:
    ended = run("fit", "--ckpt_path", MIDDLE, "--data.batch_size=4")
    assert ended.status == 2 and "optimizer steps have 8 rows, not 4" in ended.err


def test_a_saved_trm_is_loaded_without_what_its_slots_held(run: CommandLine) -> None:
    module = load_module("last")
    assert isinstance(module, TRMModule) and not module.training
    assert module._saved_carries == {}
    saved = content(LAST)
    assert "trm_carries" in saved
    assert differences(saved["state_dict"], module.state_dict()) == []
    checkpoint: dict[str, Any] = {}
    module.on_save_checkpoint(checkpoint)
    assert "trm_carries" not in checkpoint


def test_a_trm_is_tested_validated_and_asked_for_its_answers(run: CommandLine) -> None:
    ended = run("test", "--ckpt_path=last")
    assert ended.status == 0, ended.err
    assert "held_out@lit_coder" in ended.out
    ended = run("validate", "--ckpt_path=last")
    assert ended.status == 0, ended.err
    loss = float(ended.out.split("validation/loss")[1].split()[1])
    assert loss == pytest.approx(read_records(Path("runs/run/rounds"))[-1].validation_loss)
    ended = run("predict", "--ckpt_path=last")
    assert ended.status == 0, ended.err
    lines = map(json.loads, Path("runs/run/predictions.jsonl").read_text().splitlines())
    assert [line["prompt"] for line in lines] == ["", "", ""]


def test_a_trm_without_a_canvas_is_refused(command: CommandLine) -> None:
    options = [each for each in TINY_TRM if "canvas_length" not in each]
    sentence = command.refused("fit", *options)
    assert sentence.startswith("data.canvas_length is needed for a TRMModule")


@pytest.mark.parametrize(
    "option",
    [
        "recursion.top_k=4",
        "recursion.top_p=0.9",
        "benchmark.top_p=0.9",
        "benchmark.token_healing=true",
    ],
)
def test_how_tokens_are_drawn_is_no_option_of_a_trm(command: CommandLine, option: str) -> None:
    sentence = command.refused("fit", *TINY_TRM, f"--{option}")
    assert sentence.startswith(option.partition("=")[0]) and ".temperature" in sentence


@pytest.mark.parametrize("section", ["recursion", "benchmark"])
def test_what_would_cut_an_answer_of_the_canvas_is_refused(
    command: CommandLine, section: str
) -> None:
    sentence = command.refused("fit", *TINY_TRM, f"--{section}.max_new_tokens=15")
    assert sentence.startswith(f"{section}.max_new_tokens (15) would cut") and "to 16" in sentence


@pytest.mark.parametrize("precision", ["bf16-true", "64-true"])
def test_a_trms_weights_stay_in_float32(command: CommandLine, precision: str) -> None:
    sentence = command.refused("fit", *TINY_TRM, f"--trainer.precision={precision}")
    assert sentence.startswith(f"trainer.precision cannot be {precision} for a TRMModule")
    assert "model.init_args.compute_dtype" in sentence


@pytest.mark.parametrize("length", ["0", "17"])
def test_a_canvas_that_is_no_part_of_a_row_is_refused(command: CommandLine, length: str) -> None:
    sentence = command.refused("fit", *TINY_TRM, f"--data.canvas_length={length}")
    assert sentence.startswith("data.canvas_length must be from 1 to data.max_sequence_length")


@pytest.mark.parametrize("option", ["canvas_length", "canvas_line_length"])
def test_a_gpt_with_a_canvas_is_refused(command: CommandLine, option: str) -> None:
    sentence = command.refused("fit", *TINY, f"--data.{option}=16")
    assert sentence.startswith(f"data.{option} is for a TRMModule, and model is GPTModule")


def test_a_canvas_that_is_no_whole_number_of_lines_is_refused(command: CommandLine) -> None:
    sentence = command.refused("fit", *TINY_TRM, "--data.canvas_line_length=5")
    assert sentence.startswith("data.canvas_length (16) must be a multiple of data.canvas_line_le")


def test_a_resume_keeps_its_lines_and_a_checkpoint_that_names_none_has_none(
    run: CommandLine,
) -> None:
    sentence = run.refused("fit", "--ckpt_path=last", "--data.canvas_line_length=4")
    assert "canvas_line_length is 4" in sentence and "a resume cannot change it" in sentence
    older = "runs/run/checkpoints/older.ckpt"
    saved = content(LAST)
    del saved["hyper_parameters"]["canvas_line_length"]
    torch.save(saved, older)
    options = ("--ckpt_path", older, "--data.canvas_line_length=4")
    assert run.refused("fit", *options) == sentence
    module = load_module(older)
    assert isinstance(module, TRMModule) and module.generator().canvas.shape.line_length == 1


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("supervision_steps", "0"),
        ("num_outer_cycles", "0"),
        ("num_gradient_cycles", "9"),
        ("num_attention_heads", "5"),
    ],
)
def test_an_option_out_of_its_range_names_itself_and_makes_no_folder(
    command: CommandLine, option: str, value: str
) -> None:
    sentence = command.refused("fit", *TINY_TRM, f"--model.{option}={value}")
    assert f"model.init_args.{option}" in sentence and value in sentence


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("generate", "--prompt", "def f(x):"), "continues no text"),
        (("interactive",), "continues no text"),
        (("export", "--output", "exported"), "has no Hugging Face form"),
        (("test", "--benchmark.quantize=int8"), "a TRM applies copies of its weights"),
    ],
)
def test_what_a_trm_cannot_do_is_one_sentence(
    run: CommandLine, arguments: tuple[str, ...], words: str
) -> None:
    before = files_of(run.folder)
    ended = run(*arguments, "--ckpt_path=last")
    # Quantizing comes after the sandbox has said what it is.
    assert ended.status == 2 and words in ended.err.splitlines()[-1]
    assert "Traceback" not in ended.err and files_of(run.folder) == before


def test_a_resume_cannot_change_the_recursion(run: CommandLine) -> None:
    for option, value in (("num_inner_cycles", "2"), ("supervision_steps", "5")):
        sentence = run.refused("fit", "--ckpt_path=last", f"--model.{option}={value}")
        assert sentence.startswith(f"model.init_args.{option} is {value}")
        assert "a resume cannot change it" in sentence


def test_the_memory_of_a_trm_is_not_counted_and_what_to_do_instead_is_said(
    command: CommandLine,
) -> None:
    sentence = command.refused("memory", "--config", CONFIG)
    assert sentence.startswith("memory counts a GPTModule, and model is TRMModule; main.py check")
