"""Records of datasets as rows: split, named, asked, counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lit_coder.training_data.dataset_choice import (
    benchmark_names,
    dataset_choices,
    refuse_benchmarks,
)
from lit_coder.training_data.dataset_mixing import TrainingDatasets
from lit_coder.training_data.dataset_rows import DatasetRows, read_dataset_rows
from lit_coder.training_data.dataset_template import InstructionTemplate
from tests.training_data.dataset_files import write_alpaca, write_mbpp


def read(
    name: str, folder: Path, max_samples: int | None = None, validation_share: float = 0.0
) -> DatasetRows:
    (choice,) = dataset_choices([name])
    template = InstructionTemplate()
    return read_dataset_rows(choice, folder, template, max_samples, validation_share)


def test_names_have_weights_and_dashes_do_not_count() -> None:
    choices = dataset_choices(["mbpp-train", "alpaca_python:0.5"])
    assert [(c.name, c.weight) for c in choices] == [("mbpp_train", 1.0), ("alpaca_python", 0.5)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("mbpp_trian", "did you mean mbpp_train?"),
        ("mbpp_train:", "no NAME or NAME:WEIGHT"),
        ("mbpp_train:nan", "0 or more"),
        ("mbpp_train:-1", "0 or more"),
        ("codeparrot_clean:0", "share of its documents"),
    ],
)
def test_a_wrong_choice_names_the_option_and_the_remedy(given: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"data\.datasets") as refused:
        dataset_choices([given])
    assert said in str(refused.value)


def test_benchmarks_are_refused_unless_they_are_asked_for() -> None:
    choices = dataset_choices(["humaneval", "mbpp_train"])
    with pytest.raises(ValueError, match=r"data\.allow_benchmarks_in_training"):
        refuse_benchmarks(choices, allowed=False)
    with pytest.raises(ValueError, match="take mbpp_train"):
        refuse_benchmarks(dataset_choices(["mbpp_test"]), allowed=False)
    refuse_benchmarks(choices, allowed=True)
    refuse_benchmarks(dataset_choices(["mbpp_train"]), allowed=False)
    assert benchmark_names(choices) == ("humaneval",)


def test_a_problem_is_asked_by_its_words_and_first_test_and_answered_without_crlf(
    tmp_path: Path,
) -> None:
    write_mbpp(tmp_path)
    rows = read("mbpp_train", tmp_path)
    problems = rows.train.problems
    assert len(problems) == 12 and {p.source for p in problems} == {"mbpp_train"}
    assert problems[0].task_id == "mbpp_train/601"
    assert problems[0].program(problems[0].reference or "") == (
        '"""\nWrite a function to add 601 to a number.\nassert plus_601(1) == 602\n"""\n'
        "def plus_601(x):\n    return x + 601\n"
    )


def test_a_problem_of_weight_0_is_there_to_be_solved_only(tmp_path: Path) -> None:
    write_mbpp(tmp_path)
    problems = read("mbpp_train:0", tmp_path).train.problems
    assert len(problems) == 12 and {p.reference for p in problems} == {None}


def test_the_split_is_by_record_and_the_same_every_time(tmp_path: Path) -> None:
    write_alpaca(tmp_path)
    rows = read("alpaca_python", tmp_path, validation_share=0.3)
    again = read("alpaca_python", tmp_path, validation_share=0.3)
    assert rows == again
    train, validation = set(rows.train.solved), set(rows.validation.solved)
    # Five of the rows are there twice, and taken once.
    assert len(rows.train.solved) + len(rows.validation.solved) == len(train | validation) == 60
    assert not train & validation and 5 < len(validation) < 35
    fewer = read("alpaca_python", tmp_path, max_samples=10, validation_share=0.3)
    assert set(fewer.train.solved) <= train and set(fewer.validation.solved) <= validation
    assert len(fewer.train.solved) + len(fewer.validation.solved) == 10
    assert fewer.content != rows.content


def test_what_gives_nothing_is_refused_with_the_reason(tmp_path: Path) -> None:
    write_alpaca(tmp_path)
    with pytest.raises(ValueError, match=r"alpaca_python gives nothing .*of weight 0.*; leave it"):
        read("alpaca_python:0", tmp_path)
    with pytest.raises(ValueError, match=r"main\.py data download apps"):
        read("apps", tmp_path)


def test_problems_want_a_template_that_is_python(tmp_path: Path) -> None:
    write_mbpp(tmp_path)
    (choice,) = dataset_choices(["mbpp_train"])
    with pytest.raises(ValueError, match="set docstring or comment"):
        read_dataset_rows(choice, tmp_path, InstructionTemplate("alpaca"), None, 0.0)


def test_a_record_that_holds_a_benchmarks_task_is_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    euclid = "def common(p, q):\n    while q:\n        p, q = q, p % q\n    return p\n"
    rows = [{"instruction": "Add.", "input": "", "output": "def add(a, b):\n    return a + b\n"}]
    rows.append({"instruction": "What divides both?", "input": "", "output": euclid})
    (tmp_path / "alpaca_python.json").write_text(json.dumps(rows))
    caplog.set_level("INFO")
    for decontaminate, count in ((True, 1), (False, 2)):
        datasets = TrainingDatasets(
            dataset_choices(["alpaca_python"]), str(tmp_path), decontaminate=decontaminate
        )
        assert len(datasets.rows[0].train.solved) == count
    assert "1 contaminated (row 2: HumanEval/13 of humaneval by syntax tree)" in caplog.text
