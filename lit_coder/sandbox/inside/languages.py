"""Languages beside Python: what runs a program of each, and how its interpreter is started.

    command = LANGUAGES["javascript"].command("/usr/bin/node")    # argv, the driver's text included

A locked child becomes the interpreter by `execve` with this command. The driver, text in the
language itself, then takes the place of `candidate.py`: it reads one job from descriptor 3, in
`codec.py`'s form, and answers on it as `candidate.py` and `program.py` do. A further language is
an entry here and a folder with its driver. Python is not one of them: its programs run in the
forked child itself, without `execve`. Where an interpreter is on this machine is found by
`interpreters.py`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from typing import NamedTuple


class Language(NamedTuple):
    """One language.

    Attributes:
        name: what `Problem.language` and a job's `language` say.
        file_name: what a program's text is called in messages and stack traces.
        executable: the interpreter's name on the search path.
        arguments: its options; the driver's text follows them, then `file_name`.
        driver_files: the driver's parts beside this module; their texts follow each other.
        driver_frame: what stands before and after them, so that the driver's names are its own.
        identify: options that make it print the path of its executable, then its version.
        minimum_version: the first version on which the driver works.
        remedy: what to do where it is missing or too old.
        num_threads: threads that the interpreter itself needs beside the first one.
        late_files: what it opens by itself at start or later, beside the libraries it is linked
            with; those that do not exist are passed over.
    """

    name: str
    file_name: str
    executable: str
    arguments: tuple[str, ...]
    driver_files: tuple[str, ...]
    driver_frame: tuple[str, str]
    identify: tuple[str, ...]
    minimum_version: tuple[int, ...]
    remedy: str
    num_threads: int
    late_files: tuple[str, ...] = ()

    def driver_text(self) -> str:
        """The whole driver; read from this package's files."""
        files = (f"{self.name}/{name}" for name in self.driver_files)
        # Inside a container this package is read from memory.
        texts = [(pkgutil.get_data(__package__, file) or b"").decode() for file in files]
        before, after = self.driver_frame
        return before + "\n".join(texts) + after

    def command(self, executable: str) -> tuple[str, ...]:
        """The command line that runs the driver."""
        return (executable, *self.arguments, self.driver_text(), self.file_name)


_JAVASCRIPT = Language(
    name="javascript",
    file_name="program.js",
    executable="node",
    # One worker for the compiler and the collector starts fastest; 0 would mean as many as the
    # machine has cores. The driver's text on the command line needs no readable file.
    arguments=("--v8-pool-size=1", "--eval"),
    driver_files=("codec.js", "sha256.js", "features.js", "driver.js"),
    # A block, or the driver's constants would be in the way of the program's.
    driver_frame=("'use strict';\n{\n", "\n}\n"),
    identify=("--print", "process.execPath + '\\n' + process.versions.node"),
    minimum_version=(18,),
    remedy="install Node.js 18 or newer",
    # That worker, its timers, the inspector's signals, file operations (versions 18 and 20); two
    # more leave room for other versions.
    num_threads=6,
    late_files=("/etc/ssl/openssl.cnf", "/usr/share/nodejs"),
)

LANGUAGES: Mapping[str, Language] = {language.name: language for language in (_JAVASCRIPT,)}
