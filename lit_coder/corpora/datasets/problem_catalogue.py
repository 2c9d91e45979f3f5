"""Datasets of problems with tests, for training and for the recursion.

    PROBLEM_SETS[0].name                        # "apps"

Sizes and counts are the publishers'. APPS, TACO and CodeContests hold test parts that others are
measured on, so each is a benchmark as a whole; their training parts are datasets of their own.
"""

from __future__ import annotations

from dataclasses import replace

from lit_coder.corpora.datasets.spec import DatasetSpec, columns

_APPS = DatasetSpec(
    name="apps",
    title="APPS",
    licence="MIT",
    num_rows=10_000,
    size="1.3 GB",
    kind="problem",
    validation="test cases",
    columns=columns("problem_id question solutions input_output"),
    formats=("JSON Lines", "Parquet", "CSV"),
    hub_id="codeparrot/apps",
    files=("train.jsonl", "test.jsonl"),
    hint="apps",
    is_benchmark=True,
    note="half of it is a test split: apps_train is the other half",
)
_TACO = DatasetSpec(
    name="taco",
    title="TACO",
    licence="Apache-2.0",
    num_rows=26_443,
    size="2.4 GB",
    kind="problem",
    validation="test cases",
    columns=columns("question solutions input_output skill_types", "question solutions raw_tags"),
    formats=("Arrow", "Parquet", "JSON Lines"),
    absent=frozenset({"problem_id"}),
    hub_id="BAAI/TACO",
    files=("train/*.arrow", "test/*.arrow"),
    hint="taco",
    is_benchmark=True,
    note="1,000 of it are a test split: taco_train is the rest",
)
_CONTESTS = DatasetSpec(
    name="code_contests",
    title="CodeContests",
    licence="CC-BY-4.0",
    num_rows=13_610,
    size="2.1 GB",
    kind="problem",
    validation="test cases",
    columns=columns("name description public_tests solutions"),
    formats=("Parquet", "CSV"),
    hub_id="deepmind/code_contests",
    kaggle_ids=("lallucycle/code-contests-dataset",),
    files=("data/*.parquet",),
    hint="contest",
    is_benchmark=True,
    note="117 rows are a validation and 165 a test split: code_contests_train is the rest",
)

PROBLEM_SETS: tuple[DatasetSpec, ...] = (
    _APPS,
    replace(
        _APPS,
        name="apps_train",
        title="APPS, training half",
        num_rows=5_000,
        files=("train.jsonl",),
        base="apps",
        split="train",
        is_benchmark=False,
        note="",
    ),
    _TACO,
    replace(
        _TACO,
        name="taco_train",
        title="TACO, training part",
        num_rows=25_443,
        files=("train/*.arrow",),
        base="taco",
        split="train",
        is_benchmark=False,
        note="",
    ),
    _CONTESTS,
    replace(
        _CONTESTS,
        name="code_contests_train",
        title="CodeContests, training part",
        num_rows=13_328,
        files=("data/train-*.parquet",),
        base="code_contests",
        split="train",
        is_benchmark=False,
        note="",
    ),
    DatasetSpec(
        name="ace_code",
        title="AceCode-87K",
        licence="MIT",
        num_rows="87k",
        size="0.3 GB",
        kind="problem",
        validation="unit tests",
        columns=columns("id source question test_cases"),
        hub_id="TIGER-Lab/AceCode-87K",
        files=("data/*.parquet",),
        hint="ace.?code",
        note="it publishes no solutions, so its rows are read and not run",
    ),
    DatasetSpec(
        name="verifiable_coding_problems",
        title="SYNTHETIC-1, verifiable coding problems",
        licence="Apache-2.0",
        num_rows="144k",
        size="5 GB",
        kind="problem",
        validation="test cases",
        columns=columns("prompt gold_standard_solution verification_info"),
        hub_id="PrimeIntellect/verifiable-coding-problems",
        files=("data/*.parquet",),
        hint="verifiable.coding|synthetic.?1",
    ),
)
