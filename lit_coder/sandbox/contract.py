"""The sandbox's contract: jobs go in, executions come out, in order.

    with open_runner(options) as runner:
        for execution in runner.run([CallJob(program, operations)]):
            ...

A bad program is data: whatever it does ends as an `Execution`, never as an exception. Our own
failure is `SandboxUnavailable` (nothing can be run here) or `SandboxError` (a run broke down on
our side), and never an `Execution` that could be read as a verdict. A job of cases carries no
expected values; comparing them is `verification/`'s work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, TypeAlias

from lit_coder.problems.problem import CheckProgram, Operation, Value


class SandboxUnavailable(RuntimeError):
    """No backend can run programs on this machine; the message holds the remedy."""


class SandboxError(RuntimeError):
    """The sandbox itself broke down; never a statement about the program."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may use.

    Args:
        wall_seconds: elapsed time after which the job is killed.
        cpu_seconds: processor time after which the job is killed.
        memory_bytes: address space of the job's process.
        output_bytes: captured standard output and error, each; the rest is drained and dropped.
        file_bytes: size of any file it writes.
        processes: threads the job may start beside its first one; no program may start another
            process. More than this fails where the system can count them, and in any case their
            stacks are part of the memory.
        scratch_bytes: size of a writable folder, the program's current one; 0 means none.
        scratch_files: files and folders that it may hold.
    """

    wall_seconds: float = 10.0
    cpu_seconds: float = 10.0
    memory_bytes: int = 512 * 2**20
    output_bytes: int = 64 * 2**10
    file_bytes: int = 16 * 2**20
    processes: int = 0
    scratch_bytes: int = 0
    scratch_files: int = 64

    def __post_init__(self) -> None:
        for name, (least, most) in _LIMIT_BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"{name} must be between {least:g} and {most:g}, not {value}")


_LIMIT_BOUNDS = {
    "wall_seconds": (0.0, 1e6),
    "cpu_seconds": (0.0, 1e6),
    "memory_bytes": (2**20, 2**50),
    "output_bytes": (0, 2**40),
    "file_bytes": (0, 2**50),
    "processes": (0, 10_000),
    "scratch_bytes": (0, 2**50),
    "scratch_files": (1, 2**31 - 1),
}


@dataclass(frozen=True, slots=True)
class CallJob:
    """Execute `program`, then each sequence of operations; report the returned values."""

    program: str
    cases: tuple[tuple[Operation, ...], ...]
    limits: Limits = field(default_factory=Limits)
    language: str = "python"


@dataclass(frozen=True, slots=True)
class CheckJob:
    """Judge `program` with test code: the judge process holds the tests, the candidate does not.

    `prelude` is trusted text the tests may use (a prompt's helper functions), run in the judge.
    `allow_in_process`: where objects cannot cross between the processes, run tests and candidate
    together; the execution then says `trusted=False`.
    """

    program: str
    entry_point: str
    check: CheckProgram
    prelude: str = ""
    allow_in_process: bool = False
    limits: Limits = field(default_factory=Limits)
    language: str = "python"


@dataclass(frozen=True, slots=True)
class StdioJob:
    """Execute `program` as `__main__` once for each text on standard input.

    `limits_per_input`: each input has all of the limits' time; otherwise they share it.
    """

    program: str
    stdin: tuple[str, ...]
    limits: Limits = field(default_factory=Limits)
    language: str = "python"
    limits_per_input: bool = False


@dataclass(frozen=True, slots=True)
class ScriptJob:
    """Execute one text, a program with its own tests, in an empty namespace: it passes by ending.

    As published evaluators do. Program and tests share a process, so the execution is never
    trusted. Standard input cannot be read, output is kept in memory and dropped. Of elapsed time,
    what other work on the machine takes is not counted, as far as the system says it.

    Attributes:
        text: the whole text; nothing is added to it.
        alarm_seconds: elapsed time after which a timeout exception is raised inside the text,
            which it can catch; `limits.wall_seconds` ends the process.
        disabled: names that are set to None first, as "os.kill".
        blocked_modules: modules whose import fails.
    """

    text: str
    alarm_seconds: float
    disabled: tuple[str, ...] = ()
    blocked_modules: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    language: str = "python"


LimitName: TypeAlias = Literal["wall", "cpu", "memory", "output"]

Job: TypeAlias = CallJob | CheckJob | StdioJob | ScriptJob

ExecutionStatus: TypeAlias = Literal[
    "completed",
    "error",
    "syntax_error",
    "timeout",
    "out_of_memory",
    "crashed",
    "protocol_error",
    "unsupported",
]
"""completed: the program was executed to its end and every case was tried; error: the program's
top level raised or exited; the rest as named. `unsupported`: a value or object cannot cross."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one operation gave: a value, or the name of the exception it raised.

    `exception` holds a built-in exception's name; then `value` means nothing. `unsupported` is
    set where the value was of a type that cannot cross the wire exactly.
    """

    value: Value = None
    exception: str | None = None
    unsupported: bool = False


@dataclass(frozen=True, slots=True)
class Features:
    """Facts of a program's text, computed inside the locked child before anything is executed.

    Attributes:
        fingerprint: hash of the normalized AST (docstrings and comments stripped).
        renamed_fingerprint: the same with local names alpha-renamed.
        num_nodes: AST nodes.
        num_lines: non-blank source lines.
        complexity: 1 + branching constructs (cyclomatic).
        unused_names: local names assigned and never read, plus imports never used.
        num_dead: statements that are never reached or do nothing; of Python alone, as what follows.
        documented: top-level definitions that have a docstring.
        shingles: hashes of a few tokens in a row of the normalized, alpha-renamed AST, eight
            hexadecimal digits each; near-duplicates share most of them.
    """

    fingerprint: str
    renamed_fingerprint: str
    num_nodes: int
    num_lines: int
    complexity: int
    unused_names: tuple[str, ...]
    num_dead: int = 0
    documented: tuple[str, ...] = ()
    shingles: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """What happened to one job.

    Attributes:
        status: see `ExecutionStatus`.
        outcomes: CallJob: one tuple a case, one `Outcome` an operation (shorter where the case
            stopped at an exception).
        visible_passed, hidden_passed: CheckJob: for each test text whether it passed.
        stdout: captured output, capped; StdioJob: of all inputs that were tried.
        stdouts: StdioJob: one text for each input after which the program ended well.
        cut_stdouts: StdioJob: which of them are not whole, because the limit was reached.
        detail: one line on what went wrong, for people.
        limits_reached: which limits the job is known to have run into.
        output_bytes: standard output and error in all, with what was dropped beyond the limit.
        cpu_seconds: processor time of the job's processes, the judge's included.
        trusted: False where tests and candidate shared a process.
    """

    status: ExecutionStatus
    outcomes: tuple[tuple[Outcome, ...], ...] = ()
    visible_passed: tuple[bool, ...] = ()
    hidden_passed: tuple[bool, ...] = ()
    stdout: str = ""
    stderr: str = ""
    stdouts: tuple[str, ...] = ()
    cut_stdouts: tuple[int, ...] = ()
    detail: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_memory_bytes: int = 0
    features: Features | None = None
    trusted: bool = True
    limits_reached: tuple[LimitName, ...] = ()
    output_bytes: int = 0


class Runner(Protocol):
    """Runs jobs; a context manager that owns its worker processes."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Execution]:
        """Executions in the order of the jobs.

        Raises:
            SandboxError: the sandbox itself broke down.
        """
        ...

    def close(self) -> None:
        """End every process of the runner; closing twice is allowed."""
        ...

    def __enter__(self) -> Runner:
        """Start the worker processes."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every process of the runner."""
        ...
