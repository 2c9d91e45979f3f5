"""The languages beside Python that the programs of one wall can be in.

    languages = InstalledLanguages()
    languages.admit("javascript")        # the first job in it asks for it
    languages.settings, languages.names

Finding an interpreter means starting it, so nobody pays for a language that no job is in. Workers
that started before a language was admitted have to be started again to know it.
"""

from __future__ import annotations

import threading
from pathlib import Path

from lit_coder.sandbox.contract import SandboxError
from lit_coder.sandbox.inside.interpreters import find_interpreter
from lit_coder.sandbox.inside.languages import LANGUAGES
from lit_coder.sandbox.inside.settings import LanguageSettings
from lit_coder.sandbox.privileges import is_root, readable_by_others


class InstalledLanguages:
    """Grows by the languages that are asked for and found on this machine."""

    def __init__(self) -> None:
        self._found: tuple[LanguageSettings, ...] = ()
        self._lock = threading.Lock()

    @property
    def settings(self) -> tuple[LanguageSettings, ...]:
        """How to start each interpreter, in the order of admission."""
        return self._found

    @property
    def names(self) -> tuple[str, ...]:
        """Python first, then the others in the order in which requests count them."""
        return ("python", *(each.name for each in self._found))

    def admit(self, name: str) -> None:
        """Have programs in this language; nothing happens where they are had already.

        Raises:
            SandboxError: its interpreter is not here or cannot be used; with the remedy.
        """
        with self._lock:
            if name in self.names:
                return
            if name not in LANGUAGES:
                known = ", ".join(("python", *LANGUAGES))
                raise SandboxError(f"The sandbox runs {known}, not {name!r}.")
            found = find_interpreter(name)
            if found is None:
                remedy = LANGUAGES[name].remedy
                raise SandboxError(f"The sandbox cannot run {name} on this machine: {remedy}.")
            executable = Path(found.command[0])
            if is_root() and not readable_by_others(executable):
                raise SandboxError(
                    f"The sandbox cannot run {name}: root's programs run as an unprivileged user, "
                    f"who cannot read {executable}: install it for all users."
                )
            self._found = (*self._found, found)
