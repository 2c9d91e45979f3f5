"""Programs that are too much: time, memory, output. Bounded on every backend, walls or not.

    Burden("an endless loop", "while True: pass", ("timeout",))

What is asked of the host: the program ends in the way named and in time, the trainer's process has
not grown, no more output is kept than allowed, and the next program runs as if nothing had been.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob, ExecutionStatus, Limits
from tests.sandbox.conformance.attack import function

SHORT = Limits(wall_seconds=0.3, cpu_seconds=2.0, output_bytes=1000)
LONGER = Limits(wall_seconds=4.0, cpu_seconds=1.0, output_bytes=1000)
ENDS: tuple[ExecutionStatus, ...] = ("completed", "error", "timeout", "out_of_memory", "crashed")


@dataclass(frozen=True)
class Burden:
    """A program, and the ways in which its execution may end.

    `source` is the whole text where there is no function to call.
    """

    name: str
    body: str
    statuses: tuple[ExecutionStatus, ...]
    limits: Limits = SHORT
    source: str = ""

    def __str__(self) -> str:
        return self.name

    def job(self) -> CallJob:
        """A job that calls the function."""
        program = self.source or function(self.body)
        return CallJob(program, ((Call("f", ()),),), self.limits)


_TIME = (
    Burden("an endless loop", "while True: pass", ("timeout",)),
    Burden("a long sleep", "time.sleep(60)", ("timeout",)),
    Burden("a lock that never opens", "import threading; threading.Event().wait()", ("timeout",)),
    Burden(
        "a loop that catches everything",
        """
        while True:
            try:
                while True: pass
            except BaseException: pass
        """,
        ("timeout",),
    ),
    Burden(
        "a loop that ignores signals",
        """
        import signal
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        while True: pass
        """,
        ("timeout",),
    ),
    Burden(
        "a loop that blocks signals",
        """
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        while True: pass
        """,
        ("timeout",),
    ),
    Burden(
        "a loop that cancels alarms",
        """
        import signal
        while True:
            signal.alarm(0)
            signal.setitimer(signal.ITIMER_REAL, 0)
        """,
        ("timeout",),
    ),
    Burden(
        "a processor time that nothing ends but the limit",
        """
        import signal
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        while True: pass
        """,
        ("timeout",),
        Limits(wall_seconds=6.0, cpu_seconds=1.0),
    ),
    Burden("a regular expression", "import re; re.match('(a+)+b', 'a' * 60)", ("timeout",)),
    Burden("a huge power", "return 9**9**9", ("timeout", "completed", "out_of_memory")),
    Burden("a huge sum of digits", "return str(7**10**7)", ENDS),
    Burden("a number of many digits", "return int('9' * 10**7)", ENDS),
    Burden(
        "a decimal's exponent", "import decimal; return int(decimal.Decimal('1e9999999'))", ENDS
    ),
    Burden("an endless generator", "return list(iter(int, 1))", ENDS),
    Burden("an endless sum", "return sum(iter(int, 1))", ("timeout",)),
    Burden("stopping itself", "os.kill(os.getpid(), 19)", ("timeout", "completed")),
    Burden("an exit handler that hangs", "import atexit; atexit.register(time.sleep, 60)", ENDS),
    Burden(
        "a thread that goes on",
        """
        import threading
        threading.Thread(target=time.sleep, args=(60,)).start()
        """,
        ENDS,
    ),
    Burden(
        "a finalizer that hangs",
        """
        class Kept:
            def __del__(self): time.sleep(60)
        sys.kept = Kept()
        """,
        ENDS,
    ),
    Burden("waiting for input", "return sys.stdin.read()", ("completed",)),
    Burden(
        "a pipe that nobody writes to",
        "reader, writer = os.pipe(); os.read(reader, 1)",
        ("timeout",),
    ),
)

_MEMORY = (
    Burden("memory at once", "return len(bytearray(2**34))", ("completed",), LONGER),
    Burden(
        "memory bit by bit",
        """
        kept = []
        while True: kept.append('x' * 10**6 + str(len(kept)))
        """,
        ("completed", "out_of_memory"),
        replace(LONGER, memory_bytes=128 * 2**20),
    ),
    Burden(
        "shared memory without a name",
        "import mmap; mmap.mmap(-1, 2**34)",
        ("completed",),
    ),
    Burden(
        "a bomb in an archive",
        """
        import zlib
        text = zlib.compress(bytes(2**26)) 
        return len(b''.join(zlib.decompress(text) for _ in range(40)))
        """,
        ENDS,
        LONGER,
    ),
    Burden(
        "threads without end",
        """
        import threading
        for _ in range(10**5):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        """,
        ENDS,
    ),
    Burden(
        "descriptors without end",
        "return [os.open('/dev/null', os.O_RDONLY) for _ in range(10**5)]",
        ("completed",),
    ),
    Burden(
        "a large list that holds itself many times",
        """
        value = [0] * 10
        for _ in range(40): value = [value] * 10
        return value
        """,
        ("completed",),
        LONGER,
    ),
    Burden("recursion", "sys.setrecursionlimit(10**9)\nreturn f()", ENDS, LONGER),
    Burden(
        "recursion in C",
        """
        import itertools
        chain = iter(())
        for _ in range(10**6): chain = itertools.chain(chain, ())
        next(chain, None)
        """,
        ENDS,
        LONGER,
    ),
)

_CRASHES = (
    Burden("a null pointer", "import ctypes; ctypes.string_at(0)", ("crashed", "completed")),
    Burden("abort", "os.abort()", ("crashed",)),
    Burden("killing itself", "os.kill(os.getpid(), 9)", ("crashed", "completed")),
    Burden("killing its group", "os.killpg(0, 9)", ("crashed", "completed")),
    Burden("leaving", "os._exit(0)", ("error",)),
    Burden("closing everything", "os.closerange(0, 1024)", ("completed", "error")),
)

_SOURCES = tuple(
    Burden(name, "", statuses, LONGER, source)
    for name, source, statuses in (
        ("a zero byte", "def f(): return '\0'\n", ("completed", "syntax_error")),
        ("a lone surrogate", "def f(): return '\ud800'\n", ("syntax_error", "error", "completed")),
        ("many brackets", "(" * 10**5 + ")" * 10**5, ("syntax_error", "crashed")),
        ("many signs", "x = " + "-" * 10**6 + "1", ("syntax_error", "crashed", "timeout")),
        ("many attributes", "x = 1\nx" + ".a" * 10**5, ("syntax_error", "error", "crashed")),
        ("a huge constant", "x = 'x' * 10**10", ("out_of_memory",)),
        ("a huge folded power", "x = 2 ** (2 ** 33)", (*ENDS, "syntax_error")),
        ("many blocks", "".join(" " * i + "if 1:\n" for i in range(200)), ("syntax_error",)),
        ("many lines", "x = 1\n" * 2 * 10**5, ENDS),
        ("an unknown encoding", "# coding: no-such\nx = 1\n", (*ENDS, "syntax_error")),
    )
)

BURDENS = _TIME + _MEMORY + _CRASHES + _SOURCES
