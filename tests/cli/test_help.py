"""Help and printed configurations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import QUICKSTART, CommandLine

MAIN = str(Path(__file__).parents[2] / "main.py")


@pytest.mark.parametrize("arguments", [["--help"], ["tokenizer", "--help"], ["report", "--help"]])
def test_help_that_needs_no_model_imports_no_torch(arguments: list[str]) -> None:
    program = (
        "import sys; from lit_coder.__main__ import main\n"
        f"try: main({arguments})\nexcept SystemExit: pass\n"
        "assert 'torch' not in sys.modules and 'lightning' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_help_of_fit_has_our_sections_first_and_trainer_short() -> None:
    # A process of its own: classes that other tests define would be listed too.
    ended = subprocess.run(
        [sys.executable, MAIN, "fit", "--help"], check=True, capture_output=True, text=True
    )
    assert ended.stderr == ""
    order = ["run", "model", "data", "recursion", "sandbox", "checkpoint", "benchmark", "trainer"]
    lines = ended.stdout.splitlines()
    starts = [next(i for i, t in enumerate(lines) if t.startswith(f"{name}:")) for name in order]
    assert starts == sorted(starts) and len(lines) < 400
    text = " ".join(ended.stdout.split())
    assert "auto = last if" in text and "classes: VisibleTests, NoTests)" in text
    assert "--recursion.gate.help" not in text


def test_a_section_has_a_help_of_its_own(command: CommandLine) -> None:
    assert "--trainer.profiler" in command("fit", "--trainer.help").out
    only = command("fit", "--recursion.help").out
    assert "--recursion.num_samples" in only and "--data." not in only
    assert "--recursion.gate.help" in only


def test_help_of_a_model_lists_its_options(command: CommandLine) -> None:
    assert "--model.hidden_size" in command("fit", "--model.help", "GPTModule").out


def test_a_printed_configuration_is_accepted_again(command: CommandLine) -> None:
    ended = command("fit", "--config", QUICKSTART, "--print_config")
    assert ended.status == 0
    (command.folder / "printed.yaml").write_text(ended.out)
    again = command("fit", "--config", "printed.yaml", "--print_config")
    assert again.status == 0 and again.out == ended.out
    assert not (command.folder / "runs").exists()
