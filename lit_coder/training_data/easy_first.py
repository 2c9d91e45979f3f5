"""Labelled problems come in by difficulty, the easiest first.

    labelled = easy_first(problems.labelled, round=5, difficulty_rounds=(4, 8))

Where long problems teach nothing before short ones are understood, as with programs whose values
have to be looked up, training begins with the short ones alone. It decides on labelled problems;
what the rounds of a recursion draw is the curriculum's business.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from lit_coder.problems.problem import Problem


def easy_first(
    labelled: Sequence[Problem], round: int, difficulty_rounds: Sequence[int]
) -> Sequence[Problem]:
    """The problems that this round trains on.

    Args:
        labelled: all of them.
        round: of the run, from 0.
        difficulty_rounds: rounds from which the second, the third, ... difficulty is there too;
            those beyond come with the last. Empty = all are there from the start.
    """
    if not difficulty_rounds:
        return labelled
    difficulties = sorted({problem.difficulty for problem in labelled})
    num_joined = bisect_right(difficulty_rounds, round)
    if num_joined == len(difficulty_rounds):
        return labelled
    joined = set(difficulties[: 1 + num_joined])
    return [problem for problem in labelled if problem.difficulty in joined]
