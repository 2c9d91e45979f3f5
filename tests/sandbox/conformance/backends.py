"""Every backend of the suite by name; one that this machine cannot run is skipped with the reason.

    @pytest.mark.parametrize("backend", WALLED, indirect=True)
    def test_...(backend: Backend) -> None: ...

To add one: its name in `WALLED` and its options in `_OPTIONS`. LIT_CODER_REQUIRED_BACKENDS, names
with commas between them, says which must run. Where the walls' user or kind changes little of what
is tested, `spread` saves time; with LIT_CODER_EVERY_BACKEND=1 it runs everything everywhere.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob, Execution, Job, Runner, SandboxUnavailable
from lit_coder.sandbox.open_runner import open_runner
from lit_coder.sandbox.options import SandboxOptions
from tests.sandbox.conformance.bait import NOBODY, OTHER_USER, Bait
from tests.sandbox.conformance.other_user import UnprivilegedRunner

WALLED = ("kernel", "bubblewrap", "kernel-unprivileged", "bubblewrap-unprivileged", "docker")
UNWALLED = ("unsafe",)
ALL = (*WALLED, *UNWALLED)
_FIRST = ("kernel", "bubblewrap")

_OPTIONS = {
    "kernel": SandboxOptions(isolation="kernel", workers=2),
    "bubblewrap": SandboxOptions(isolation="bubblewrap", workers=2),
    "docker": SandboxOptions(
        scratch_megabytes=16,
        backend="docker",
        workers=2,
        docker_image=os.environ.get("LIT_CODER_DOCKER_IMAGE", "python:3.10-slim"),
    ),
    "unsafe": SandboxOptions(backend="unsafe", workers=2),
}
# A machine that is known to have them, as a build server is, names what it must not skip.
_REQUIRED = os.environ.get("LIT_CODER_REQUIRED_BACKENDS", "").split(",")
_RUNS_EVERYWHERE = os.environ.get("LIT_CODER_EVERY_BACKEND") == "1"
# Without namespaces a program sees names, sizes and times of files.
_SEES_METADATA = ("kernel", "kernel-unprivileged", "unsafe")
_HARMLESS = CallJob("def f(): return 1\n", ((Call("f", ()),),))


def spread(items: Collection[object], backends: tuple[str, ...] = ALL) -> pytest.MarkDecorator:
    """Parametrizes `backend, item`: each item on both first walls and on one of the others in turn.

    For what is bounded or judged by the same code on all of them; attacks on walls run on each.
    """
    others = [name for name in backends if name not in _FIRST]
    pairs: list[object] = []
    for name in backends:
        turn = others.index(name) if name in others else 0
        for number, item in enumerate(items):
            if name in _FIRST or _RUNS_EVERYWHERE or number % len(others) == turn:
                pairs.append(pytest.param(name, item, id=f"{name}-{item}"))
    # Where not all names are indirect, pytest would start the backend anew for each test.
    return pytest.mark.parametrize(
        ("backend", "item"), pairs, indirect=["backend"], scope="session"
    )


class Backend(NamedTuple):
    """A running backend, and what the process that holds it was like before any attack."""

    name: str
    runner: Runner
    bait: Bait
    descriptors: int
    temporary: int

    @property
    def user(self) -> int:
        """The user that its programs run as, as the host sees it."""
        if os.getuid() != 0:
            return os.getuid()
        return OTHER_USER if self.name.endswith("-unprivileged") else NOBODY

    @property
    def sees_metadata(self) -> bool:
        """Whether programs can see what files outside are called and how large they are."""
        return self.name in _SEES_METADATA

    def execute(self, job: Job) -> Execution:
        """Run one job."""
        (execution,) = self.runner.run([job])
        return execution

    def count_left(self) -> tuple[int, int]:
        """Open descriptors of the process that plays the trainer, and temporary files."""
        return _count(self.runner, self.bait)

    def resident_bytes(self) -> int:
        """Memory of that process."""
        pages = Path("/proc", _host_pid(self.runner), "statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def open_backend(name: str, bait: Bait, packages: tuple[str, ...] = ()) -> Iterator[Backend]:
    """A running backend, started with the bait around it."""
    kind, _, is_unprivileged = name.partition("-")
    options = replace(_OPTIONS[kind], packages=packages)
    runner: Runner
    if is_unprivileged:
        runner = UnprivilegedRunner(options, OTHER_USER, bait)
    else:
        runner = open_runner(options)
    outer, tempfile.tempdir = tempfile.tempdir, str(bait.temporary)
    try:
        try:
            runner.__enter__()
        except SandboxUnavailable as error:
            # Walls that the runner's own self-test broke through are a failure, not a lack.
            if name in _REQUIRED or "broke through" in str(error):
                raise
            pytest.skip(f"{name}: {error}")
        # The first jobs of all workers leave what every later job finds there.
        assert [each.status for each in runner.run([_HARMLESS] * 8)] == ["completed"] * 8
        yield Backend(name, runner, bait, *_count(runner, bait))
    finally:
        runner.close()
        tempfile.tempdir = outer


def _host_pid(runner: Runner) -> str:
    return str(getattr(runner, "host_pid", "self"))


def _count(runner: Runner, bait: Bait) -> tuple[int, int]:
    descriptors = len(os.listdir(f"/proc/{_host_pid(runner)}/fd"))
    # No deeper: a program may have made folders that are too deep to walk.
    levels = ("*", "*/*", "*/*/*", "*/*/*/*")
    return descriptors, sum(1 for level in levels for _ in bait.temporary.glob(level))
