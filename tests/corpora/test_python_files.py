"""Python files are found and read as Python does, and what is no text is a fault, not an error."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

import pytest

from lit_coder.corpora.python_files import content_digest, python_files, read_python_text
from lit_coder.corpora.source import LONGEST_DOCUMENT_BYTES, Fault


def write(path: Path, content: str | bytes = "x = 1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def names(root: Path) -> list[str]:
    return [name for name, _ in python_files(root)]


def test_files_come_in_the_order_of_their_names_below_the_folder(tmp_path: Path) -> None:
    for name in ("b.py", "a/z.py", "a/b/c.py", "a/notes.txt", "B.py"):
        write(tmp_path / name)
    assert names(tmp_path) == ["B.py", "a/b/c.py", "a/z.py", "b.py"]


def test_what_is_not_the_project_s_own_is_passed_by(tmp_path: Path) -> None:
    for name in (".git/a.py", "__pycache__/b.py", "venv/lib/c.py", "src/d.py"):
        write(tmp_path / name)
    write(tmp_path / "venv/pyvenv.cfg", "")
    assert names(tmp_path) == ["src/d.py"]


def test_a_loop_of_links_ends_and_each_folder_counts_once(tmp_path: Path) -> None:
    write(tmp_path / "src/deep/a.py")
    (tmp_path / "src/deep/again").symlink_to(tmp_path / "src", target_is_directory=True)
    (tmp_path / "twice").symlink_to(tmp_path / "src", target_is_directory=True)
    assert names(tmp_path) == ["src/deep/a.py"]


def test_a_linked_folder_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/a.py")
    (tmp_path / "root").mkdir()
    (tmp_path / "root/linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert names(tmp_path / "root") == ["linked/a.py"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("s = 'é'\n".encode(), "s = 'é'\n"),
        (b"# -*- coding: latin-1 -*-\ns = '\xe9'\n", "# -*- coding: latin-1 -*-\ns = 'é'\n"),
        (b"#!python\n# vim: set fileencoding=cp1251 :\ns = '\xdf'\n", None),
        (codecs.BOM_UTF8 + b"x = 1\n", "x = 1\n"),
    ],
)
def test_the_encoding_is_that_of_mark_or_coding_line(
    tmp_path: Path, content: bytes, text: str | None
) -> None:
    expected = text or "#!python\n# vim: set fileencoding=cp1251 :\ns = 'Я'\n"
    assert read_python_text(write(tmp_path / "a.py", content)) == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"s = '\xe9'\n", "not UTF-8"),
        (b"# coding: klingon\n", "no encoding"),
        (b"# coding: rot13\nk = 1\n", "not in the encoding"),
        (b"# coding: ascii\ns = '\xe9'\n", "not in the encoding"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", "no encoding"),
        (b"x" * (LONGEST_DOCUMENT_BYTES + 1), "longer than 1,048,576 bytes"),
    ],
)
def test_what_python_could_not_read_is_a_fault(tmp_path: Path, content: bytes, reason: str) -> None:
    found = read_python_text(write(tmp_path / "a.py", content))
    assert isinstance(found, Fault)
    assert reason in found.reason


def test_a_link_to_nothing_and_a_pipe_are_faults(tmp_path: Path) -> None:
    (tmp_path / "gone.py").symlink_to(tmp_path / "nothing.py")
    os.mkfifo(tmp_path / "pipe.py")
    found = [read_python_text(path) for _, path in python_files(tmp_path)]
    assert found == [
        Fault("cannot be read (No such file or directory)"),
        Fault("is no regular file"),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path / "closed.py").chmod(0)
    (tmp_path / "folder").mkdir(mode=0)
    faults = [read_python_text(path) for _, path in python_files(tmp_path)]
    assert faults == [
        Fault("cannot be read (Permission denied)"),
        Fault("is a folder that cannot be listed"),
    ]


def test_the_digest_is_of_names_and_contents_wherever_they_lie(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write(tmp_path / folder / "a.py", "x = 1\n")
    os.utime(tmp_path / "two/a.py", (1, 1))
    first = content_digest(python_files(tmp_path / "one"))
    assert content_digest(python_files(tmp_path / "two")) == first
    write(tmp_path / "two/a.py", "x = 2\n")
    assert content_digest(python_files(tmp_path / "two")) != first
    assert content_digest([("b.py", tmp_path / "one/a.py")]) != first
