"""The checksums of large files, which are read once."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from lit_coder.corpora.cache_root import CACHE_FOLDER_VARIABLE
from lit_coder.corpora.file_digests import FOLDER_NAME, LEAST_KEPT_BYTES, file_digest


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that was written a while ago, by the only clock that tells."""
    monkeypatch.setenv(CACHE_FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr("lit_coder.corpora.file_digests._SETTLED_SECONDS", -1.0)
    path = tmp_path / "large.jsonl"
    path.write_bytes(b"x" * LEAST_KEPT_BYTES)
    return path


def entries(large: Path) -> list[Path]:
    return sorted((large.parent / "cache" / FOLDER_NAME).glob("*"))


def test_a_large_file_is_read_once(large: Path) -> None:
    right = hashlib.sha256(large.read_bytes()).digest()
    assert file_digest(large) == right
    (entry,) = entries(large)
    kept = json.loads(entry.read_text())
    entry.write_text(json.dumps(kept | {"sha256": "00" * 32}))
    assert file_digest(large) == bytes(32)


def test_a_file_that_changed_is_read_again_whatever_its_time_says(large: Path) -> None:
    before, found = file_digest(large), large.stat()
    with large.open("r+b") as stream:
        stream.write(b"y")
    os.utime(large, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert file_digest(large) != before


def test_a_damaged_entry_is_not_believed(large: Path) -> None:
    right = file_digest(large)
    (entry,) = entries(large)
    entry.write_text("{")
    assert file_digest(large) == right


def test_a_file_that_was_written_just_now_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_FOLDER_VARIABLE, str(tmp_path / "cache"))
    path = tmp_path / "new.jsonl"
    path.write_bytes(b"x" * LEAST_KEPT_BYTES)
    file_digest(path)
    assert not (tmp_path / "cache").exists()


def test_without_a_cache_that_can_be_written_the_digest_is_the_same(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = large.parent / "file"
    blocked.touch()
    monkeypatch.setenv(CACHE_FOLDER_VARIABLE, str(blocked))
    assert file_digest(large) == hashlib.sha256(large.read_bytes()).digest()
