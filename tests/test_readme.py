"""README: its commands, snippets, trees and options are those of the code."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import lightning.pytorch as pl
import pytest

from lit_coder.__main__ import TOOLS, TRAINER_COMMANDS
from lit_coder.evaluation.benchmark_callback import BenchmarkCallback
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.modules.trm_module import TRMModule
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.verification.protocols import PROTOCOL_NAMES, find_protocol

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data" / "README.md"]
PAGES += sorted((ROOT / "docs").glob("*.md"))

SECTIONS = {
    "trainer": pl.Trainer,
    "data": CodeDataModule,
    "sandbox": SandboxOptions,
    "recursion": RecursiveGenerationCallback,
    "checkpoint": RunCheckpoint,
    "benchmark": BenchmarkCallback,
    "model.init_args": GPTModule,
}
SMALLEST = {
    "trainer.max_steps": 4,
    "recursion.every_n_steps": 2,
    "recursion.start_after_steps": 2,
    "recursion.num_problems": 2,
    "recursion.num_samples": 2,
    "recursion.max_new_tokens": 16,
    "checkpoint.every_n_train_steps": 1,
    "checkpoint.keep_last_n": 9,
    "data.num_held_out": 1,
    "data.num_validation": 1,
    "data.batch_size": 2,
    "model.init_args.hidden_size": 16,
    "model.init_args.num_hidden_layers": 1,
    "model.init_args.num_attention_heads": 2,
}


def blocks(marker: str, language: str) -> list[str]:
    """Code blocks that follow a marker at once."""
    pattern = rf"<!-- {marker} -->\n```{language}\n(.*?)```"
    return re.findall(pattern, README, re.DOTALL)


def tree(marker: str) -> list[str]:
    """The paths of an indented tree, four blanks a level; a folder ends with a slash."""
    (text,) = blocks(marker, "text")
    paths: list[str] = []
    parents: list[str] = []
    for line in text.splitlines():
        depth = (len(line) - len(line.lstrip())) // 4
        parents[depth:] = [line.split()[0]]
        paths.append("".join(parents))
    return paths


def lit_coder(*arguments: str, folder: Path) -> str:
    """Run a command line as a user does; its output."""
    finished = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *arguments],
        cwd=folder,
        env={**os.environ, "LIT_CODER_DATA_DIR": str(folder / "no_benchmark_files")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def folder_of_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a tiny quickstart was run, resumed from an older point, and scored."""
    folder = tmp_path_factory.mktemp("readme")
    options = [text for name, value in SMALLEST.items() for text in (f"--{name}", str(value))]
    config = str(ROOT / "configs" / "quickstart.yaml")
    lit_coder("fit", "--config", config, *options, folder=folder)
    older = "runs/quickstart/checkpoints/round-0000.ckpt"
    lit_coder("fit", "--ckpt_path", older, folder=folder)
    lit_coder("test", "--ckpt_path", "last", "--benchmark.max_problems", "1", folder=folder)
    return folder


def run_python(code: str, folder: Path) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_the_snippet_without_a_model_prints_what_readme_shows(tmp_path: Path) -> None:
    (snippet,) = blocks("snippet", "python")
    (shown,) = re.findall(re.escape(snippet) + r"```\n\n```text\n(.*?)```", README, re.DOTALL)
    assert run_python(snippet, tmp_path) == shown


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(blocks("snippet-of-a-run", "python"))))
def test_the_snippets_about_a_run_work_on_one(number: int, folder_of_runs: Path) -> None:
    assert run_python(blocks("snippet-of-a-run", "python")[number], folder_of_runs)


def test_every_python_snippet_is_one_of_the_tested() -> None:
    tested = blocks("snippet", "python") + blocks("snippet-of-a-run", "python")
    assert re.findall(r"```python\n(.*?)```", README, re.DOTALL) == tested
    assert len(tested) == 3


@pytest.mark.slow
def test_a_run_writes_what_the_run_tree_names(folder_of_runs: Path) -> None:
    named = tree("run-tree")
    assert len(named) > 20
    for path in named:
        pattern = re.sub("N+", lambda match: "[0-9]" * len(match[0]), path.rstrip("/"))
        found = sorted(folder_of_runs.glob(pattern))
        assert found, f"no run writes {path}"
        assert all(each.is_dir() == path.endswith("/") for each in found if not each.is_symlink())


@pytest.mark.slow
def test_the_run_tree_names_all_that_a_run_writes(folder_of_runs: Path) -> None:
    run = folder_of_runs / "runs" / "quickstart"
    named = {Path(path).relative_to("runs/quickstart") for path in tree("run-tree")[2:]}
    written = {path.relative_to(run) for path in run.iterdir()} - {Path(".lock")}
    assert written <= named


@pytest.mark.slow
def test_validate_predict_and_report_do_what_readme_says(
    folder_of_runs: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder_of_runs / "runs", tmp_path / "runs", symlinks=True)
    assert "validation/loss" in lit_coder("validate", "--ckpt_path", "last", folder=tmp_path)
    assert "report.html" in lit_coder("report", "last", folder=tmp_path)
    lit_coder("predict", "--ckpt_path", "last", folder=tmp_path)
    predictions = tmp_path / "runs" / "quickstart" / "predictions.jsonl"
    assert predictions.read_text(encoding="utf-8").count("\n") == 4


def test_every_path_of_the_folder_tree_exists() -> None:
    for path in tree("folder-tree"):
        assert (ROOT / path).is_dir() if path.endswith("/") else (ROOT / path).is_file(), path


def test_the_folder_tree_names_every_room() -> None:
    rooms = {
        f"lit_coder/{path.name}/"
        for path in (ROOT / "lit_coder").iterdir()
        if (path / "__init__.py").is_file()
    }
    assert rooms <= set(tree("folder-tree"))


def test_the_two_lines_do_everything_on_a_fresh_machine() -> None:
    (main_line,), (test_line,) = blocks("main-line", "sh"), blocks("test-line", "sh")
    start = "python3 -m venv .venv && .venv/bin/pip install "
    for line in (main_line, test_line):
        assert line.startswith(start) and line.count("\n") == 1
    assert "main.py fit --config configs/quickstart.yaml" in main_line
    for tool in ("ruff check .", "ruff format --check .", "mypy", "pytest"):
        assert f"&& .venv/bin/{tool}" in test_line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_configurations_and_links_of_a_page_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for word in re.findall(r"(?:main\.py|lit-coder) ([a-z]+)\b", text):
        assert word in {*TRAINER_COMMANDS, *TOOLS}, word
    for config in re.findall(r"configs/[\w-]+\.yaml", text):
        assert (ROOT / config).is_file(), config
    for name in re.findall(r"python -m benchmarks\.([a-z]\w*)", text):
        assert (ROOT / "benchmarks" / f"{name}.py").is_file(), name
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_options_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for section, owner in SECTIONS.items():
        known = set(inspect.signature(owner).parameters)
        if owner is GPTModule:
            known |= set(inspect.signature(TRMModule).parameters)
        for name in re.findall(rf"(?<![\w./]){re.escape(section)}\.([a-z]\w+)\b(?!\()", text):
            assert name in known, f"{section}.{name}"


def test_the_help_names_the_commands() -> None:
    shown = run_python("from lit_coder.__main__ import main; main(['--help'])", ROOT)
    for command in (*TRAINER_COMMANDS, *TOOLS):
        assert f"\n  {command} " in shown


def test_the_table_of_protocols_names_every_one() -> None:
    page = (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+@[\w-]+)` \|.*?\| ?(\d*) \| (\d+) \|$", page, re.MULTILINE)
    known = [find_protocol(name) for name in PROTOCOL_NAMES]
    assert {name: (seconds, tokens) for name, seconds, tokens in rows} == {
        each.name: (f"{each.timeout_seconds:g}".removeprefix("0"), str(each.max_new_tokens))
        for each in known
    }
