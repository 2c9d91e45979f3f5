"""A runner that works as another user: its own process, jobs in and executions out by pickle.

    with UnprivilegedRunner(options, uid, bait) as runner:
        for execution in runner.run(jobs): ...

Only for tests, which are root then; both sides are ours. The other user needs a Python that it can
read and a copy of the three rooms that the sandbox consists of.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

import lit_coder
from lit_coder.sandbox.contract import Execution, Job, SandboxUnavailable
from lit_coder.sandbox.options import SandboxOptions
from tests.sandbox.conformance.bait import Bait

_ROOMS = ("problems", "sandbox", "verification")
_SYSTEM_PYTHON = Path("/usr/bin/python3")
_OLDEST = (3, 10)


class UnprivilegedRunner:
    """Speaks with a `PoolRunner` in a process of another user."""

    def __init__(self, options: SandboxOptions, uid: int, bait: Bait) -> None:
        self._options = options
        self._uid = uid
        self._bait = bait
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    @property
    def host_pid(self) -> int:
        """The process that plays the trainer."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> UnprivilegedRunner:
        """Start the process and wait until its runner runs."""
        if os.getuid() != 0:
            raise SandboxUnavailable("the tests themselves already run as an unprivileged user")
        python = _python_for_all()
        self._folder = _readable_package()
        environment = {**os.environ, "PYTHONPATH": str(self._folder)}
        self._process = subprocess.Popen(
            [python, str(self._folder / "runner_process.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            env={**environment, "TMPDIR": str(self._bait.temporary), "HOME": "/nonexistent"},
            user=self._uid,
            group=self._uid,
            extra_groups=[],
            pass_fds=[self._bait.descriptor],
        )
        try:
            self._send(self._options)
            self._receive()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the process."""
        self.close()

    def close(self) -> None:
        """End the process, which closes its runner; closing twice is allowed."""
        if self._process is not None:
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    def run(self, jobs: Iterable[Job]) -> Iterator[Execution]:
        """The executions of all jobs, in their order."""
        self._send(list(jobs))
        executions = self._receive()
        assert isinstance(executions, list)
        yield from executions

    def _send(self, message: object) -> None:
        assert self._process is not None and self._process.stdin is not None
        pickle.dump(message, self._process.stdin)
        self._process.stdin.flush()

    def _receive(self) -> object:
        assert self._process is not None and self._process.stdout is not None
        answer: object = pickle.load(self._process.stdout)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _python_for_all() -> str:
    """An interpreter that any user can execute: this one, or else the system's."""
    if all(parent.stat().st_mode & 0o001 for parent in Path(sys.executable).resolve().parents):
        return sys.executable
    if not _SYSTEM_PYTHON.exists():
        raise SandboxUnavailable("there is no Python that another user can read")
    code = "import sys; print(*sys.version_info[:2])"
    said = subprocess.run(
        [_SYSTEM_PYTHON, "-c", code], capture_output=True, check=True, text=True
    ).stdout
    if tuple(map(int, said.split())) < _OLDEST:
        raise SandboxUnavailable(f"{_SYSTEM_PYTHON} is older than Python 3.10")
    return str(_SYSTEM_PYTHON)


def _readable_package() -> Path:
    """A folder for all to read with what the other process imports."""
    folder = Path(tempfile.mkdtemp(prefix="conformance_package_"))
    source = Path(lit_coder.__file__).parent
    package = folder / "lit_coder"
    package.mkdir()
    (package / "__init__.py").touch()
    ignored = shutil.ignore_patterns("__pycache__")
    for room in _ROOMS:
        shutil.copytree(source / room, package / room, ignore=ignored)
    shutil.copy(Path(__file__).parent / "runner_process.py", folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder
