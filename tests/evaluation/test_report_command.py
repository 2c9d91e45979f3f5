from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from example_run import MakeRun

from lit_coder.commands.report import run


def test_the_command_writes_the_page_and_prints_its_path(
    make_run: MakeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run()
    assert run([str(folder)]) == 0
    assert capsys.readouterr().out == f"{folder / 'report.html'}\n"


def test_last_is_the_newest_run(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_run("runs/quickstart", rounds=2)
    (folder.parent / "last").symlink_to("quickstart")
    monkeypatch.chdir(folder.parent.parent)
    assert run(["last"]) == 0
    assert (folder / "report.html").is_file()
    assert "quickstart" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "arguments", "words"),
    [
        ("nothing", ["last"], "no runs/last"),
        ("nothing", ["gone"], "no folder gone"),
        ("empty", ["empty"], "not a run's folder"),
        ("damaged", ["damaged"], "not a round's record"),
    ],
)
def test_what_cannot_be_reported_is_one_sentence_and_exit_code_two(
    make: str,
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(make, "rounds").mkdir(parents=True) if make == "damaged" else Path("empty").mkdir()
    if make == "damaged":
        Path(make, "rounds", "0000.json").write_text('{"round": 0}')
    assert run(arguments) == 2
    output = capsys.readouterr()
    assert words in output.err and output.err.count("\n") == 1 and not output.out


@pytest.mark.parametrize("arguments", [[], ["run", "--ope"], ["run", "more"]])
def test_a_wrong_command_line_exits_with_two(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_command_needs_neither_torch_nor_lightning(make_run: MakeRun) -> None:
    program = (
        "import sys; from lit_coder.commands.report import run; code = run(sys.argv[1:]);"
        "sys.exit(code or any(name in sys.modules for name in ('torch', 'lightning')))"
    )
    arguments = [sys.executable, "-c", program, str(make_run())]
    finished = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
