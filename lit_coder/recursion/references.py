"""Runs the reference solutions of the user's own problems before anything trains on them.

    leave_out_failing(data, verifier, processes)        # in every process of a run

A reference that fails its own tests teaches the model what is wrong. The built-in families check
theirs while they are made; a file's are run in the sandbox, as anything that was not made here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from lit_coder.problems.problem import Problem
from lit_coder.recursion.processes import Processes
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.verification.verifier import Attempt, Verifier

logger = logging.getLogger("lit_coder.recursion")


def leave_out_failing(data: CodeDataModule, verifier: Verifier, processes: Processes) -> None:
    """Train on no problem whose reference fails; the first process runs them."""
    if not data.problems.untried:
        return
    failing = frozenset[str]()
    if processes.is_first:
        failing = failing_references(data.problems.untried, verifier)
    data.leave_out_labelled(processes.from_first(failing))


def failing_references(problems: Sequence[Problem], verifier: Verifier) -> frozenset[str]:
    """Task ids of the problems whose reference does not pass; each is said in a warning."""
    attempts = [Attempt(problem, problem.reference or "") for problem in problems]
    failing = set()
    for problem, verdict in zip(problems, verifier.verify(attempts), strict=True):
        if not verdict.passed:
            failing.add(problem.task_id)
            logger.warning(
                "%s: the reference of %s does not pass its own tests (%s: %s); it is left out",
                problem.source,
                problem.task_id,
                verdict.status,
                verdict.detail,
            )
    return frozenset(failing)
