"""The absence of a wall: resource limits only, for who names it.

    wall = NoWall(find_packages([]))

A program can read and write what this user can, and use the network.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from lit_coder.sandbox.contract import SandboxUnavailable
from lit_coder.sandbox.inside.settings import ZygoteSettings
from lit_coder.sandbox.installed_languages import InstalledLanguages
from lit_coder.sandbox.interpreter import (
    INSIDE_PARENT,
    MODULES,
    base_interpreter,
    zygote_command,
)
from lit_coder.sandbox.packages import Packages
from lit_coder.sandbox.worker import Worker
from lit_coder.sandbox.zygote_worker import ZygoteWorker


class NoWall:
    """Zygotes whose children are bounded in time and memory and in nothing else."""

    name = "unsafe"
    summary = "resource limits only: programs can read and write what this user can"
    is_proven = False

    def __init__(self, packages: Packages) -> None:
        self._packages = packages
        self.languages = InstalledLanguages()

    def make_workers(self, count: int, scratch: Path) -> Sequence[Worker]:
        """Workers that are not started yet.

        Raises:
            SandboxUnavailable: this system has no fork.
        """
        if os.name != "posix":
            raise SandboxUnavailable("Without Docker the sandbox needs Linux or macOS.")
        return [ZygoteWorker(self, scratch / str(i)) for i in range(count)]

    def command(self, control: int, folder: Path) -> list[str]:
        """The zygote's command line; its children work in folders of their own."""
        settings = ZygoteSettings(
            walls=False,
            modules=(*MODULES, *self._packages.modules),
            module_paths=tuple({str(entry.parent) for entry in self._packages.entries}),
            work_folder=str(folder),
            languages=self.languages.settings,
        )
        return zygote_command(str(base_interpreter()), str(INSIDE_PARENT), control, settings)
