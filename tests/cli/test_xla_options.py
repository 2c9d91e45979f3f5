"""XLA devices that cannot be had, and options that cannot work on them: one sentence, status 2."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from lit_coder.modules.gpt_module import GPTModule
from lit_coder.modules.trm_module import TRMModule
from lit_coder.trainer.xla_cpu import meant_accelerator, refuse_unfit_xla
from tests.cli.command_line import TINY, CommandLine

HAS_XLA = importlib.util.find_spec("torch_xla") is not None
TRM = ("--config", str(Path(__file__).parents[2] / "configs" / "trm_debug.yaml"))
TRAINER = {
    "accelerator": "xla_cpu",
    "devices": 1,
    "num_nodes": 1,
    "precision": "32-true",
    "strategy": "auto",
}


@pytest.mark.skipif(HAS_XLA, reason="torch_xla is installed")
@pytest.mark.parametrize("name", ["tpu", "xla_cpu"])
def test_without_torch_xla_the_extra_is_named(command: CommandLine, name: str) -> None:
    sentence = command.refused("fit", *TRM, "--trainer.accelerator", name)
    assert f"trainer.accelerator {name} needs torch_xla" in sentence
    assert 'pip install "lit-coder[tpu]"' in sentence
    assert "--trainer.accelerator cpu" in sentence


@pytest.mark.skipif(not HAS_XLA, reason="torch_xla is not installed")
def test_without_a_tpu_the_cpu_is_named(command: CommandLine) -> None:
    sentence = command.refused("fit", *TRM, "--trainer.accelerator", "tpu")
    assert "there is no TPU on this machine" in sentence and "xla_cpu" in sentence


@pytest.mark.skipif(not HAS_XLA, reason="torch_xla is not installed")
@pytest.mark.parametrize(
    ("option", "value"),
    [("strategy", "ddp"), ("num_nodes", 2), ("precision", "bf16-true"), ("devices", "0")],
)
def test_what_cannot_work_on_xla_devices_is_refused(option: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"trainer\.{option} .*{value}"):
        refuse_unfit_xla({**TRAINER, option: value}, TRMModule)


@pytest.mark.parametrize("accelerator", ["cpu", "auto", "gpu"])
def test_other_accelerators_are_left_as_they_are(accelerator: str) -> None:
    for module in (GPTModule, TRMModule):
        # `auto` is a TPU only where there is one.
        assert meant_accelerator(accelerator, module) == accelerator
    refuse_unfit_xla({**TRAINER, "accelerator": accelerator, "strategy": "ddp"}, GPTModule)


@pytest.mark.parametrize("name", ["tpu", "xla_cpu"])
def test_a_gpt_is_not_trained_on_xla_devices(command: CommandLine, name: str) -> None:
    sentence = command.refused("fit", *TINY, "--trainer.accelerator", name)
    assert f"trainer.accelerator {name} is for a TRMModule" in sentence


@pytest.mark.parametrize("name", ["tpu", "xla_cpu"])
def test_canvases_are_not_learned_from_on_xla_devices(command: CommandLine, name: str) -> None:
    config = str(Path(__file__).parents[2] / "configs" / "trm_grpo.yaml")
    sentence = command.refused("fit", "--config", config, "--trainer.accelerator", name)
    assert f"model.init_args.objective cannot be had with trainer.accelerator {name}" in sentence
    assert "--trainer.accelerator cpu" in sentence
