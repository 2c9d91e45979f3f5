from pathlib import Path

import pytest
from safetensors.torch import load_file

from lit_coder.commands.memory import run
from lit_coder.modules.load import load_module
from tests.pretrained_model import save_pretrained

TINY = [
    "--config",
    "configs/quickstart.yaml",
    "--data.batch_size",
    "4",
    "--model.init_args.hidden_size",
    "32",
    "--model.init_args.num_hidden_layers",
    "1",
]


def figures(shown: str) -> dict[str, float]:
    """The figures of the training part, in GiB."""
    lines = [line for line in shown.splitlines() if line.endswith("GiB") and line[:2] == "  "]
    return {line[:34].strip(): float(line[34:].split()[0]) for line in reversed(lines)}


@pytest.mark.slow
def test_a_configuration_is_told_without_a_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run([*TINY, "--data.max_sequence_length", "1024"]) == 0
    shown = capsys.readouterr().out
    assert "4 x 1024 tokens a micro-batch, 1 of them a step, 32-true, adamw" in shown
    assert "a card of 8 GB: fits" in shown
    small = figures(shown)
    assert run([*TINY, "--data.max_sequence_length", "4096", "--trainer.devices", "2"]) == 0
    shown = capsys.readouterr().out
    assert figures(shown)["activations"] > 2 * small["activations"] > 0
    assert "counted for a CPU under ddp" in shown


def test_a_wrong_option_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--config", "configs/quickstart.yaml", "--data.batch_sise", "4"]) == 2
    error = capsys.readouterr().err
    assert "did you mean data.batch_size?" in error and error.count("\n") == 1


def test_help_says_what_is_not_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    assert "What an allocator adds is not counted" in capsys.readouterr().out


@pytest.mark.slow
def test_a_pretrained_model_is_counted_with_its_own_sizes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = save_pretrained(tmp_path / "qwen", "qwen2", tied=True)
    (size,) = load_file(folder / "model.safetensors")["model.embed_tokens.weight"].shape[:1]
    options = ["--config", "configs/pretrained.yaml", "--data.max_sequence_length", "32"]
    assert run([*options, f"--model.init_args.pretrained={folder}"]) == 0
    shown = capsys.readouterr().out
    expected = load_module(folder)
    assert expected.network.config.vocab_size == size
    assert shown.startswith(f"{sum(p.numel() for p in expected.parameters()):,} parameters")
