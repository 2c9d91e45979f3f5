"""Locks a forked child: resource limits, no privileges, Landlock, seccomp, in this order.

    lockdown = Lockdown(settings)            # once, in the zygote: rulesets and filters are made
    lockdown.lock(limits, "python")          # in each child, before it reads its job

Each step is checked; one that fails raises, and the child must end without a program. It knows
what this kernel offers and refuses to start with less than `settings` ask for.
"""

from __future__ import annotations

import fcntl
import os

from . import credentials, landlock, namespaces, seccomp
from .launching import LaunchLimits
from .processes import die_with_parent, limit_resources, resource_limits
from .settings import LanguageSettings, ZygoteSettings
from .standard_library import readable_paths
from .syscalls import find_architecture

# Before it, Landlock lets a program truncate what it may not write.
_LEAST_LANDLOCK = 3
_LEAST_RULESET_DESCRIPTOR = 128


class LockdownError(RuntimeError):
    """This system lacks a part of the walls; the message is one sentence for people."""


class Lockdown:
    """The walls of one zygote's children."""

    def __init__(self, settings: ZygoteSettings) -> None:
        architecture = find_architecture()
        if architecture is None:
            raise LockdownError(f"seccomp is not built for the processor {os.uname().machine}")
        self._settings = settings
        self._zygote_pid = os.getpid()
        self._has_capabilities = credentials.has_capabilities()
        self.landlock_version = landlock.abi_version()
        if settings.needs_landlock and self.landlock_version < _LEAST_LANDLOCK:
            raise LockdownError(
                f"the kernel's Landlock is version {self.landlock_version} and the walls need "
                f"{_LEAST_LANDLOCK} (Linux 6.2)"
            )
        self._read, self._list_only = readable_paths()
        self._languages = {language.name: language for language in settings.languages}
        self._filters = {
            policy: seccomp.build_filter(policy, architecture)
            for policy in (
                seccomp.Policy(),
                seccomp.Policy(threads=True),
                seccomp.Policy(threads=True, execute=True),
            )
        }
        # Made once: a child only has to say that it holds for itself.
        self._rulesets = {
            name: _out_of_the_way(self._make_ruleset(self._languages.get(name), ""))
            for name in settings.language_names
        }
        self.has_user_namespaces = self._try_scratch()

    def lock(self, limits: LaunchLimits, language: str) -> None:
        """Lock this process for good.

        Raises:
            OSError: a step failed; this process must not run a program.
        """
        interpreter = self._languages.get(language)
        num_threads = limits.processes + (interpreter.num_threads if interpreter else 0)
        has_scratch = limits.scratch_bytes > 0
        is_counted = num_threads > 0 and self.has_user_namespaces
        mounts = has_scratch and not self._settings.scratch_is_shared
        if mounts or is_counted:
            namespaces.enter_user_namespace(with_mounts=mounts)
        if mounts:
            namespaces.mount_scratch(
                self._settings.scratch, limits.scratch_bytes, limits.scratch_files
            )
        # An interpreter that reserves more address space than it uses is bounded by its data.
        by_data = interpreter is not None
        limit_resources(resource_limits(limits, num_threads, is_counted, by_data))
        if mounts or is_counted or self._has_capabilities:
            credentials.drop_capabilities()
            # A change of privileges makes the kernel forget it.
            die_with_parent(self._zygote_pid)
        credentials.set_no_new_privs()
        if has_scratch:
            os.chdir(self._settings.scratch)
            landlock_ruleset = self._make_ruleset(interpreter, self._settings.scratch)
        else:
            landlock_ruleset = self._rulesets[language]
        if landlock_ruleset is not None:
            landlock.restrict(landlock_ruleset)
        policy = seccomp.Policy(threads=num_threads > 0, execute=interpreter is not None)
        seccomp.install(self._filters[policy])

    def _make_ruleset(self, interpreter: LanguageSettings | None, writable: str) -> int | None:
        if self.landlock_version < _LEAST_LANDLOCK:
            return None
        settings = self._settings
        return landlock.make_ruleset(
            read=self._read + settings.read + (interpreter.read if interpreter else ()),
            list_only=self._list_only,
            write=(writable,) if writable else (),
            execute=interpreter.execute if interpreter else (),
        )

    def _try_scratch(self) -> bool:
        """Whether a child can get a writable folder of its own here; a child tries."""
        settings = self._settings
        if not settings.scratch or settings.scratch_is_shared:
            return False
        pid = os.fork()
        if pid == 0:
            try:
                namespaces.enter_user_namespace(with_mounts=True)
                namespaces.mount_scratch(settings.scratch, 2**20, 16)
                os._exit(0)
            finally:
                os._exit(1)
        return os.waitpid(pid, 0)[1] == 0


def _out_of_the_way(ruleset: int | None) -> int | None:
    """The ruleset under a number that a child does not need for its own descriptors."""
    if ruleset is None:
        return None
    moved = fcntl.fcntl(ruleset, fcntl.F_DUPFD_CLOEXEC, _LEAST_RULESET_DESCRIPTOR)
    os.close(ruleset)
    return moved
