"""Programs of a dataset as documents, and when they count as the same."""

from __future__ import annotations

import os
from pathlib import Path

from lit_coder.corpora.datasets.dataset_source import DatasetSource
from lit_coder.corpora.datasets.registry import dataset_spec
from tests.training_data.dataset_files import write_alpaca, write_programs

CODEPARROT = dataset_spec("codeparrot_clean")


def test_a_share_of_the_programs_can_be_taken(tmp_path: Path) -> None:
    write_programs(tmp_path)
    texts = {document.text for document in DatasetSource(CODEPARROT, tmp_path).documents()}
    half = DatasetSource(CODEPARROT, tmp_path, share=0.5)
    some = {document.text for document in half.documents()}
    assert len(texts) == 60 and some < texts and 15 < len(some) < 45
    assert {document.licence for document in half.documents()} == {"mit"}


def test_the_fingerprint_is_of_the_files_and_of_what_is_taken_of_them(tmp_path: Path) -> None:
    write_programs(tmp_path / "here")
    write_programs(tmp_path / "there")
    first = DatasetSource(CODEPARROT, tmp_path / "here", 7)
    assert len(list(first.documents())) == 7
    assert first.fingerprint() == DatasetSource(CODEPARROT, tmp_path / "there", 7).fingerprint()
    assert first.fingerprint() != DatasetSource(CODEPARROT, tmp_path / "here", 8).fingerprint()
    assert first.fingerprint() != DatasetSource(CODEPARROT, tmp_path / "here", 7, 0.5).fingerprint()


def test_a_row_that_changes_changes_the_fingerprint_at_the_same_size_and_time(
    tmp_path: Path,
) -> None:
    write_programs(tmp_path)
    source = DatasetSource(CODEPARROT, tmp_path)
    before = source.fingerprint()
    (path,) = tmp_path.rglob("*.jsonl")
    found = path.stat()
    path.write_bytes(path.read_bytes().replace(b"return x * 7 ", b"return x * 8 "))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert path.stat().st_size == found.st_size
    assert source.fingerprint() != before


def test_an_answer_that_is_a_program_is_a_document(tmp_path: Path) -> None:
    write_alpaca(tmp_path)
    source = DatasetSource(dataset_spec("alpaca_python"), tmp_path, 5)
    assert all("def " in document.text for document in source.documents())
