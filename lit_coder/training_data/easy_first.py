"""Labelled problems come in by difficulty, the easiest first.

    labelled = easy_first(problems.labelled, round=2, rounds_per_difficulty=1)

Where long problems teach nothing before short ones are understood, as with programs whose values
have to be looked up, training begins with the short ones alone. It decides on labelled problems;
what the rounds of a recursion draw is the curriculum's business.
"""

from __future__ import annotations

from collections.abc import Sequence

from lit_coder.problems.problem import Problem


def easy_first(
    labelled: Sequence[Problem], round: int, rounds_per_difficulty: int
) -> Sequence[Problem]:
    """The problems that this round trains on.

    Args:
        labelled: all of them.
        round: of the run, from 0.
        rounds_per_difficulty: rounds after which the next difficulty joins; 0 = all are there
            from the start.
    """
    if rounds_per_difficulty == 0:
        return labelled
    difficulties = sorted({problem.difficulty for problem in labelled})
    joined = set(difficulties[: 1 + round // rounds_per_difficulty])
    return [problem for problem in labelled if problem.difficulty in joined]
