"""Runs the reference solutions of files and datasets before anything trains on them.

    leave_out_failing(data, verifier, processes)        # in every process of a run

A reference that fails its own tests teaches the model what is wrong. The built-in families check
theirs while they are made; others are run in the sandbox, as anything that was not made here. A run
that is gone on with keeps what it found when it began: nothing is run again, and a verdict that
hangs on the machine's load changes no batch.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from lit_coder.problems.problem import Problem
from lit_coder.recursion.processes import Processes
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.verification.verifier import Attempt, Verifier

logger = logging.getLogger("lit_coder.recursion")

_MANY = 200
_MOST_SAID = 5


def leave_out_failing(data: CodeDataModule, verifier: Verifier, processes: Processes) -> None:
    """Train on no problem whose reference fails; the first process runs them."""
    if not data.problems.untried:
        return
    known = data.known_failing
    if known is not None:
        data.leave_out_labelled(known)
        return
    failing = frozenset[str]()
    if processes.is_first:
        failing = failing_references(data.problems.untried, verifier)
    data.leave_out_labelled(processes.from_first(failing))


def failing_references(problems: Sequence[Problem], verifier: Verifier) -> frozenset[str]:
    """Task ids of the problems whose reference does not pass; the first of a source are said."""
    if len(problems) >= _MANY:
        logger.info("%d references are run before anything is learned from them", len(problems))
    attempts = [Attempt(problem, problem.reference or "") for problem in problems]
    failing = set()
    counts: Counter[str] = Counter()
    for problem, verdict in zip(problems, verifier.verify_each(attempts), strict=True):
        if verdict.passed:
            continue
        failing.add(problem.task_id)
        counts[problem.source] += 1
        if counts[problem.source] <= _MOST_SAID:
            logger.warning(
                "%s: the reference of %s does not pass its own tests (%s: %s); it is left out",
                problem.source,
                problem.task_id,
                verdict.status,
                verdict.detail,
            )
    for source, count in counts.items():
        if count > _MOST_SAID:
            logger.warning("%s: %d more references do not pass", source, count - _MOST_SAID)
    return frozenset(failing)
