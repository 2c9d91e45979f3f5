"""A program leaves nothing for the next one, on any backend; a closed runner leaves nothing."""

from pathlib import Path
from typing import NamedTuple

import pytest

from lit_coder.problems.problem import Call, Value
from lit_coder.sandbox.contract import CallJob, Limits, Outcome
from tests.sandbox.conformance.attack import function
from tests.sandbox.conformance.backends import ALL, Backend, open_backend
from tests.sandbox.conformance.bait import Bait

LIMITS = Limits(wall_seconds=3.0, scratch_bytes=2**20)
NUM_WORKERS = 2
on_every_backend = pytest.mark.parametrize("backend", ALL, indirect=True)


class Trace(NamedTuple):
    """What a program does, and what a program that did not do it must return when it looks."""

    leave: str
    look: str
    expected: Value


TRACES = {
    "a file": Trace("open('left', 'w').close()", "return os.listdir()", []),
    "an environment variable": Trace(
        "os.environ['LEFT'] = '1'", "return os.environ.get('LEFT')", None
    ),
    "a patched builtin": Trace("import builtins\nbuiltins.sum = max", "return sum([5, 6])", 11),
    "a patched module": Trace(
        "import math\nmath.pi = 3", "import math\nreturn math.pi > 3.1", True
    ),
    "a module": Trace("sys.modules['left'] = sys", "return 'left' in sys.modules", False),
    "a search path": Trace("sys.path.append('/left')", "return '/left' in sys.path", False),
    "a recursion limit": Trace(
        "sys.setrecursionlimit(777)", "return sys.getrecursionlimit() == 777", False
    ),
    "a signal's handler": Trace(
        "import signal\nsignal.signal(signal.SIGUSR1, signal.SIG_IGN)",
        "import signal\nreturn signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN",
        False,
    ),
    "a umask": Trace(
        "os.umask(0o777)",
        "open('new', 'w').close()\nreturn os.stat('new').st_mode & 0o600 == 0o600",
        True,
    ),
    "a working folder": Trace("os.chdir('/')", "return os.getcwd() == '/'", False),
    "random numbers": Trace(
        "import random\nrandom.seed(7)",
        "import random\nreturn random.random() == random.Random(7).random()",
        False,
    ),
    "an open descriptor": Trace(
        "os.dup2(1, 40)", "try:\n    os.fstat(40)\nexcept OSError:\n    return 'closed'", "closed"
    ),
}

SEEK = """
import ctypes, gc, re
def seek():
    pattern = re.compile(b"mark" + b"er-[0-9a-f]{16}")
    items = [item for each in gc.get_objects() for item in (each, *gc.get_referents(each))]
    pages = sorted({id(item) >> 12 for item in items})
    return sum(len(pattern.findall(ctypes.string_at(page << 12, 4096))) for page in pages)
"""


def job(body: str, top: str = "") -> CallJob:
    return CallJob(function(body, top), ((Call("f", ()),),), LIMITS)


@on_every_backend
@pytest.mark.parametrize("name", TRACES)
def test_the_next_program_does_not_find_it(backend: Backend, name: str) -> None:
    trace = TRACES[name]
    # Whichever worker a job goes to, it follows one that left a trace.
    left = [backend.execute(job(trace.leave)) for _ in range(NUM_WORKERS)]
    assert [each.status for each in left] == ["completed"] * NUM_WORKERS
    assert [each.outcomes[0][0].exception for each in left] == [None] * NUM_WORKERS
    for _ in range(NUM_WORKERS):
        assert backend.execute(job(trace.look)).outcomes == ((Outcome(trace.expected),),)


@on_every_backend
def test_no_earlier_program_is_in_the_memory_of_a_later_one(backend: Backend) -> None:
    needle = f"marker-{id(backend):016x}"
    own = backend.execute(job(f"kept = [{needle!r}]\nreturn seek() > 0", SEEK))
    assert own.outcomes == ((Outcome(True),),), "the search itself does not work"
    for _ in range(2 * NUM_WORKERS):
        assert backend.execute(job("return seek()", SEEK)).outcomes == ((Outcome(0),),)


def children() -> set[str]:
    """Processes that this one started."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {pid for task in tasks for pid in task.read_text().split()}


@pytest.mark.parametrize("name", ALL)
def test_closing_leaves_no_process_and_no_file(bait: Bait, name: str) -> None:
    before = children(), set(bait.temporary.iterdir())
    with open_backend(name, bait) as backend:
        backend.execute(job("open('left', 'w').close()"))
        # A container's processes are the daemon's.
        assert name == "docker" or children() > before[0]
    assert (children(), set(bait.temporary.iterdir())) == before
