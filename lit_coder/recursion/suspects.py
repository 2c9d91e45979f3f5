"""The lines of rejected drafts where the fault may be, so that a repairer is shown them.

    search = SuspectSearch(runner, limits)
    found = search.first_suspects([problem, ...])    # each bears the draft that is to be searched
    found.suspects[i]                                # Suspect(line=4, ...), or None
    found.num_executions                             # two for most drafts

The visible tests decide, in the sandbox; nothing is drawn. Drafts are searched beside each other,
so that all of the sandbox's workers have something to do. How a line is said is not known here
(`problems/line_hints.py`), and verdicts never depend on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from lit_coder.problems.problem import Problem
from lit_coder.sandbox.contract import Limits, Runner
from lit_coder.sandbox.interruptible_threads import InterruptibleThreads

if TYPE_CHECKING:
    from lit_coder.environment.suspicion import Suspect

# They wait for the sandbox, so that more than it has workers cost little.
_MOST_SEARCHERS = 32


class Suspects(NamedTuple):
    """What was found of some drafts."""

    suspects: list[Suspect | None]
    """By draft its most suspicious statement; None where nothing could be followed."""

    num_executions: int
    """Runs in the sandbox that it took."""


class SuspectSearch:
    """Ranks the statements of drafts and keeps the first of each.

    Args:
        runner: runs the jobs.
        limits: of one job.
    """

    def __init__(self, runner: Runner, limits: Limits) -> None:
        self._runner = runner
        self._limits = limits

    def first_suspects(self, problems: Sequence[Problem]) -> Suspects:
        """The most suspicious statement of each problem's draft, in the order of the problems.

        Raises:
            SandboxError: the sandbox itself broke down.
        """
        searchers = InterruptibleThreads(min(len(problems), _MOST_SEARCHERS))
        try:
            searches = [
                searchers.submit(partial(self._first_suspect, problem)) for problem in problems
            ]
            found = [search.result() for search in searches]
        finally:
            # A round that is broken off waits for none of them.
            searchers.close(wait=False)
        return Suspects([suspect for suspect, _ in found], sum(number for _, number in found))

    def _first_suspect(self, problem: Problem) -> tuple[Suspect | None, int]:
        # Loads gymnasium where that is installed: only for runs that search.
        from lit_coder.environment.canvas_marks import suspicious_lines
        from lit_coder.environment.looking_inside import LookingInside

        look = LookingInside(self._runner, self._limits)
        suspects = suspicious_lines(look, problem, problem.draft)
        return (suspects[0] if suspects else None), look.num_executions
