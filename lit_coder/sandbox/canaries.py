"""Proof at start that a wall holds: a program that really attacks, and what it must not achieve.

    with Bait(folder) as bait:            # before the workers start
        ...                               # start them
        failures = bait.attack(run)       # names of the attacks that got through; must be empty

A probe of what the kernel offers says what could hold; only an attack says that it does. These
are a handful of mechanisms, one for each part of a wall; the tests hold the long list.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob, Execution, Limits, SandboxUnavailable

_ENVIRONMENT_NAME = "LIT_CODER_CANARY"
_MODE = 0o666
_ATTACK = """
import os, signal, socket

def got(action, *arguments):
    try:
        return action(*arguments)
    except BaseException:
        return None

def read(path):
    with open(path) as file:
        return file.read()

def write(path):
    with open(path, "a") as file:
        file.write("canary")
    return True

def create(path):
    os.close(os.open(path + ".new", os.O_CREAT | os.O_WRONLY))
    return True

def chmod(path):
    os.chmod(path, 0o600)
    return True

def connect(port):
    with socket.create_connection(("127.0.0.1", port), 0.5):
        return True

def new_socket():
    with socket.socket():
        return True

def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True

def environment(name):
    found = os.environ.get(name)
    if found is None:
        with open("/proc/self/environ") as file:
            found = name if name in file.read() else None
    return found

def kill_parent():
    os.kill(os.getppid(), signal.SIGKILL)
    return True

def is_open(number):
    os.fstat(number)
    return True

def supervisor():
    for path in ("/proc/%d/mem" % os.getppid(), "/proc/1/mem", "/proc/1/environ"):
        if got(open, path, "rb") is not None:
            return True

def as_root():
    return os.getuid() == 0 or None

def attack(path, port, name):
    return {
        "file read": got(read, path),
        "file write": got(write, path),
        "file creation": got(create, path),
        "chmod": got(chmod, path),
        "connection": got(connect, port),
        "socket": got(new_socket),
        "fork": got(fork),
        "environment": got(environment, name),
        "inherited descriptor": [n for n in range(4, 1024) if got(is_open, n)] or None,
        "memory of the supervisor": got(supervisor),
        "running as root": got(as_root),
        "kill of the parent": got(kill_parent),
    }
"""

Run = Callable[[CallJob], Execution]


class Bait:
    """A file, a port, an environment variable and a descriptor for a canary to find."""

    def __init__(self, folder: Path) -> None:
        """`folder`: one to make, where any user could reach it."""
        self._folder = folder

    def __enter__(self) -> Bait:
        """Lay everything out; workers that start from now on could inherit it."""
        self._secret = secrets.token_hex(16)
        self._folder.mkdir()
        # Open to everyone: not the modes but the wall must keep a program out.
        self._folder.chmod(0o777)
        self._file = self._folder / "canary"
        self._file.write_text(self._secret)
        self._file.chmod(_MODE)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._descriptor = os.open(self._file, os.O_RDONLY)
        os.set_inheritable(self._descriptor, True)
        os.environ[_ENVIRONMENT_NAME] = self._secret
        return self

    def __exit__(self, *_: object) -> None:
        """Remove everything again."""
        os.environ.pop(_ENVIRONMENT_NAME, None)
        os.close(self._descriptor)
        self._listener.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def attack(self, run: Run) -> list[str]:
        """Names of the attacks that got through.

        Raises:
            SandboxUnavailable: the attacking program did not run to its end.
        """
        port = self._listener.getsockname()[1]
        operation = Call("attack", (str(self._file), port, _ENVIRONMENT_NAME))
        execution = run(CallJob(_ATTACK, ((operation,),), Limits(wall_seconds=5.0)))
        outcomes = execution.outcomes[0] if execution.outcomes else ()
        claims = outcomes[0].value if outcomes else None
        if execution.status != "completed" or not isinstance(claims, dict):
            raise SandboxUnavailable(
                "The sandbox's self-test did not run to its end: "
                f"{execution.status} {execution.detail}".rstrip()
            )
        failures = [str(name) for name, gain in claims.items() if gain is not None]
        return list(dict.fromkeys([*failures, *self.happened()]))

    def happened(self) -> list[str]:
        """What can be seen from here, whatever the program says."""
        happened = []
        with contextlib.suppress(BlockingIOError):
            self._listener.accept()[0].close()
            happened.append("connection")
        if self._file.read_text() != self._secret:
            happened.append("file write")
        if stat.S_IMODE(self._file.stat().st_mode) != _MODE:
            happened.append("chmod")
        if len(list(self._folder.iterdir())) > 1:
            happened.append("file creation")
        return happened
