"""The programs of this machine: a folder's, the standard library's, the installed packages'."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from lit_coder.corpora.licences import licences
from lit_coder.corpora.python_sources import (
    FolderSource,
    SitePackages,
    StandardLibrary,
    stated_licence,
)
from lit_coder.corpora.source import SourceError
from lit_coder.problems.python_text import parse_quietly


def texts(source: FolderSource) -> list[str]:
    return [document.text for document in source.documents()]


def install(folder: Path, name: str, files: list[str], *metadata: str) -> None:
    """A package as pip leaves it: its files, its metadata and the list of both."""
    information = f"{name}-1.0.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *metadata]
    (folder / information).mkdir(parents=True)
    (folder / information / "METADATA").write_text("\n".join(lines) + "\n")
    (folder / information / "RECORD").write_text(
        "".join(f"{file},,\n" for file in [*files, f"{information}/RECORD"])
    )
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(f"# {file}\n")


def test_line_ends_are_those_of_python_whatever_the_file_s(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"a = 1\r\nb = 2\rc = 3\n")
    assert texts(FolderSource(tmp_path)) == ["a = 1\nb = 2\nc = 3\n"]


def test_a_bad_file_is_counted_with_its_name_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1\n")
    (tmp_path / "b.py").write_bytes(b"s = '\xe9'\n")
    (tmp_path / "c.py").write_bytes(b"x = '\0'\n")
    (tmp_path / "d.py").write_text(" \n\n")
    source = FolderSource(tmp_path)
    for _ in range(2):
        assert texts(source) == ["a = 1\n"]
        assert (source.skipped.total, source.skipped.num_empty) == (2, 1)
    assert str(source.skipped) == (
        "b.py is not UTF-8 and names no encoding that Python knows; c.py holds NUL bytes"
    )


def test_only_the_first_bad_files_are_named(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.py").write_bytes(b"\xff\xff")
    source = FolderSource(tmp_path)
    assert texts(source) == []
    assert str(source.skipped).startswith("0.py is not UTF-8")
    assert str(source.skipped).endswith("; and 3 more")


def test_a_file_that_vanishes_after_it_was_listed_is_left_out(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(f"{name[0]} = 1\n")
    source = FolderSource(tmp_path)
    (tmp_path / "a.py").unlink()
    assert texts(source) == ["b = 1\n"]
    assert "a.py cannot be read" in str(source.skipped)


def test_a_folder_without_programs_says_so(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("{}\n")
    with pytest.raises(SourceError, match=r"holds no \.py file"):
        FolderSource(tmp_path)
    with pytest.raises(ValueError, match=r"data\.corpus: there is no folder .*gone"):
        FolderSource(tmp_path / "gone")


def test_the_standard_library_is_that_of_the_interpreter() -> None:
    source = StandardLibrary()
    names = [name for name, _ in source.files]
    assert {"json/decoder.py", "heapq.py"} <= set(names)
    assert not [name for name in names if "site-packages" in name or "__pycache__" in name]
    assert source.num_documents == len(names) > 500
    assert "PSF-2.0" in licences([source])


def test_what_of_the_library_is_there_to_be_broken_is_left_out() -> None:
    suspects = [
        document
        for document in StandardLibrary().documents()
        if any(word in document.name for word in ("bad", "data", "lib2to3", "tokenize", "grammar"))
    ]
    for document in suspects:
        parse_quietly(document.text)


def test_packages_are_pure_python_without_this_one(tmp_path: Path) -> None:
    install(tmp_path, "Pure", ["pure/__init__.py", "pure/data.txt", "../../bin/tool.py"])
    install(tmp_path, "fast", ["fast/__init__.py", "fast/core.so"])
    install(tmp_path, "lit_coder", ["lit_coder/gpt.py"])
    source = SitePackages([str(tmp_path)])
    assert [name for name, _ in source.files] == ["pure/__init__.py"]
    assert [document.text for document in source.documents()] == ["# pure/__init__.py\n"]
    assert [part for part, _ in source.licences()] == ["Pure 1.0"]


def test_no_pure_package_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no pure Python package"):
        SitePackages([str(tmp_path)])


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        (["License-Expression: MIT OR Apache-2.0", "License: other"], "MIT OR Apache-2.0"),
        (["License: BSD"], "BSD"),
        (["License: " + "x" * 500, "Classifier: License :: OSI Approved :: BSD"], "BSD"),
        (["License: UNKNOWN", "Classifier: License :: Public Domain"], "Public Domain"),
        ([], "not stated"),
    ],
)
def test_a_licence_is_what_the_metadata_name(
    tmp_path: Path, metadata: list[str], licence: str
) -> None:
    install(tmp_path, "pure", ["pure.py"], *metadata)
    (package,) = importlib.metadata.distributions(path=[str(tmp_path)])
    assert stated_licence(package) == licence


def test_the_table_of_licences_has_a_line_for_each_part(tmp_path: Path) -> None:
    install(tmp_path / "site", "pure", ["pure.py"], "License: MIT")
    (tmp_path / "own").mkdir()
    (tmp_path / "own/a.py").write_text("a = 1\n")
    table = licences([SitePackages([str(tmp_path / "site")]), FolderSource(tmp_path / "own")])
    assert [line.split()[-1] for line in table.splitlines()] == ["licence", "MIT", "stated"]
