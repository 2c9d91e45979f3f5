"""Python programs of this machine: a folder, the standard library, the installed packages.

    FolderSource("my_project/src")
    StandardLibrary()               # about 31 MB in 1,780 files, PSF-2.0
    SitePackages()                  # what pip installed beside the interpreter, pure Python only

The standard library is taken with its tests, which are half of it, where the interpreter has them:
they are programs like others. Files whose purpose is to be broken are not (`tests/data`,
`tokenizedata`, `badsyntax_*`, `bad_coding*`). Of the installed packages those count that hold no
compiled file, so that what is read is the whole program; this package itself is left out.
"""

from __future__ import annotations

import importlib.metadata
import re
import site
import sysconfig
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from lit_coder.corpora.python_files import content_digest, python_files, read_python_text
from lit_coder.corpora.source import CorpusSource, Fault, Licence, SourceError

_NOT_OF_THE_LIBRARY = re.compile(r"^(site|dist)-packages/|^lib-dynload/|^config-")
_BROKEN_ON_PURPOSE = re.compile(
    r"(^|/)(tests?|test_lib2to3)/data/|(^|/)tokenizedata/|(^|/)(badsyntax_|bad_coding)[^/]*$"
)
_COMPILED = (".so", ".pyd", ".dylib", ".dll")
# Some packages give the whole text of their licence instead of its name.
_LONGEST_LICENCE_NAME = 60
_CLASSIFIER = re.compile(r"License :: (?:OSI Approved :: )?(.+)")


class _PythonFiles(CorpusSource):
    """Files that are listed once."""

    @cached_property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """Name and path of each file, in their order."""
        raise NotImplementedError

    @property
    def num_documents(self) -> int:
        """How many files there are."""
        return len(self.files)

    def fingerprint(self) -> str:
        """By names and contents of the files."""
        return content_digest(self.files)

    def texts(self) -> Iterator[tuple[str, str | Fault]]:
        """The files one after the other."""
        for name, path in self.files:
            yield name, read_python_text(path)


class FolderSource(_PythonFiles):
    """Every `.py` file below a folder.

    Raises:
        ValueError: it is no folder.
        SourceError: it holds no `.py` file.
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__(str(folder))
        self._folder = Path(folder).expanduser()
        if not self._folder.is_dir():
            raise ValueError(f"data.corpus: there is no folder {folder}; give one with .py files")
        if not self.files:
            raise SourceError(f"the folder {folder} holds no .py file")

    @cached_property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """Name and path of each file, in their order."""
        return tuple(python_files(self._folder))


class StandardLibrary(_PythonFiles):
    """The standard library of the running interpreter.

    Raises:
        SourceError: the interpreter has no files of its library, as one that is a single file.
    """

    def __init__(self) -> None:
        super().__init__("stdlib", "PSF-2.0")
        if not self.files:
            raise SourceError("the interpreter holds no source of its standard library")

    @cached_property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """Name and path of each file, in their order."""
        return tuple(
            (name, path)
            for name, path in python_files(Path(sysconfig.get_paths()["stdlib"]))
            if not _NOT_OF_THE_LIBRARY.match(name) and not _BROKEN_ON_PURPOSE.search(name)
        )


class SitePackages(_PythonFiles):
    """The packages that are installed beside the interpreter and hold no compiled file.

    Args:
        folders: where packages are installed; None takes the interpreter's own folders.

    Raises:
        SourceError: there are none.
    """

    def __init__(self, folders: list[str] | None = None) -> None:
        super().__init__("site-packages", "one for each package")
        paths = sysconfig.get_paths()
        own = [paths["purelib"], paths["platlib"], *site.getsitepackages()]
        self._folders = list(dict.fromkeys(folders if folders is not None else own))
        if not self.files:
            raise SourceError("no pure Python package is installed beside the interpreter")

    @cached_property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """Name and path of each file, in their order."""
        found = {
            str(file): Path(str(file.locate()))
            for package in self._packages
            for file in package.files or ()
            if file.suffix == ".py" and ".." not in file.parts
        }
        return tuple(sorted((n, p) for n, p in found.items() if not _BROKEN_ON_PURPOSE.search(n)))

    def texts(self) -> Iterator[tuple[str, str | Fault]]:
        """The files one after the other, each with its package's licence."""
        of_file = {
            str(file): stated_licence(package)
            for package in self._packages
            for file in package.files or ()
        }
        for name, found in super().texts():
            self.text_licence = of_file.get(name, "")
            yield name, found

    def licences(self) -> tuple[Licence, ...]:
        """One row for each package, with its version."""
        return tuple(
            Licence(f"{package.metadata['Name']} {package.version}", stated_licence(package))
            for package in self._packages
        )

    @cached_property
    def _packages(self) -> tuple[importlib.metadata.Distribution, ...]:
        chosen: dict[str, importlib.metadata.Distribution] = {}
        for package in importlib.metadata.distributions(path=self._folders):
            name = (package.metadata.get_all("Name") or [""])[0].lower().replace("_", "-")
            files = package.files or ()
            is_pure = not any(file.name.endswith(_COMPILED) for file in files)
            has_python = any(file.suffix == ".py" for file in files)
            if name and name != "lit-coder" and is_pure and has_python:
                chosen.setdefault(name, package)
        return tuple(chosen[name] for name in sorted(chosen))


def stated_licence(package: importlib.metadata.Distribution) -> str:
    """The licence that a package's metadata name: as expression, as text, or as classifier."""
    metadata = package.metadata
    for field in ("License-Expression", "License"):
        text = str((metadata.get_all(field) or [""])[0]).strip()
        if text and len(text) <= _LONGEST_LICENCE_NAME and text != "UNKNOWN":
            return text
    classifiers = [_CLASSIFIER.fullmatch(text) for text in metadata.get_all("Classifier") or ()]
    names = [found.group(1) for found in classifiers if found is not None]
    return ", ".join(names) or "not stated"
