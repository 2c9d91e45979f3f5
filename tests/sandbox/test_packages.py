"""Packages beside the standard library: only those that are named, with all that they need."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

import lit_coder.problems.problem
from lit_coder.sandbox.contract import CallJob, Outcome
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.sandbox.packages import find_packages
from lit_coder.sandbox.pool_runner import PoolRunner
from tests.sandbox.conftest import CallF, calling, isolation_of

needs_numpy = pytest.mark.skipif(
    importlib.util.find_spec("numpy") is None, reason="numpy is not installed"
)
IMPORTS = """
def f(names):
    found = []
    for name in names:
        try:
            __import__(name)
        except ImportError:
            continue
        found.append(name)
    return found
"""


@pytest.fixture(scope="module")
def with_packages(walled: PoolRunner) -> Iterator[PoolRunner]:
    """Every wall of this machine in turn, numpy and hypothesis behind it."""
    options = SandboxOptions(
        isolation=isolation_of(walled), packages=("numpy", "hypothesis"), workers=1
    )
    with open_runner(options) as running:
        yield running


@needs_numpy
def test_a_named_package_works(with_packages: PoolRunner) -> None:
    program = (
        "import numpy\ndef f(n):\n    matrix = numpy.arange(n * n).reshape(n, n)\n"
        "    return (matrix @ matrix).trace().item(), numpy.linalg.det(numpy.eye(n)).item()\n"
    )
    assert calling(with_packages)(program, 3).outcomes == ((Outcome((180, 1.0)),),)


@needs_numpy
def test_a_named_package_is_there_before_the_first_program_needs_it(
    with_packages: PoolRunner,
) -> None:
    program = "import sys\ndef f(): return 'numpy' in sys.modules\n"
    assert calling(with_packages)(program).outcomes == ((Outcome(True),),)


@needs_numpy
def test_what_a_named_package_requires_comes_with_it(with_packages: PoolRunner) -> None:
    names = ["hypothesis.strategies", "sortedcontainers"]
    assert calling(with_packages)(IMPORTS, names).outcomes == ((Outcome(names),),)


@needs_numpy
def test_what_is_installed_beside_a_named_package_cannot_be_imported(
    with_packages: PoolRunner,
) -> None:
    names = ["torch", "lightning", "lit_coder", "pytest", "pip"]
    assert calling(with_packages)(IMPORTS, names).outcomes == ((Outcome([]),),)


@needs_numpy
def test_the_files_of_what_is_installed_beside_a_named_package_cannot_be_read(
    with_packages: PoolRunner,
) -> None:
    program = (
        "def f(paths):\n    found = []\n    for path in paths:\n"
        "        try: found.append(bool(open(path).read(1)))\n"
        "        except OSError: pass\n    return found\n"
    )
    paths = [str(Path(pytest.__file__)), lit_coder.problems.problem.__file__]
    assert calling(with_packages)(program, paths).outcomes == ((Outcome([]),),)


def test_without_a_name_nothing_but_the_standard_library_can_be_imported(
    call_walled: CallF,
) -> None:
    names = ["numpy", "torch", "lit_coder", "pytest", "pip", "site", "json"]
    (outcome,) = call_walled(IMPORTS, names).outcomes[0]
    assert outcome == Outcome(["site", "json"])


@needs_numpy
def test_named_packages_are_there_without_a_wall_too() -> None:
    options = SandboxOptions(backend="unsafe", packages=("numpy",), workers=1)
    with open_runner(options) as runner:
        (execution,) = runner.run([CallJob("import numpy\n", ())])
    assert execution.status == "completed"


@pytest.mark.parametrize("name", ["no-such-distribution", "../numpy", "os"])
def test_a_package_that_is_not_installed_is_refused_by_the_option_s_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"^sandbox.packages names {name!r}, which is not"):
        open_runner(SandboxOptions(packages=(name,), workers=1))


def test_a_package_is_found_under_any_spelling_of_its_name() -> None:
    assert find_packages(["PyTest"]) == find_packages(["pytest"])


def test_a_package_is_its_own_public_modules_and_the_files_of_all_it_requires() -> None:
    packages = find_packages(["pytest"])
    assert packages.modules == ("py", "pytest")
    assert "pluggy" not in packages.modules
    assert "pluggy" in {entry.name for entry in packages.entries}
    assert all(entry.exists() for entry in packages.entries)
