import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lit_coder.sandbox.inside.interpreters import find_interpreter
from lit_coder.sandbox.inside.languages import LANGUAGES

# The kernel's limit for one argument.
MAX_ARGUMENT_BYTES = 128 * 1024


@pytest.fixture
def fresh_search() -> Iterator[None]:
    find_interpreter.cache_clear()
    yield
    find_interpreter.cache_clear()


def install(folder: Path, executable: str, lines: str) -> None:
    script = folder / executable
    script.write_text(f"#!/bin/sh\n{lines}\n")
    script.chmod(0o755)


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_driver_fits_into_one_argument(name: str) -> None:
    assert 0 < len(LANGUAGES[name].driver_text().encode()) < MAX_ARGUMENT_BYTES


def test_a_language_that_is_not_there_is_a_mistake_that_names_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"one of 'python', 'javascript', not 'cobol'"):
        find_interpreter("cobol")


@pytest.mark.usefixtures("fresh_search")
@pytest.mark.parametrize(
    "lines", [None, "exit 1", "echo hello", "echo /bin/true; echo 16.20.2", "echo /bin/true"]
)
def test_an_interpreter_that_is_missing_broken_or_too_old_is_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str | None
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if lines is not None:
        install(tmp_path, "node", lines)
    assert find_interpreter("javascript") is None


@pytest.mark.usefixtures("fresh_search")
def test_behind_a_script_on_the_search_path_the_real_executable_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.path.realpath("/bin/cat")
    monkeypatch.setenv("PATH", str(tmp_path))
    install(tmp_path, "node", "echo /bin/cat; echo 18.0.1")
    found = find_interpreter("javascript")
    assert found is not None
    assert found.command[0] == real
    assert found.command[-1] == "program.js"
    loaders = set(found.execute) - {real}
    assert real in found.execute and len(loaders) == 1
    assert any("/libc." in path for path in found.read)
    assert all(os.path.exists(path) for path in (*found.read, *found.execute))
