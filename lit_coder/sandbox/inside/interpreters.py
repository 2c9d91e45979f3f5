"""Finds the interpreter of a language on this machine, with all it must read to start.

    settings = find_interpreter("javascript")    # None: not installed, or too old
    settings.command, settings.execute, settings.read

It starts the interpreter twice, once to ask where it really is (what the search path finds may be
a script of a version manager) and once under the loader's own listing of shared libraries, and
remembers the answer. It runs where the zygote's settings are made, outside the walls.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence

from .languages import LANGUAGES, Language
from .settings import LanguageSettings

_ASK_SECONDS = 30.0
_LOADER_CACHE = "/etc/ld.so.cache"


@functools.cache
def find_interpreter(name: str) -> LanguageSettings | None:
    """How to start the language's interpreter; None where there is none that is new enough.

    Raises:
        ValueError: there is no such language.
    """
    language = LANGUAGES.get(name)
    if language is None:
        known = ", ".join(repr(each) for each in ("python", *LANGUAGES))
        raise ValueError(f"the language must be one of {known}, not {name!r}")
    found = shutil.which(language.executable)
    if found is None:
        return None
    answer = _output([found, *language.identify]).split("\n")
    if len(answer) < 2 or not _is_new_enough(answer[1], language):
        return None
    executable = os.path.realpath(answer[0])
    libraries = _linked_libraries(executable)
    more = (_LOADER_CACHE, *language.late_files)
    return LanguageSettings(
        name=name,
        command=language.command(executable),
        # The kernel executes the loader too, which is the one library named without a search.
        execute=(executable, *(path for path in libraries if _is_loader(path))),
        read=(executable, *libraries, *(path for path in more if os.path.exists(path))),
        num_threads=language.num_threads,
    )


def _is_new_enough(version: str, language: Language) -> bool:
    numbers = tuple(int(part) for part in version.strip().split(".") if part.isdecimal())
    return numbers >= language.minimum_version


def _is_loader(path: str) -> bool:
    return os.path.basename(path).startswith(("ld-", "ld64", "ld."))


def _linked_libraries(executable: str) -> tuple[str, ...]:
    """The paths under which the loader opens the executable's libraries, itself included."""
    # The loader then lists them and does not run the program: all that `ldd` does.
    listing = _output([executable], LD_TRACE_LOADED_OBJECTS="1")
    words = (word for line in listing.splitlines() for word in line.split())
    return tuple(dict.fromkeys(word for word in words if os.path.isabs(word)))


def _output(command: Sequence[str], **variables: str) -> str:
    """What it prints, or nothing where it fails."""
    # A version manager's script needs the path and the home folder.
    kept = ("PATH", "HOME", "LD_LIBRARY_PATH")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    try:
        done = subprocess.run(
            command,
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
