"""What the sandbox's benchmark measures, and how it is shown and judged.

    figure = Figure.of("calls", "sandbox (kernel)", [612.0, 598.0, 630.0], "/s")
    print(table([figure]))

A figure is the median of its repeats with the smallest and the largest beside it; one that has a
target says whether it is met. It measures nothing itself.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from lit_coder.problems.problem import Problem
from lit_coder.sandbox.options import SandboxOptions


class WrongResultError(RuntimeError):
    """A contender gave a result that is not the right one: its speed means nothing.

    `figures` are those that stand all the same.
    """

    def __init__(self, message: str, figures: Sequence[Figure] = ()) -> None:
        super().__init__(message)
        self.figures = list(figures)


class Sample(NamedTuple):
    """One measurement: elapsed time, and processor time of all processes that took part."""

    num_jobs: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Jobs per second."""
        return self.num_jobs / self.seconds

    @property
    def cpu_milliseconds(self) -> float:
        """Processor time of one job; hardly depends on what else the machine does."""
        return 1000 * self.cpu_seconds / self.num_jobs


class Setting(NamedTuple):
    """What is measured, and how often. `variants` are the sandboxes that start here."""

    variants: Sequence[tuple[str, SandboxOptions]]
    problems: Sequence[Problem]
    workers: int
    repeats: int
    num_jobs: int
    num_soak_jobs: int


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    part: str
    name: str
    value: float
    unit: str
    lowest: float
    highest: float
    target: str = ""
    is_met: bool | None = None
    note: str = ""

    @classmethod
    def of(
        cls,
        part: str,
        name: str,
        values: Sequence[float],
        unit: str,
        at_least: float | None = None,
        at_most: float | None = None,
        note: str = "",
    ) -> Figure:
        """The median of the values, judged by a bound where there is one."""
        value = median(values)
        target, is_met = "", None
        if at_least is not None:
            target, is_met = f"at least {at_least:g}", value >= at_least
        elif at_most is not None:
            target, is_met = f"at most {at_most:g}", value <= at_most
        return cls(part, name, value, unit, min(values), max(values), target, is_met, note)


def table(figures: Sequence[Figure]) -> str:
    """The figures below each other, as text."""
    rows = []
    for figure in figures:
        low, high = (_number(each) for each in (figure.lowest, figure.highest))
        verdict = "" if figure.is_met is None else "met" if figure.is_met else "missed"
        rows.append(
            (
                figure.part,
                figure.name,
                f"{_number(figure.value)} {figure.unit}",
                "" if low == high else f"{low} to {high}",
                figure.target,
                verdict,
                figure.note,
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (zip(row, widths, strict=True) for row in rows)
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in each).rstrip() for each in lines
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> dict[str, object]:
    """Where the figures come from; the load is that of the last minute."""
    load = os.getloadavg()[0]
    return {
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": round(load, 2),
        "is_busy": load > 0.5,
    }
