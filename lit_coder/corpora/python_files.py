"""Finds the Python files of a folder and reads them as Python itself does.

    for name, path in python_files(Path("src")):
        read_python_text(path)                  # the text, or a `Fault`

Folders are walked in the order of their names. Links are followed, each folder once, so that a
loop ends. Hidden folders, `__pycache__` and virtual environments are passed by: what lies there is
not the project's. The encoding is that of the byte-order mark or of the coding line (PEP 263), else
UTF-8.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

from lit_coder.corpora.file_digests import file_digest
from lit_coder.corpora.source import LONGEST_DOCUMENT_BYTES, Fault, too_long


def python_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Name (path below `root`, with slashes) and path of each `.py` file, in the names' order.

    What is no regular file comes too, and so does a folder that may not be listed: reading it
    is a fault.
    """
    yield from _walk(root, "", set())


def _walk(folder: Path, prefix: str, seen: set[tuple[int, int]]) -> Iterator[tuple[str, Path]]:
    try:
        found = os.stat(folder)
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield prefix or folder.name, folder
        return
    if (found.st_dev, found.st_ino) in seen:
        return
    seen.add((found.st_dev, found.st_ino))
    if prefix and any(entry.name == "pyvenv.cfg" for entry in entries):
        return
    for entry in entries:
        if _is_folder(entry):
            if not entry.name.startswith(".") and entry.name != "__pycache__":
                yield from _walk(folder / entry.name, f"{prefix}{entry.name}/", seen)
        elif entry.name.endswith(".py"):
            yield prefix + entry.name, Path(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def read_python_text(path: Path) -> str | Fault:
    """The text of a Python file."""
    content = read_bytes(path)
    return content if isinstance(content, Fault) else decode_python(content)


def read_bytes(path: Path) -> bytes | Fault:
    """The content of a regular file that is no longer than a document may be."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            return Fault("is a folder that cannot be listed")
        # Opening a pipe would wait for someone to write into it.
        if not stat.S_ISREG(found.st_mode):
            return Fault("is no regular file")
        if found.st_size > LONGEST_DOCUMENT_BYTES:
            return too_long()
        return path.read_bytes()
    except OSError as error:
        return Fault(f"cannot be read ({error.strerror})")


def decode_python(content: bytes) -> str | Fault:
    """The text of a Python program, by its byte-order mark or coding line (PEP 263)."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding)
    except SyntaxError:
        return Fault("is not UTF-8 and names no encoding that Python knows")
    except (LookupError, ValueError):
        return Fault("is not in the encoding that it names")


def content_digest(parts: Iterable[tuple[str, Path]]) -> str:
    """The sha256 of names and contents, in their order.

    Where the files lie does not matter, nor when they were written. One that cannot be read
    counts as that.
    """
    whole = hashlib.sha256()
    for name, path in parts:
        whole.update(os.fsencode(name) + b"\0" + _digest_or_not(path))
    return whole.hexdigest()


def _digest_or_not(path: Path) -> bytes:
    try:
        return file_digest(path) if path.is_file() else b"unreadable"
    except OSError:
        return b"unreadable"
