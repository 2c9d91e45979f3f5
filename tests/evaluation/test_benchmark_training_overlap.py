"""How many problems of a benchmark stand in the training data, and the score without them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from example_run import RUN_ID, make_sample
from tiny_benchmarks import HUMANEVAL, knowing_module, make_callback, make_data, run, summary_of

from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.pool import EMPTY_VERSION, SamplePool

pytestmark = [
    pytest.mark.usefixtures("no_benchmark_files"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated.*"),
    pytest.mark.filterwarnings("ignore:.*lance is not fork-safe.*"),
]

WORDINGS = (
    "Return the number of red balloons that are left after x of them have burst.",
    "How many legs do x spiders have, if two of them have lost one leg each?",
    "The price in cents of x tickets, with a reduction for the eleventh and later ones.",
    "Tell the hour at which a train that left at midnight arrives after x stops.",
    "Count the squares of a board on which a knight can stand after x moves.",
)


def prompt_of(number: int) -> str:
    return f'def f{number}(x):\n    """{WORDINGS[number]}"""\n'


def write_files(folder: Path) -> None:
    """A benchmark of five problems, and a problem file that words two of them in its own way."""
    records = [
        {
            "task_id": f"HumanEval/{number}",
            "prompt": prompt_of(number),
            "entry_point": f"f{number}",
            "canonical_solution": f"    return x + {number}\n",
            "test": f"def check(candidate):\n    assert candidate(1) == {1 + number}\n",
        }
        for number in range(5)
    ]
    text = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "HumanEval.jsonl").write_text(text)
    case = {"arguments": [1], "expected": 5}
    mine = [
        {"prompt": prompt_of(0).replace("f0", "g"), "reference": "    return 5\n", "cases": [case]},
        {"prompt": f"# {WORDINGS[1].upper()}\ndef g(x):\n", "cases": [{**case, "expected": 6}]},
    ]
    lines = [{"task_id": f"mine/{i}", "entry_point": "g", **each} for i, each in enumerate(mine)]
    (folder / "mine.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def fill_pool(folder: Path) -> int:
    """Problem 2 accepted, 3 rejected, and 4 accepted in a later version; the first version."""
    pool = SamplePool.create(folder / "pool.lance", RUN_ID)
    sample = replace(make_sample(3, 1, 0), completion="    return 0\n")
    accepted, rejected, later = (
        replace(sample, prompt=prompt_of(number), accepted=number != 3) for number in (2, 3, 4)
    )
    version = pool.commit([accepted, rejected], EMPTY_VERSION)
    pool.commit([later], version)
    return version


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CodeDataModule:
    write_files(tmp_path)
    monkeypatch.setenv("LIT_CODER_DATA_DIR", str(tmp_path))
    # Decontamination would leave out what is counted here.
    return make_data(
        max_sequence_length=256,
        problem_files=[str(tmp_path / "mine.jsonl")],
        decontaminate=False,
    )


def test_problems_of_corpus_and_pool_are_counted_and_scored_apart(
    tmp_path: Path, data: CodeDataModule, capsys: pytest.CaptureFixture[str]
) -> None:
    data.pool_version = fill_pool(tmp_path)
    right = {prompt_of(n): f"    return x + {n if n in (0, 2, 4) else 99}\n" for n in range(5)}
    module = knowing_module(data, right)
    run("test", tmp_path, make_callback(names=["humaneval"]), data, module)
    summary = summary_of(tmp_path, HUMANEVAL)
    found = {name: each["where"] for name, each in summary["overlapping"].items()}
    assert found == {
        "HumanEval/0": "mine/0",
        "HumanEval/1": "mine/1",
        "HumanEval/2": "round 3, lists/1-0",
    }
    assert (summary["num_overlapping"], summary["pass@1"]) == (3, 0.6)
    assert summary["pass@1_without_overlap"] == 0.5
    assert summary["pass@1_of_overlapping"] == pytest.approx(2 / 3)
    assert summary["strict_pass@1_without_overlap"] == 0.5
    assert summary["strict_pass@1_of_overlapping"] == pytest.approx(2 / 3)
    out = " ".join(capsys.readouterr().out.split())
    assert "3 of 5 problems overlap with the training data (8 problems and 1 samples" in out
    assert "pass@1 60.0% with them, 50.0% without" in out


def test_every_score_is_given_without_the_overlapping_problems_too(
    tmp_path: Path, data: CodeDataModule, capsys: pytest.CaptureFixture[str]
) -> None:
    right = {prompt_of(n): f"    return x + {n if n < 3 else 99}\n" for n in range(5)}
    callback = make_callback(names=["humaneval"], num_samples=4, temperature=0.5)
    run("test", tmp_path, callback, data, knowing_module(data, right))
    summary = summary_of(tmp_path, HUMANEVAL)
    # Two of four samples of problem 2 are right, none of 3 and 4; 0 and 1 overlap.
    scores = {"pass@1": 1 / 6, "pass@4": 1 / 3, "strict_pass@1": 1 / 6}
    for name, score in scores.items():
        assert summary[f"{name}_without_overlap"] == pytest.approx(score)
        low, high = summary[f"{name}_without_overlap_interval"]
        assert low < score < high
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if " pass@" in line]
    assert [row[-1] for row in rows if row[:1] == ["4"]] == ["16.7%", "33.3%"]


def test_without_its_pool_a_checkpoint_is_compared_with_the_problems_alone(
    tmp_path: Path, data: CodeDataModule, log_lines: pytest.LogCaptureFixture
) -> None:
    data.pool_version = 7
    run("test", tmp_path, make_callback(names=["humaneval"]), data)
    summary = summary_of(tmp_path, HUMANEVAL)
    assert set(summary["overlapping"]) == {"HumanEval/0", "HumanEval/1"}
    assert "without the pool" in summary["training_data"]
    assert any("pool.lance is gone" in r.getMessage() for r in log_lines.records)


def test_what_decontamination_leaves_out_is_no_overlap(
    tmp_path: Path, data: CodeDataModule
) -> None:
    guarded = make_data(max_sequence_length=256, problem_files=[str(tmp_path / "mine.jsonl")])
    run("test", tmp_path, make_callback(names=["humaneval"]), guarded)
    assert not summary_of(tmp_path, HUMANEVAL)["overlapping"]
