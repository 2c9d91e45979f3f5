"""`main.py data harvest` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lit_coder.commands.data import run
from lit_coder.problems.problem_file import read_problems

CODE = '''LIMIT = 10


def clamp(value: int, low: int = 0) -> int:
    """Keep a value between two bounds."""
    if value < low:
        return low
    return LIMIT if value > LIMIT else value


def vowels(text):
    return sum(1 for letter in text.lower() if letter in "aeiou")


def shout(text):
    print(text)
'''


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "code.py"
    path.write_text(CODE, encoding="utf-8")
    return path


def test_functions_become_problems_with_a_manifest(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = source.with_name("found.jsonl")
    assert run(["harvest", str(source), "--output", str(output), "--workers", "2"]) == 0
    problems = read_problems(output)
    assert [each.task_id for each in problems] == [
        "harvested:code/code.py:clamp",
        "harvested:code/code.py:vowels",
    ]
    assert "LIMIT = 10" in problems[0].prompt and "LIMIT" not in problems[1].prompt
    manifest = json.loads(source.with_name("found.manifest.json").read_text(encoding="utf-8"))
    assert [each["line"] for each in manifest["problems"]] == [4, 11]
    assert all(each["mutation_score"] >= 0.8 for each in manifest["problems"])
    assert all(each["licence"] == "not stated" for each in manifest["problems"])
    assert manifest["not_found"] == {"uses print": 1}
    assert "2 problems of 2 tried functions" in capsys.readouterr().out


EUCLID = """def common(p, q):
    while q:
        p, q = q, p % q
    return p
"""


def test_a_dataset_is_harvested_without_what_holds_a_task_of_a_benchmark(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"repo_name": "a/b", "path": f"{number}.py", "content": text, "license": "mit"}
        for number, text in enumerate([CODE, EUCLID])
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    output = tmp_path / "found.jsonl"
    words = ["harvest", "--datasets", "codeparrot_clean", "--folder", str(tmp_path)]
    assert run([*words, "--output", str(output), "--workers", "2"]) == 0
    problems = read_problems(output)
    assert [each.task_id for each in problems] == [
        "harvested:codeparrot_clean/a/b/0.py:clamp",
        "harvested:codeparrot_clean/a/b/0.py:vowels",
    ]
    manifest = json.loads(output.with_name("found.manifest.json").read_text(encoding="utf-8"))
    assert manifest["left_out"]["contaminated"] == 1
    assert manifest["contaminated"]["humaneval"] == {"syntax tree": 1}
    assert "humaneval" in [each["name"] for each in manifest["benchmarks"]["benchmarks"]]
    assert [each["licence"] for each in manifest["problems"]] == ["mit", "mit"]
    assert "contaminated by humaneval: syntax tree 1" in capsys.readouterr().out


def test_nothing_is_overwritten_unasked(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = source.with_name("found.jsonl")
    output.write_text("mine", encoding="utf-8")
    assert run(["harvest", str(source), "--output", str(output)]) == 2
    assert output.read_text(encoding="utf-8") == "mine"
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["stdlb", "--output", "x.jsonl"], "stdlb"),
        (["stdlib", "--output", "x.txt"], "--output x.txt"),
        (["stdlib", "--output", "nowhere/x.jsonl"], "no folder nowhere"),
        (["stdlib", "--output", "x.jsonl", "--max-functions", "0"], "--max-functions"),
        (["stdlib", "--output", "x.jsonl", "--min-mutation-score", "80"], "--min-mutation-score"),
        (["stdlib", "--output", "x.jsonl", "--to-solve", "5"], "--to-solve"),
        (["no.py", "--output", "x.jsonl"], "SOURCE no.py"),
        (["--output", "x.jsonl"], "name a SOURCE"),
        (["--datasets", "codesearchnt", "--output", "x.jsonl"], "did you mean codesearchnet"),
        (["mbpp", "--output", "x.jsonl"], "SOURCE mbpp is a benchmark"),
        (["--datasets", "apps", "--output", "x.jsonl"], "--datasets apps is a benchmark"),
        (["mbpp_train", "--folder", "nowhere", "--output", "x.jsonl"], "--folder nowhere"),
        (["stdlib", "--output", "x.jsonl", "--max-documents", "0"], "--max-documents"),
    ],
)
def test_a_mistake_is_one_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["harvest", *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_a_source_without_pure_functions_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "loud.py"
    source.write_text("def shout(text):\n    print(text)\n", encoding="utf-8")
    output = tmp_path / "found.jsonl"
    assert run(["harvest", str(source), "--output", str(output), "--workers", "2"]) == 2
    assert "uses print: 1" in capsys.readouterr().err
    assert not output.exists()
