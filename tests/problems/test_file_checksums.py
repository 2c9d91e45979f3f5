"""Checksums of problem files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lit_coder.problems.file_checksums import problem_file_checksums


def test_files_and_the_files_of_folders_have_a_checksum_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    contents = {"one.jsonl": b"1", "folder/two.jsonl": b"2" * 3_000_000}
    for name, content in contents.items():
        Path(name).write_bytes(content)
    Path("folder/notes.txt").write_text("not a problem")
    assert problem_file_checksums(["one.jsonl", "folder", "gone.jsonl"]) == {
        str(tmp_path / name): hashlib.sha256(content).hexdigest()
        for name, content in contents.items()
    }
