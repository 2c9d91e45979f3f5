"""`main.py data make-tests` as a user meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lit_coder.commands.data import run

CODE = '''import re


def shares(parts: list[int]) -> list[float]:
    """Each part's share of the whole.

    Raises:
        ValueError: the parts sum to nothing.
    """
    total = sum(parts)
    if total == 0:
        raise ValueError("nothing to share")
    return [part / total for part in parts]


def slug(title):
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))


def now(name):
    print(name)
    return name
'''


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "shapes.py"
    path.write_text(CODE, encoding="utf-8")
    return path


def passes(tests: Path) -> bool:
    """Whether pytest passes a file in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    return subprocess.run(command, cwd=tests.parent, capture_output=True).returncode == 0


def test_the_tests_pass_and_notice_a_change(
    module: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["make-tests", str(module), "--workers", "2"]) == 0
    assert "now is left out: it uses print" in capsys.readouterr().err
    tests = module.with_name("test_shapes.py")
    text = tests.read_text(encoding="utf-8")
    assert "mutation score" in text.split("\n")[0]
    assert "from shapes import shares, slug\n" in text
    assert "with pytest.raises(ValueError):\n        shares([" in text
    assert passes(tests)
    module.write_text(CODE.replace("title.lower()", "title"), encoding="utf-8")
    assert not passes(tests)


def test_one_function_of_a_package_is_imported_by_its_whole_name(
    module: Path, tmp_path: Path
) -> None:
    (tmp_path / "__init__.py").touch()
    package = tmp_path.rename(tmp_path.with_name("drawing"))
    words = [str(package / module.name), "--function", "slug", "--workers", "2"]
    assert run(["make-tests", *words]) == 0
    text = (package / "test_shapes.py").read_text(encoding="utf-8")
    assert "from drawing.shapes import slug\n" in text
    assert "shares" not in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--function", "slg"], "did you mean slug?"),
        (["--output", "tests.txt"], "--output tests.txt"),
        (["--workers", "0"], "--workers"),
    ],
)
def test_a_mistake_is_one_sentence(
    module: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["make-tests", str(module), *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not module.with_name("test_shapes.py").exists()


def test_tests_that_exist_are_kept(module: Path) -> None:
    tests = module.with_name("test_shapes.py")
    tests.write_text("mine", encoding="utf-8")
    assert run(["make-tests", str(module)]) == 2
    assert tests.read_text(encoding="utf-8") == "mine"
