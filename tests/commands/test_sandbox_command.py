from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import MISSING, fields

import pytest

from lit_coder.sandbox.options import SandboxOptions
from tests.commands.sandbox_command import sandbox
from tests.runs.harness import REPOSITORY


def in_a_process(*words: str, code: str = "") -> subprocess.CompletedProcess[str]:
    what = ["-c", code] if code else ["main.py", *words]
    return subprocess.run(
        [sys.executable, *what],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_without_an_action_it_says_which_there_are() -> None:
    ended = sandbox()
    assert ended.status == 2
    assert ended.err.count("\n") == 1
    assert "check, run" in ended.err


def test_a_mistyped_action_is_corrected() -> None:
    ended = sandbox("chekc")
    assert ended.status == 2
    assert "did you mean check?" in ended.err


def test_its_help_names_both_actions() -> None:
    ended = sandbox("--help")
    assert ended.status == 0
    assert "\ncheck " in ended.out
    assert "\nrun " in ended.out


@pytest.mark.parametrize("action", ["check", "run"])
def test_the_help_of_an_action_names_every_option_with_its_default(action: str) -> None:
    ended = sandbox(action, "--help")
    shown = " ".join(ended.out.split())
    assert ended.status == 0
    for each in fields(SandboxOptions):
        assert f" --sandbox.{each.name} " in shown
        assert each.default is not MISSING
    assert "default: python:3.10-slim" in shown
    assert "--config FILE" in shown


def test_the_options_of_the_help_are_those_of_fit() -> None:
    of_fit = in_a_process("fit", "--sandbox.help").stdout
    first = "  --sandbox.backend "
    options_of_fit = of_fit[of_fit.index(first) :].strip()
    assert options_of_fit.count("--sandbox.") >= len(fields(SandboxOptions))
    of_check = in_a_process("sandbox", "check", "--help").stdout
    assert of_check[of_check.index(first) :].strip().startswith(options_of_fit)


@pytest.mark.parametrize("action", ["check", "run"])
def test_the_help_takes_less_than_half_a_second_of_processor(action: str) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert in_a_process("sandbox", action, "--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_a_check_loads_no_torch() -> None:
    code = (
        "import sys; from lit_coder.__main__ import main; main(['sandbox', 'check']); "
        "sys.exit('torch' in sys.modules or 'lit_coder.sandbox.pool_runner' not in sys.modules)"
    )
    assert in_a_process(code=code).returncode == 0
