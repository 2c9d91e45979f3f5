"""Asks the sandbox about a program: what its statements do on a case, which of them are reached.

    look = LookingInside(runner, limits)
    look.ask("follow", program, case, None, 20_000, False)      # what `inside/following.py` says
    look.num_executions                                         # jobs that were run so far

The program's text is an argument of a job: nothing of it is parsed, compiled or run here. What
comes back was said in the program's own process. It serves to find a statement; whether a program
is right is asked of `verification/`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from lit_coder.harvesting.bundle import bundle
from lit_coder.problems.problem import Call
from lit_coder.sandbox.contract import CallJob, Limits, Runner

MOST_STEPS = 10_000
"""Steps of a program whose states are noted; one that takes more is stopped."""

MOST_COVERED_STEPS = 200_000
"""Steps of a program of which it is only noted where they are."""

_FOLLOWING = (
    "harvesting.inside.execution",
    "environment.inside.numbering",
    "environment.inside.states",
    "environment.inside.cases",
    "environment.inside.following",
)
_PROBING = (*_FOLLOWING, "environment.inside.edits", "environment.inside.probing")
_FILES = {"follow": _FOLLOWING, "cover": _FOLLOWING, "probe": _PROBING}


class LookingInside:
    """Questions to a runner that is running, and a count of them.

    Args:
        runner: runs the jobs.
        limits: of one job.
    """

    def __init__(self, runner: Runner, limits: Limits) -> None:
        self._runner = runner
        self._limits = limits
        self.num_executions = 0

    def ask(self, action: str, *arguments: object) -> dict[str, Any] | None:
        """The answer of a function of `inside/`; None where the program's process gave none.

        Raises:
            SandboxError: the sandbox itself broke down.
        """
        self.num_executions += 1
        job = CallJob(_program(action), ((Call(action, arguments),),), self._limits)
        (execution,) = self._runner.run([job])
        if not execution.outcomes or not execution.outcomes[0]:
            return None
        outcome = execution.outcomes[0][0]
        if outcome.exception is not None or outcome.unsupported:
            return None
        return outcome.value if isinstance(outcome.value, dict) else None


@cache
def _program(action: str) -> str:
    return bundle(_FILES[action])
