"""The house: which room imports which, what may be imported where, how large things are."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from lit_coder.__main__ import TOOLS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lit_coder"

# Highest first: a room imports only itself and rooms further down.
ROOMS = (
    "__main__",
    "__init__",
    "commands",
    "cli",
    "trainer",
    "evaluation",
    "recursion",
    "modules",
    "objectives",
    "training_data",
    "environment",
    "harvesting",
    "corpora",
    "generation",
    "networks",
    "verification",
    "sandbox",
    "problems",
    "tokenizer",
)
STANDARD_LIBRARY_ROOMS = ("verification", "sandbox", "problems")
LIGHTNING_PLACES = (
    "commands/",
    "cli/",
    "trainer/",
    "modules/",
    "training_data/data_module.py",
    "recursion/callback.py",
    "recursion/hand_over.py",
    "recursion/weights.py",
    "evaluation/benchmark_callback.py",
    "evaluation/round_reporter.py",
)
POOL_FILE = "training_data/pool.py"
PARQUET_FILE = "corpora/parquet_files.py"
LANCE_FILE = "corpora/lance_files.py"
XLA_FILES = ("networks/xla_device.py", "trainer/xla_cpu.py")
DOCKER_FILE = "sandbox/docker_daemon.py"
# The name of one of them differs between the versions of Python.
STANDARD_MODULES = {*sys.stdlib_module_names, "_sha2", "_sha256", "lit_coder"}
MOST_LINES, MOST_FUNCTION_LINES = 400, 60
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "base2"}

SOURCES = {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in PACKAGE.rglob("*.py")}


def imported_names(file: str, source: str) -> Iterator[str]:
    """Full names of all modules that a file of the package imports, wherever in it."""
    package = ("lit_coder", *PurePosixPath(file).parts[:-1])
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *([node.module] if node.module else [])))
            if module == "lit_coder":
                yield from (f"lit_coder.{alias.name}" for alias in node.names)
            else:
                yield module


def room_of(file: str) -> str:
    return PurePosixPath(file).parts[0].removesuffix(".py")


def departures(file: str, source: str) -> list[str]:
    """What is wrong with the imports of one file of the package, given its path and its text."""
    room = room_of(file)
    if room not in ROOMS:
        return [f"{file}: {room} is not a room of the table"]
    wrong = []
    for name in imported_names(file, source):
        top, *rest = name.split(".")
        if top == "lit_coder" and rest:
            if rest[0] not in ROOMS:
                wrong.append(f"{file}: imports {name}, which is in no room")
            elif ROOMS.index(rest[0]) < ROOMS.index(room):
                wrong.append(f"{file}: {room} imports {name}, a room above it")
            continue
        if top in ("lightning", "pytorch_lightning") and not file.startswith(LIGHTNING_PLACES):
            wrong.append(f"{file}: imports lightning")
        if top == "pyarrow" and file not in (POOL_FILE, PARQUET_FILE):
            wrong.append(f"{file}: imports pyarrow, which only {POOL_FILE} does")
        if top == "lance" and file not in (POOL_FILE, LANCE_FILE):
            wrong.append(f"{file}: imports lance, which only {POOL_FILE} does")
        if top == "torch_xla" and file not in XLA_FILES:
            wrong.append(f"{file}: imports torch_xla, which only {' and '.join(XLA_FILES)} do")
        if top == "docker" and file == DOCKER_FILE:
            continue
        if room in STANDARD_LIBRARY_ROOMS and top not in STANDARD_MODULES:
            wrong.append(f"{file}: imports {top}, which is not of the standard library")
    return wrong


@pytest.mark.parametrize("file", sorted(SOURCES))
def test_a_room_imports_only_what_it_may(file: str) -> None:
    assert departures(file, SOURCES[file]) == []


@pytest.mark.parametrize(
    ("file", "source", "fault"),
    [
        ("sandbox/new.py", "from lit_coder.verification.verdict import Verdict", "a room above"),
        ("sandbox/new.py", "from lit_coder import verification", "a room above"),
        ("sandbox/inside/new.py", "from ...verification import verdict", "a room above"),
        ("problems/new.py", "def f():\n    import lit_coder.cli", "a room above"),
        (
            "networks/new.py",
            "import typing\nif typing.TYPE_CHECKING:\n    from lit_coder import modules",
            "a room above",
        ),
        ("tokenizer.py", "import lit_coder.problems.problem", "a room above"),
        ("networks/new.py", "import lit_coder.utils", "in no room"),
        ("utils/new.py", "", "not a room"),
        ("recursion/selection.py", "import lightning.pytorch as pl", "lightning"),
        ("networks/gpt.py", "from pytorch_lightning import Trainer", "lightning"),
        ("recursion/new.py", "import lance", "only training_data/pool.py"),
        ("corpora/new.py", "import pyarrow", "only training_data/pool.py"),
        ("corpora/parquet_files.py", "import lance", "only training_data/pool.py"),
        ("modules/new.py", "import torch_xla", "only networks/xla_device.py"),
        ("sandbox/new.py", "import docker", "not of the standard library"),
        ("verification/new.py", "def f():\n    import torch", "torch"),
        ("problems/new.py", "import numpy", "numpy"),
    ],
)
def test_a_wrong_import_is_noticed(file: str, source: str, fault: str) -> None:
    (found,) = departures(file, source)
    assert fault in found


def test_imports_within_a_room_and_downwards_are_allowed() -> None:
    source = (
        "import json, torch\nimport lightning.pytorch as pl\n"
        "from . import schedule\nfrom ..tokenizer import CodeTokenizer\n"
        "from lit_coder.training_data.problem_batch import ProblemBatch\n"
    )
    assert departures("modules/new.py", source) == []


def _modules_after(statement: str) -> set[str]:
    """Top-level names in sys.modules after a statement in a fresh interpreter."""
    code = f"import sys, importlib\n{statement}\nprint(*{{n.split('.')[0] for n in sys.modules}})"
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert finished.returncode == 0, finished.stderr
    return set(finished.stdout.split())


@pytest.mark.parametrize("room", STANDARD_LIBRARY_ROOMS)
def test_a_torch_free_room_loads_no_torch(room: str) -> None:
    names = [
        "lit_coder." + file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for file in SOURCES
        if room_of(file) == room
    ]
    assert len(names) > 3
    loaded = _modules_after(f"for name in {names!r}: importlib.import_module(name)")
    assert "lit_coder" in loaded
    assert not loaded & {"torch", "lightning", "numpy"}


@pytest.mark.parametrize("module", ["__main__", "commands.report"])
def test_help_and_report_load_no_torch(module: str) -> None:
    assert "torch" not in _modules_after(f"importlib.import_module('lit_coder.{module}')")


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_each_tool_of_the_help_is_there(tool: str) -> None:
    assert callable(importlib.import_module(f"lit_coder.commands.{tool}").run)


# Their locks are taken by code in Python: Ctrl+C behind it leaves them taken, and others wait.
INTERRUPTED_LOCKS = re.compile(
    r"\b(ThreadPoolExecutor|threading\.(Barrier|Condition|Event|Semaphore|Timer)|queue\.Queue)\b"
)
# Met by threads that no signal reaches.
GATE_FILE = "sandbox/gate.py"


def test_nothing_waits_where_ctrl_c_can_leave_a_lock_taken() -> None:
    for file in set(SOURCES) - {GATE_FILE}:
        nodes = list(ast.walk(ast.parse(SOURCES[file])))
        names = {ast.unparse(node) for node in nodes if is_dotted(node)}
        for node in nodes:
            if isinstance(node, ast.ImportFrom):
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
        assert not [name for name in names if INTERRUPTED_LOCKS.search(name)], file


def is_dotted(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)


@pytest.mark.parametrize("file", sorted(SOURCES))
def test_a_file_says_what_it_is_and_fits_its_size(file: str) -> None:
    tree = ast.parse(SOURCES[file])
    assert ast.get_docstring(tree), "no module docstring"
    assert SOURCES[file].count("\n") <= MOST_LINES
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            num_lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert num_lines <= MOST_FUNCTION_LINES, f"{node.name} is longer than a screen"


def test_names_say_what_is_inside() -> None:
    names = {part for file in SOURCES for part in PurePosixPath(file.removesuffix(".py")).parts}
    assert not names & EMPTY_NAMES


def test_nothing_is_left_to_be_done_later() -> None:
    # Put together, so that this file does not find itself.
    mark = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
    files = [*ROOT.glob("*.py"), *ROOT.glob("configs/*.yaml")]
    for folder in ("lit_coder", "tests", "benchmarks"):
        files += (ROOT / folder).rglob("*.py")
    assert len(files) > 100
    assert [path for path in files if mark.search(path.read_text(encoding="utf-8"))] == []
