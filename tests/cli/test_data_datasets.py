"""fit on datasets, as users type it: problems for the loop, an exact resume, marked scores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command_line import TINY, CommandLine
from tests.cli.test_scoring import write_humaneval
from tests.training_data.dataset_files import write_alpaca, write_mbpp

ON_MBPP = (
    "fit",
    *TINY,
    "--data.families=[]",
    "--data.datasets=[mbpp_train, alpaca_python:0.5]",
    "--data.datasets_folder=sets",
    "--data.max_sequence_length=128",
    "--data.corpus_validation_share=0.1",
    "--recursion.start_after_steps=0",
    "--checkpoint.every_n_train_steps=1",
)


@pytest.fixture
def on_sets(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line in a folder with datasets in it."""
    monkeypatch.delenv("LIT_CODER_DATA_DIR", raising=False)
    write_mbpp(command.folder / "sets", wrong=(605,))
    write_alpaca(command.folder / "sets")
    return command


def rounds(folder: Path, run: str) -> list[tuple[object, ...]]:
    """What each round trained to and generated, without clocks and names."""
    files = sorted((folder / "runs" / run / "rounds").glob("*.json"))
    records = [json.loads(file.read_text()) for file in files]
    return [(r["train_loss"], r["validation_loss"], json.dumps(r["counts"])) for r in records]


def test_a_round_solves_the_problems_of_a_dataset_and_a_resume_changes_nothing(
    on_sets: CommandLine,
) -> None:
    whole = on_sets(*ON_MBPP)
    assert whole.status == 0, whole.err
    assert "mbpp_train: the reference of mbpp_train/605 does not pass its own tests" in whole.err
    assert "10 labelled" in " ".join(whole.out.split())
    expected = rounds(on_sets.folder, "run")
    record = (on_sets.folder / "runs" / "run" / "datasets.json").read_text()
    entries = json.loads(record)["datasets"]
    assert entries["mbpp_train"]["not_used"] == {"reference fails its tests": 1}
    assert entries["alpaca_python"]["left_out"] == {"same text": 5}
    assert len(expected) == 2 and expected[0][1] is not None
    assert sum(counts["generated"] for counts in json.loads(str(expected[1][2])).values()) == 8
    # From within the second round.
    resumed = on_sets("fit", "--ckpt_path=runs/run/checkpoints/step-00000003.ckpt")
    assert resumed.status == 0, resumed.err
    assert "does not pass" not in resumed.err
    assert (on_sets.folder / "runs" / "run" / "datasets.json").read_text() == record
    assert rounds(on_sets.folder, "run") == expected
    changed = on_sets.refused("fit", "--ckpt_path=last", "--data.datasets=[mbpp_train]")
    assert changed.startswith("data.datasets is ['mbpp_train'], but the run has")


def test_scores_of_weights_that_were_trained_on_a_benchmark_are_marked(
    on_sets: CommandLine,
) -> None:
    write_humaneval(on_sets.folder / "data", 4)
    options = [*ON_MBPP, "--data.datasets=[humaneval]", "--data.datasets_folder=data"]
    refused = on_sets.refused(*options)
    assert refused.startswith("data.datasets: humaneval is a benchmark")
    assert "set data.allow_benchmarks_in_training true" in refused
    fit = on_sets(
        *options,
        "--data.allow_benchmarks_in_training=true",
        "--recursion.num_problems=0",
        "--trainer.max_steps=2",
    )
    assert fit.status == 0, fit.err
    tested = on_sets(
        "test",
        "--ckpt_path=last",
        "--benchmark.names=[humaneval]",
        "--benchmark.max_problems=2",
        "--benchmark.output=all.json",
    )
    assert tested.status == 0, tested.err
    assert "; trained on humaneval" in tested.out
    (result,) = json.loads((on_sets.folder / "all.json").read_text()).values()
    assert result["summary"]["trained_on_benchmarks"] == ["humaneval"]
    report = (on_sets.folder / "runs" / "run" / "report.html").read_text()
    assert "trained on humaneval" in report
    scored = on_sets(
        "score",
        "--benchmark=humaneval",
        "--folder=data",
        "--samples=runs/run/benchmarks/humaneval@openai/samples.jsonl",
    )
    assert "the weights that wrote these samples were trained on humaneval" in scored.out


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("datasets=[mbpp_trian]", "data.datasets: there is no dataset 'mbpp_trian'; did you mean"),
        ("datasets=[apps]", "apps is a benchmark, and scores of weights"),
        (
            "datasets=[apps_train]",
            "apps_train is not in sets; run main.py data download apps_train",
        ),
        ("instruction_template=alpaca", "data.instruction_template 'alpaca' is no Python"),
        ("datasets_folder=nowhere", "there is no folder nowhere"),
        ("max_samples_per_dataset=0", "data.max_samples_per_dataset must be 1 or more"),
        ("keep_only=parse", "data.keep_only must be one of parses, all, not parse"),
        ("cleaning={min_lenght: 3}", "data.cleaning has no option 'min_lenght'; the options are"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_no_folder(
    on_sets: CommandLine, option: str, said: str
) -> None:
    assert said in on_sets.refused(*ON_MBPP, f"--data.{option}")
