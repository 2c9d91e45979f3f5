"""The `sandbox` section of a configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lit_coder.sandbox.contract import Limits


@dataclass(frozen=True)
class SandboxOptions:
    """How programs are run.

    Args:
        backend: what runs them; "subprocess" bounds time, memory and output, and does not wall
            off the file system or the network.
        workers: programs that run at the same time; null means one for each processor core.
        timeout_seconds: elapsed time after which a program is killed.
        cpu_seconds: processor time after which a program is killed.
        memory_megabytes: address space of a program's process.
        output_kilobytes: standard output that is kept, and as much of standard error.
        file_megabytes: size of any file a program writes.
    """

    backend: Literal["subprocess"] = "subprocess"
    workers: int | None = None
    timeout_seconds: float = 10.0
    cpu_seconds: float = 10.0
    memory_megabytes: int = 512
    output_kilobytes: int = 64
    file_megabytes: int = 16

    def __post_init__(self) -> None:
        if self.backend != "subprocess":
            raise ValueError(f"sandbox.backend must be 'subprocess', not {self.backend!r}")
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"sandbox.workers must be at least 1 or null, not {self.workers}")
        for name in ("timeout_seconds", "cpu_seconds", "file_megabytes"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"sandbox.{name} must be positive, not {getattr(self, name)}")
        if self.memory_megabytes < 64:
            raise ValueError(
                f"sandbox.memory_megabytes must be at least 64, not {self.memory_megabytes}: "
                "the interpreter itself needs that much"
            )
        if self.output_kilobytes < 0:
            raise ValueError(
                f"sandbox.output_kilobytes must not be negative, not {self.output_kilobytes}"
            )

    def limits(self) -> Limits:
        """The limits of one job."""
        return Limits(
            wall_seconds=self.timeout_seconds,
            cpu_seconds=self.cpu_seconds,
            memory_bytes=self.memory_megabytes * 2**20,
            output_bytes=self.output_kilobytes * 2**10,
            file_bytes=self.file_megabytes * 2**20,
        )
