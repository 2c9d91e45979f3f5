"""Installed packages that programs may import beside the standard library.

    packages = find_packages(["numpy"])
    packages.modules        # ("numpy",)
    packages.entries        # files and folders to be readable

A distribution brings those it requires. What is installed is taken as it is; nothing is fetched.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Packages(NamedTuple):
    """What the named distributions consist of: modules to import, and their files."""

    modules: tuple[str, ...]
    entries: tuple[Path, ...]


def find_packages(names: Sequence[str]) -> Packages:
    """The files of the distributions and of all that they require.

    Raises:
        ValueError: a named one is not installed.
    """
    modules: list[str] = []
    entries: dict[Path, None] = {}
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name.lower() in seen:
            continue
        seen.add(name.lower())
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            if name not in names:
                # Required on another platform only.
                continue
            raise ValueError(
                f"sandbox.packages names {name!r}, which is not installed in the trainer's "
                "environment: install it there or leave it out"
            ) from None
        found = _top_entries(distribution)
        entries.update(dict.fromkeys(found))
        if name in names:
            modules += [module for path in found if (module := _module_name(path))]
        waiting += _required(distribution)
    return Packages(tuple(dict.fromkeys(modules)), tuple(entries))


def _top_entries(distribution: importlib.metadata.Distribution) -> list[Path]:
    tops = {
        file.parts[0]
        for file in distribution.files or ()
        if file.parts[0] not in ("..", "__pycache__") and not file.parts[0].endswith(".dist-info")
    }
    paths = [Path(str(distribution.locate_file(top))).resolve() for top in sorted(tops)]
    return [path for path in paths if path.exists()]


def _module_name(path: Path) -> str:
    """What to import beforehand; a private module's imports may not even be installed."""
    is_module = (path / "__init__.py").is_file() or path.suffix in (".py", ".so")
    return path.name.partition(".")[0] if is_module and path.name[0] != "_" else ""


def _required(distribution: importlib.metadata.Distribution) -> list[str]:
    names = []
    for requirement in distribution.requires or ():
        match = _NAME.match(requirement)
        if match is not None and "extra ==" not in requirement:
            names.append(match.group())
    return names
