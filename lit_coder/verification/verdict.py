"""A verdict on one completion: what passed, what did not, and whether it can be believed.

`passed_visible` is the gate and the reward; `passed` (visible and hidden) is every score.
The two are never mixed. An infrastructure failure has no verdict: it is an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from lit_coder.sandbox.contract import Features

VerdictStatus: TypeAlias = Literal[
    "passed",
    "failed",
    "error",
    "syntax_error",
    "timeout",
    "out_of_memory",
    "crashed",
    "protocol_error",
    "unsupported",
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tests say of one completion.

    Attributes:
        status: "passed" only where every visible and every hidden test passed.
        visible_passed, visible_total, hidden_passed, hidden_total: counts of tests.
        trusted: False where tests and candidate shared a process.
        detail: one line for people: the first failing test, or what went wrong.
        cpu_seconds, wall_seconds: what the run used.
        features: facts of the program's text; None where it did not parse.
    """

    status: VerdictStatus
    visible_passed: int
    visible_total: int
    hidden_passed: int
    hidden_total: int
    trusted: bool = True
    detail: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    features: Features | None = None

    @property
    def passed_visible(self) -> bool:
        """Every visible test passed, and there is at least one."""
        return self.visible_total > 0 and self.visible_passed == self.visible_total

    @property
    def passed(self) -> bool:
        """Every visible and every hidden test passed."""
        return self.passed_visible and self.hidden_passed == self.hidden_total
