"""Keeps benchmarks out of the problems that a user's files bring.

    own = without_benchmarks(own)       # says in a warning what it left out

A harvest of somebody's solutions, or a problem file made of a benchmark, would teach the model
what it is measured by. Datasets are looked through while they are read (`dataset_rows.py`), and
what is only measured on is not looked through at all.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from lit_coder.corpora.decontamination import Decontaminator
from lit_coder.problems.problem import Problem

logger = logging.getLogger("lit_coder.training_data")


def without_benchmarks(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The problems of data.problem_files that hold no task of HumanEval, MBPP or a plus set.

    Answers are no programs and stay.
    """
    if not any(problem.kind != "answer" for problem in problems):
        return tuple(problems)
    kept: list[Problem] = []
    found: Counter[str] = Counter()
    with Decontaminator.of_this_machine() as decontaminator:
        for problem in problems:
            match = None
            if problem.kind != "answer":
                match = decontaminator.match(problem.program(problem.reference or ""))
            if match is None:
                kept.append(problem)
            else:
                found[match.benchmark] += 1
    if found:
        logger.warning(
            "data.problem_files: %d problems hold a task of a benchmark (%s) and are left out; "
            "data.decontaminate false takes them",
            found.total(),
            ", ".join(f"{name}: {number}" for name, number in found.most_common()),
        )
    return tuple(kept)
