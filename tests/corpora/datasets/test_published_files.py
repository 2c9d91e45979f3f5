"""Every file that is at hand: each row is read, counts and checksums are the publishers'.

Set LIT_CODER_DATA_DIR to a folder that holds the files.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lit_coder.corpora.datasets.opening import CodeDataset, open_dataset
from lit_coder.problems.benchmarks.registry import files_checksum

# Rows that the files themselves leave empty.
SKIPPED = {"code_alpaca": {"output is empty": 2}}
KNOWN = [
    ("humaneval", 164, "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef"),
    ("mbpp", 974, "ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f"),
    ("mbpp_sanitized", 427, "8ac32b2799150228e2d745aed09c870b7e4444246d4727d1004576207ef40769"),
    ("mbpp_plus", 399, "a855b9de667baea8e2f8aa61f898767a7336872208a85222b35622545e819fe9"),
    ("bigcodebench_hard", 148, "5e7a87ff1085eafb13b2d570277bcb53dba68201717b4fc987a3f2b86a23869c"),
    ("cruxeval", 800, "8368b81047dc5014e4caf5a2f97604eff7644e0ecd7415e3ceeb184bbc2e0c96"),
    ("code_alpaca", 2017, "9cb7352683bd2f530ce81eff7f8d58ccbe1a4bdf28afebbe9f80ec687256066d"),
    (
        "humaneval_infilling",
        1033,
        "1277073e7ddce163ef68598c2bca777f688a53df99422f097e37362090f88e1f",
    ),
    ("humanevalpack", 164, "b1376d72be4bd016a62ad043d9de3846edb8d63edf1222da802a31330c14c3a7"),
]


def published(name: str) -> CodeDataset:
    """The dataset in the folder of the environment; skips where it is not there."""
    folder = os.environ.get("LIT_CODER_DATA_DIR")
    if not folder:
        pytest.skip("LIT_CODER_DATA_DIR is not set")
    try:
        return open_dataset(name, Path(folder))
    except ValueError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(("name", "num_rows", "checksum"), KNOWN)
def test_every_row_of_a_published_file_is_read(name: str, num_rows: int, checksum: str) -> None:
    dataset = published(name)
    assert files_checksum(dataset.files) == checksum
    assert dataset.spec.known_files[checksum].num_rows == num_rows
    records = list(dataset.records())
    assert dataset.num_rows_read == num_rows
    assert dict(dataset.skipped.counts) == SKIPPED.get(name, {})
    assert len(records) == num_rows - dataset.skipped.total
    assert len({record.name for record in records}) == len(records)
    assert not any("\r" in record.text + record.instruction for record in records)


@pytest.mark.parametrize(
    ("name", "first", "last", "num_rows"),
    [("mbpp_test", 11, 510, 500), ("mbpp_validation", 511, 600, 90), ("mbpp_train", 601, 974, 374)],
)
def test_a_split_of_mbpp_is_its_numbers(name: str, first: int, last: int, num_rows: int) -> None:
    dataset = published(name)
    names = [record.name for record in dataset.records()]
    assert len(names) == dataset.num_rows_read == num_rows
    assert (names[0], names[-1]) == (f"MBPP/{first}", f"MBPP/{last}")


def test_a_problem_of_mbpp_has_its_asserts_and_its_reference() -> None:
    record = next(published("mbpp_train").records())
    assert record.kind == "problem" and record.problem is not None
    assert len(record.problem.tests.visible) == 3
    assert record.problem.reference == record.text
    assert record.instruction.startswith("Write a ")


def test_other_files_of_the_folder_are_no_dataset_by_accident() -> None:
    folder = os.environ.get("LIT_CODER_DATA_DIR")
    if not folder:
        pytest.skip("LIT_CODER_DATA_DIR is not set")
    with pytest.raises(ValueError, match="data download glaive_qa"):
        open_dataset("glaive_qa", Path(folder))
