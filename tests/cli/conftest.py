"""A folder with nothing in it, and one with a finished run."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from lit_coder.evaluation import round_reporter
from tests.cli.command_line import TINY, CommandLine


@pytest.fixture(autouse=True)
def arguments_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command line sets sys.argv: put it back."""
    monkeypatch.setattr(sys, "argv", ["main.py"])


@pytest.fixture(autouse=True)
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes a large part of so small a run; `finished_run` draws, and README's runs."""
    monkeypatch.setattr(round_reporter, "plot_rounds", lambda records, path: path)


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """The command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return CommandLine(tmp_path, capsys)


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run `runs/run` of four steps; only for copying."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["main.py"])
        from lit_coder.__main__ import main

        assert main(["fit", *TINY]) == 0
    return folder


@pytest.fixture
def run(command: CommandLine, finished_run: Path) -> CommandLine:
    """The command line in a folder that holds a finished run, `runs/run`."""
    shutil.copytree(finished_run / "runs", command.folder / "runs", symlinks=True)
    return command
