from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from lit_coder.sandbox.contract import Execution
from lit_coder.sandbox.options import SandboxOptions
from tests.commands.sandbox_command import sandbox
from tests.runs.harness import REPOSITORY

ADD = "def add(a, b=0):\n    return a + b\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "program.py"


def run(program: Path, text: str, *words: str) -> dict[str, Any]:
    """What is printed of a program."""
    program.write_text(text, encoding="utf-8")
    ended = sandbox("run", str(program), *words)
    found: dict[str, Any] = json.loads(ended.out)
    assert ended.status == (0 if found["status"] == "completed" else 1)
    return found


def test_a_script_runs_and_its_output_is_printed_as_json(program: Path) -> None:
    found = run(program, "print('é', 1)\n")
    assert (found["status"], found["stdouts"]) == ("completed", ["é 1\n"])


def test_all_that_is_known_of_an_execution_is_printed(program: Path) -> None:
    found = run(program, "x = 1\n")
    assert {each.name for each in fields(Execution)} < set(found)
    assert found["features"]["num_lines"] == 1


def test_it_says_under_what_the_program_ran(program: Path) -> None:
    options = SandboxOptions(timeout_seconds=3, memory_megabytes=100)
    words = ("--sandbox.timeout_seconds", "3", "--sandbox.memory_megabytes", "100")
    found = run(program, "", *words)
    assert found["limits"] == asdict(options.limits())
    assert found["language"] == "python"
    assert found["wall"] in ("bubblewrap", "kernel")


def test_standard_output_holds_json_alone_and_the_log_goes_elsewhere(program: Path) -> None:
    program.write_text("print('{')\n")
    ended = sandbox("run", str(program))
    assert isinstance(json.loads(ended.out), dict)
    assert "workers behind" in ended.err


def test_what_is_printed_cannot_steer_a_terminal(program: Path) -> None:
    program.write_text("print('\\x1b[2J', '\\x9b2J', '\\u202e')\n")
    ended = sandbox("run", str(program))
    assert ended.out.isascii()
    assert "\x1b" not in ended.out


def test_a_function_is_called_once_for_each_list_of_arguments(program: Path) -> None:
    found = run(
        program, ADD, "--call", "add", "--arguments", "[1, 2]", "--arguments", "[(1,), (2,)]"
    )
    assert found["outcomes"] == [[{"repr": "3", "value": 3}], [{"repr": "(1, 2)"}]]


def test_a_function_is_called_without_arguments_where_none_are_given(program: Path) -> None:
    found = run(program, "def f():\n    return None\n", "--call", "f")
    assert found["outcomes"] == [[{"repr": "None", "value": None}]]


def test_json_and_python_are_both_understood_as_arguments(program: Path) -> None:
    words = ("--call", "f", "--arguments", "[true, null]", "--arguments", "[True, None]")
    found = run(program, "def f(*values):\n    return list(values)\n", *words)
    assert found["outcomes"][0] == found["outcomes"][1]
    assert found["outcomes"][0][0]["value"] == [True, None]


def test_what_a_call_raises_is_its_outcome(program: Path) -> None:
    found = run(program, "def f():\n    raise KeyError(3)\n", "--call", "f")
    assert found["status"] == "completed"
    assert found["outcomes"] == [[{"exception": "KeyError"}]]


def test_a_value_that_cannot_cross_is_said_to_be_one(program: Path) -> None:
    found = run(program, "def f():\n    return object()\n", "--call", "f")
    assert found["outcomes"] == [[{"unsupported": True}]]


def test_a_script_reads_the_file_that_is_named(program: Path, tmp_path: Path) -> None:
    (tmp_path / "input.txt").write_text("é\r\n2\n", newline="")
    text = "import sys\nprint(ascii(sys.stdin.buffer.read()))\n"
    found = run(program, text, "--stdin", str(tmp_path / "input.txt"))
    assert found["stdout"] == "b'\\xc3\\xa9\\r\\n2\\n'\n"


def test_a_script_reads_nothing_where_nothing_is_named(program: Path) -> None:
    assert run(program, "import sys\nprint(repr(sys.stdin.read()))\n")["stdout"] == "''\n"


def test_a_script_reads_what_the_command_reads(program: Path) -> None:
    program.write_text("print(input() * 2)\n")
    finished = subprocess.run(
        [sys.executable, "main.py", "sandbox", "run", str(program), "--stdin", "-"],
        cwd=REPOSITORY,
        input="ab\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(finished.stdout)["stdout"] == "abab\n"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_language_is_known_by_the_suffix(tmp_path: Path) -> None:
    text = "function add(a, b) { return a + b }\n"
    found = run(tmp_path / "program.js", text, "--call", "add", "--arguments", "[1, 2]")
    assert found["language"] == "javascript"
    assert found["outcomes"] == [[{"repr": "3", "value": 3}]]


def test_the_language_can_be_named(tmp_path: Path) -> None:
    found = run(tmp_path / "program.txt", "print(1)\n", "--language", "python")
    assert found["stdout"] == "1\n"


@pytest.mark.parametrize(
    ("text", "status", "limit"),
    [
        ("while True: pass\n", "timeout", "wall"),
        ("1 / 0\n", "error", None),
        ("def f(\n", "syntax_error", None),
        ("x = bytes(10**10)\n", "out_of_memory", "memory"),
    ],
)
def test_a_program_that_does_not_come_to_its_end_gives_status_1(
    program: Path, text: str, status: str, limit: str | None
) -> None:
    found = run(program, text, "--sandbox.timeout_seconds", "1")
    assert found["status"] == status
    assert found["limits_reached"] == ([limit] if limit else [])
    assert found["detail"]


def test_a_program_that_exits_with_0_came_to_its_end(program: Path) -> None:
    assert run(program, "import sys\nsys.exit(0)\n")["status"] == "completed"


def test_the_sandbox_of_a_configuration_holds(program: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("sandbox:\n  timeout_seconds: 4\nmodel: GPTModule\n")
    assert run(program, "", "--config", str(config))["limits"]["wall_seconds"] == 4


def test_of_two_values_the_later_one_holds(program: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("sandbox:\n  timeout_seconds: 4\n")
    option, file = ("--sandbox.timeout_seconds", "5"), ("--config", str(config))
    assert run(program, "", *file, *option)["limits"]["wall_seconds"] == 5
    assert run(program, "", *option, *file)["limits"]["wall_seconds"] == 4


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ("worker: 3", "there is no option sandbox.worker; did you mean sandbox.workers?"),
        ("backend: podman", "sandbox.backend must be one of subprocess, docker, auto, unsafe"),
    ],
)
def test_a_mistake_in_a_configuration_names_the_file(
    program: Path, tmp_path: Path, section: str, sentence: str
) -> None:
    program.write_text("")
    config = tmp_path / "config.yaml"
    config.write_text(f"sandbox:\n  {section}\n")
    ended = sandbox("run", str(program), "--config", str(config))
    assert (ended.status, ended.out) == (2, "")
    assert f"{config}: {sentence}" in ended.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "program is not given"),
        (["nowhere.py"], "nowhere.py: there is no such file"),
        (["program.py", "more.py"], "'more.py' is one word too many"),
        (["program.txt"], "program.txt does not end in .py or .js: name its --language"),
        (["program.py", "--language", "cobol"], "--language must be python or javascript"),
        (["program.py", "--arguments", "[1]"], "name it with --call"),
        (["program.py", "--call", "f", "--arguments", "3"], "--arguments must be a list"),
        (["program.py", "--call", "f", "--arguments", "[x]"], "--arguments must be a list"),
        (["program.py", "--call", "f", "--stdin", "-"], "leave it or --call out"),
        (["program.py", "--stdin", "nowhere"], "--stdin nowhere: there is no such file"),
        (["program.py", "--stdin", "."], "--stdin . cannot be read: Is a directory"),
        (["latin1.py"], "latin1.py is not UTF-8 text"),
        (["program.py", "--calls", "f"], "did you mean call?"),
        (["program.py", "--sandbox.memory_megabytes", "3"], "must be at least 64"),
    ],
)
def test_a_mistake_is_one_sentence(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("program.py").write_text("print(1)\n")
    Path("latin1.py").write_bytes(b"print('\xe9')\n")
    ended = sandbox("run", *words)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    assert sentence in ended.err


def test_where_nothing_can_be_run_a_sentence_is_all_there_is(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    program.write_text("print(1)\n")
    ended = sandbox("run", str(program), "--sandbox.backend", "docker")
    assert (ended.status, ended.out) == (1, "")
    assert "No Docker daemon answers" in ended.err


def test_unsafe_is_warned_of_at_every_run(program: Path) -> None:
    program.write_text("print(1)\n")
    ended = sandbox("run", str(program), "--sandbox.backend", "unsafe")
    assert json.loads(ended.out)["wall"] == "unsafe"
    assert "programs can read and write what this user can" in ended.err


def test_a_command_that_is_ended_leaves_nothing_behind(open_folder: Path, program: Path) -> None:
    program.write_text("while True: pass\n")
    process = subprocess.Popen(
        [sys.executable, "main.py", "sandbox", "run", str(program)],
        cwd=REPOSITORY,
        env={**os.environ, "TMPDIR": str(open_folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "workers behind" in process.stderr.readline()
    time.sleep(0.2)
    assert list(open_folder.iterdir())
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM
    assert list(open_folder.iterdir()) == []
