"""The quality of a program that passed: a rank score in [0, 1] of facts of its text.

    least = Least.of(admitted)                      # of one problem
    quality(candidate, least)

Four things count, the first two most: brevity against the shortest admitted solution of the same
problem, tidiness (no unused names or imports, no dead statements), simplicity against the one
with the fewest branches, and that a documented function is still documented. The facts come from
the sandbox's child: the trainer parses no model's text. It can never admit a program.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lit_coder.sandbox.contract import Features
from lit_coder.training_data.sample import Candidate

_BREVITY, _TIDINESS, _SIMPLICITY, _DOCUMENTATION = 0.4, 0.4, 0.1, 0.1


class Least(NamedTuple):
    """The smallest sizes among the admitted solutions of one problem."""

    num_nodes: int = 1
    complexity: int = 1

    @classmethod
    def of(cls, candidates: Iterable[Candidate]) -> Least:
        """Of these; those that do not parse have none."""
        features = [f for each in candidates if (f := each.verdict.features)]
        return cls(
            min((each.num_nodes for each in features), default=1),
            min((each.complexity for each in features), default=1),
        )


def quality(candidate: Candidate, least: Least) -> float:
    """The score; 0 of a text that does not parse.

    It orders programs that passed; it can never admit one.
    """
    features = candidate.verdict.features
    if features is None:
        return 0.0
    brevity = min(1.0, least.num_nodes / max(1, features.num_nodes))
    simplicity = min(1.0, least.complexity / max(1, features.complexity))
    tidiness = 1.0 / (1 + len(features.unused_names) + features.num_dead)
    # Weights that add up to 1 exactly, in this order.
    return (
        _BREVITY * brevity
        + _TIDINESS * tidiness
        + _SIMPLICITY * simplicity
        + _DOCUMENTATION * _is_documentation_kept(candidate, features)
    )


def _is_documentation_kept(candidate: Candidate, features: Features) -> bool:
    """False where the prompt documents what is asked for and the program's last word does not."""
    problem = candidate.problem
    if problem.language != "python" or not problem.entry_point:
        return True
    is_documented = '"""' in problem.prompt or "'''" in problem.prompt
    return not is_documented or problem.entry_point in features.documented
