"""What `data.problem_files` and `data.held_out_files` name: files, folders, files of the hub.

    source = problem_source("problem_files", "hf:sapientinc/sudoku-extreme/train.csv:1000")
    problems = source.problems()

    PATH                             a .jsonl or .csv file, or a folder of them
    hf:OWNER/NAME/FILE[@REVISION]    one .jsonl or .csv file of a data set of the hub
    ...csv:NUMBER                    so many rows of it, drawn from all, always the same ones

A file of the hub is fetched when its problems are asked for, and used from the hub's cache where it
is there. What the files hold is `problem_file.py`'s to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lit_coder.corpora.hub_files import HubUnavailable, fetch_hub_file
from lit_coder.problems.file_checksums import problem_file_checksums
from lit_coder.problems.problem import Problem
from lit_coder.problems.problem_file import read_problems
from lit_coder.problems.sudoku_file import read_sudoku_file

FILE_OPTIONS = ("problem_files", "held_out_files")
"""The options of the section `data` that name such sources."""
HUB = "hf:"

_HUB_FILE = re.compile(
    r"hf:(?P<repository>[\w.-]+/[\w.-]+)/(?P<file>[^@:]+\.(?:csv|jsonl))(?:@(?P<revision>[^:]+))?"
)


@dataclass(frozen=True, slots=True)
class ProblemSource:
    """One of them.

    Attributes:
        option: that names it.
        place: a path, or the file of the hub.
        most: rows to draw; None takes all.
    """

    option: str
    place: str
    most: int | None = None

    @property
    def is_on_hub(self) -> bool:
        """Whether it is a file of the hub."""
        return self.place.startswith(HUB)

    def refuse_missing(self) -> None:
        """Raise where there is no such path; the hub is not asked.

        Raises:
            ValueError: naming the option.
        """
        if not self.is_on_hub and not Path(self.place).exists():
            raise ValueError(f"data.{self.option}: there is no file {self.place}")

    def path(self) -> Path:
        """Where it lies on this machine; a file of the hub is fetched first.

        Raises:
            ValueError: the hub does not give it; the sentence says what to do.
        """
        if not self.is_on_hub:
            return Path(self.place)
        named = _HUB_FILE.fullmatch(self.place)
        assert named is not None, "its name was checked"
        try:
            return fetch_hub_file(named["repository"], named["file"], named["revision"] or "main")
        except HubUnavailable as error:
            raise ValueError(
                f"data.{self.option}: {self.place} cannot be had ({error}); check its name, or "
                "download it where the hub can be reached and give the file's path"
            ) from error

    def problems(self) -> list[Problem]:
        """What it holds.

        Raises:
            ValueError: it cannot be had, or is damaged.
        """
        path = self.path()
        return read_problems(path) if self.most is None else read_sudoku_file(path, self.most)

    def from_anywhere(self) -> str:
        """Its name as it is understood from any folder: paths are made absolute."""
        place = self.place if self.is_on_hub else str(Path(self.place).absolute())
        return place if self.most is None else f"{place}:{self.most}"

    def checksums(self) -> dict[str, str]:
        """SHA-256 of each of its files: by its path, or its name on the hub."""
        found = problem_file_checksums([self.path()])
        if not self.is_on_hub:
            return found
        (checksum,) = found.values()
        return {self.place: checksum}


def problem_source(option: str, name: str) -> ProblemSource:
    """The source of this name; nothing is opened.

    Raises:
        ValueError: the name is none, naming the option.
    """
    place, most = name, None
    # A path may hold a colon itself.
    numbered = None if Path(name).exists() else re.fullmatch(r"(.+):(\d+)", name)
    if numbered is not None:
        place, most = numbered[1], int(numbered[2])
        if most < 1 or not place.endswith(".csv"):
            raise ValueError(
                f"data.{option}: {name} draws {most} rows; name 1 or more of a .csv file of Sudoku"
            )
    if place.startswith(HUB) and _HUB_FILE.fullmatch(place) is None:
        raise ValueError(
            f"data.{option}: {name} is no file of the hub; write hf:OWNER/NAME/FILE.csv, as "
            "hf:sapientinc/sudoku-extreme/train.csv:1000 for 1,000 of its rows"
        )
    return ProblemSource(option, place, most)


def problem_sources(options: Mapping[str, Any]) -> list[ProblemSource]:
    """All that the options of the section `data` name.

    Raises:
        ValueError: a name is none.
    """
    return [
        problem_source(option, name)
        for option in FILE_OPTIONS
        for name in options.get(option) or ()
    ]


def source_checksums(options: Mapping[str, Any]) -> dict[str, str]:
    """SHA-256 of every file that the options name, those of the hub under their names there."""
    found: dict[str, str] = {}
    for source in problem_sources(options):
        found |= source.checksums()
    return found
