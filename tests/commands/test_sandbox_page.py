"""docs/sandbox.md: its files, limits and sentences are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lit_coder.sandbox.open_runner import walls_for
from lit_coder.sandbox.options import Backend, SandboxOptions
from tests.runs.harness import REPOSITORY

PAGE = (REPOSITORY / "docs" / "sandbox.md").read_text(encoding="utf-8")
CONFORMANCE = REPOSITORY / "tests" / "sandbox" / "conformance"
# What a user may meet and look up, and where it is said.
SENTENCES = {
    "bubblewrap is not installed": "sandbox/bubblewrap_wall.py",
    "the kernel's Landlock is version": "sandbox/inside/lockdown.py",
    "No Docker daemon answers": "sandbox/docker_daemon.py",
    "may not talk to the Docker daemon": "sandbox/docker_daemon.py",
    "is not on Docker's machine": "sandbox/docker_daemon.py",
    "A program is to have a writable folder": "sandbox/pool_runner.py",
    "The sandbox cannot run": "sandbox/installed_languages.py",
    "an unprivileged user cannot read the interpreter": "sandbox/kernel_wall.py",
}


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_file_that_proves_a_defence_exists() -> None:
    rows = re.findall(r"^\|.*\| ([^|]+) \|$", section("Threats, defences, proofs"), re.MULTILINE)
    named = re.findall(r"`([^`]+)`", " ".join(rows))
    assert len(set(named)) > 20
    for name in named:
        assert (CONFORMANCE / name).exists(), name


def test_the_limits_have_the_defaults_of_the_options() -> None:
    rows = re.findall(r"^\| (`sandbox\.[^|]+) \| ([^|]+) \|", section("Limits"), re.MULTILINE)
    assert len(rows) == 7
    for names, defaults in rows:
        options = re.findall(r"sandbox\.(\w+)", names)
        assert [float(each) for each in defaults.split(", ")] == [
            float(getattr(SandboxOptions(), name)) for name in options
        ]


@pytest.mark.parametrize("backend", ["subprocess", "auto", "docker"])
def test_the_walls_of_a_backend_are_tried_in_the_order_that_is_shown(backend: Backend) -> None:
    table = PAGE.partition("\n| `sandbox.backend` |")[2].partition("\n\n")[0]
    (row,) = re.findall(rf"^\| `{backend}`[^|]*\| ([^|;]+)", table, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == [
        wall.name for wall in walls_for(SandboxOptions(backend=backend))
    ]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_that_can_be_looked_up_is_one_that_is_said(sentence: str) -> None:
    assert sentence in section("Troubleshooting").replace("The image ... is", "The image is")
    source = (REPOSITORY / "lit_coder" / Path(SENTENCES[sentence])).read_text(encoding="utf-8")
    assert sentence in " ".join(re.sub(r'"\s*\n\s*f?"', "", source).split())
