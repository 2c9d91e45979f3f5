"""The Dockerfile names what is there. It is built by hand: its packages are gigabytes."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")


def test_what_is_copied_and_what_is_installed_are_there() -> None:
    for names in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE):
        assert all((REPOSITORY / name).exists() for name in names.split()), names
    (extras,) = re.findall(r'"\.\[(.+)\]"', DOCKERFILE)
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    for extra in extras.split(","):
        assert re.search(rf"^{extra} = \[", project, re.MULTILINE), extra


def test_the_base_is_an_argument_and_the_command_at_the_head_names_a_configuration() -> None:
    argument, base = re.findall(r"^(?:ARG|FROM) (.+)$", DOCKERFILE, re.MULTILINE)
    assert argument.startswith("BASE_IMAGE=") and base == "${BASE_IMAGE}"
    (config,) = re.findall(r"--config (\S+)", DOCKERFILE)
    assert (REPOSITORY / config).exists()
