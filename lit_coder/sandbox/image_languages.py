"""The languages that the programs in an image's containers can be in.

    languages = ImageLanguages("python:3.10-slim", find)
    languages.admit("javascript")        # the first job in it asks for it
    languages.names

`find` starts a container to look for the interpreters of languages, so nobody pays for a language
that no job is in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from lit_coder.sandbox.contract import SandboxError, SandboxUnavailable
from lit_coder.sandbox.inside.languages import LANGUAGES


class ImageLanguages:
    """Grows by the languages that are asked for and found in the image."""

    def __init__(self, image: str, find: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
        self._image = image
        self._find = find
        self._names: tuple[str, ...] = ("python",)
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """Python first, then the others in the order in which they were asked for."""
        return self._names

    def admit(self, name: str) -> None:
        """Have programs in this language; nothing happens where they are had already.

        Raises:
            SandboxError: the image does not have its interpreter; with the remedy.
        """
        with self._lock:
            if name in self._names:
                return
            if name not in LANGUAGES:
                known = ", ".join(("python", *LANGUAGES))
                raise SandboxError(f"The sandbox runs {known}, not {name!r}.")
            wanted = (*self._names, name)
            try:
                found = self._find(wanted)
            except SandboxUnavailable as error:
                raise SandboxError(f"The sandbox broke down: {error}") from error
            if name not in found:
                raise SandboxError(
                    f"The sandbox cannot run {name} in the image {self._image!r}: "
                    f"{LANGUAGES[name].remedy} in it, or name another in sandbox.docker_image."
                )
            self._names = wanted
