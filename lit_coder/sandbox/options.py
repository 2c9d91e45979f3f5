"""The `sandbox` section of a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from lit_coder.sandbox.contract import Limits

Backend = Literal["subprocess", "docker", "auto", "unsafe"]
Isolation = Literal["auto", "bubblewrap", "kernel"]
# A larger number is a slip; no machine has as much.
_MOST = 1_000_000
_MOST_THREADS = 10_000


@dataclass(frozen=True)
class SandboxOptions:
    """How programs are run.

    Args:
        backend: what runs them. "subprocess": processes of this machine behind bubblewrap,
            Landlock and seccomp; "docker": the same inside containers; "auto": the strongest of
            these that a self-test proves here; "unsafe": no walls, resource limits only.
        isolation: what "subprocess" builds its walls of. "bubblewrap": a root of their own and
            the kernel's walls inside it; "kernel": Landlock and seccomp alone; "auto": the first of
            these that holds. It means nothing with "docker" and "unsafe".
        docker_image: an image with Python 3.10 or newer that is already on this machine.
        docker_runtime: a runtime that Docker knows, such as "runsc" for gVisor; null means
            Docker's own.
        workers: programs that run at the same time; null means one for each processor core.
        packages: installed distributions that programs may import beside the standard library.
        timeout_seconds: elapsed time after which a program is killed.
        cpu_seconds: processor time after which a program is killed.
        memory_megabytes: address space of a program's process.
        output_kilobytes: standard output that is kept, and as much of standard error.
        file_megabytes: size of any file a program writes.
        processes: threads that a program may start beside its first one.
        scratch_megabytes: size of a writable folder in memory that each program gets; 0 means
            that it can write nowhere.
        scratch_files: files and folders in it.
        allow_in_process: where objects of a benchmark's tests cannot cross between processes, run
            tests and program together; such a verdict is counted as untrusted, is never trained
            on, and a program could forge it.
    """

    backend: Backend = "subprocess"
    isolation: Isolation = "auto"
    docker_image: str = "python:3.10-slim"
    docker_runtime: str | None = None
    workers: int | None = None
    packages: tuple[str, ...] = ()
    timeout_seconds: float = 10.0
    cpu_seconds: float = 10.0
    memory_megabytes: int = 512
    output_kilobytes: int = 64
    file_megabytes: int = 16
    processes: int = 0
    scratch_megabytes: float = 0.0
    scratch_files: int = 64
    allow_in_process: bool = False

    def __post_init__(self) -> None:
        for name, choices in (("backend", get_args(Backend)), ("isolation", get_args(Isolation))):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"sandbox.{name} must be one of {', '.join(choices)}, "
                    f"not {getattr(self, name)!r}"
                )
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"sandbox.workers must be at least 1 or null, not {self.workers}")
        for name in ("timeout_seconds", "cpu_seconds", "file_megabytes"):
            if not 0 < getattr(self, name) <= _MOST:
                raise ValueError(
                    f"sandbox.{name} must be positive and at most {_MOST:,}, "
                    f"not {getattr(self, name)}"
                )
        if self.memory_megabytes < 64:
            raise ValueError(
                f"sandbox.memory_megabytes must be at least 64, not {self.memory_megabytes}: "
                "the interpreter itself needs that much"
            )
        if self.memory_megabytes > _MOST:
            raise ValueError(
                f"sandbox.memory_megabytes must be at most {_MOST:,}, not {self.memory_megabytes}"
            )
        for name in ("output_kilobytes", "scratch_megabytes"):
            if not 0 <= getattr(self, name) <= _MOST:
                raise ValueError(
                    f"sandbox.{name} must not be negative and at most {_MOST:,}, "
                    f"not {getattr(self, name)}"
                )
        if not 0 <= self.processes <= _MOST_THREADS:
            raise ValueError(
                f"sandbox.processes must not be negative and at most {_MOST_THREADS:,}, "
                f"not {self.processes}"
            )
        if not 1 <= self.scratch_files <= _MOST:
            raise ValueError(
                f"sandbox.scratch_files must be at least 1 and at most {_MOST:,}, "
                f"not {self.scratch_files}"
            )

    def limits(self) -> Limits:
        """The limits of one job."""
        return Limits(
            wall_seconds=self.timeout_seconds,
            cpu_seconds=self.cpu_seconds,
            memory_bytes=self.memory_megabytes * 2**20,
            output_bytes=self.output_kilobytes * 2**10,
            file_bytes=self.file_megabytes * 2**20,
            processes=self.processes,
            scratch_bytes=int(self.scratch_megabytes * 2**20),
            scratch_files=self.scratch_files,
        )
