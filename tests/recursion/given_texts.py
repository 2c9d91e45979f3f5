"""A solver that writes what a test wants written.

make_recursion(solver=Writes(lambda problem: [problem.reference, "    return (\\n"]))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lit_coder.generation.contract import SamplingOptions, TokenGenerator
from lit_coder.problems.problem import Problem
from lit_coder.recursion.solvers import Draft, Solver
from lit_coder.tokenizer import CodeTokenizer


class Writes(Solver):
    """Hands in the texts that a function gives of each problem, as if a model had sampled them."""

    def __init__(self, texts: Callable[[Problem], Sequence[str]]) -> None:
        self._texts = texts

    def solve(
        self,
        problems: Sequence[Problem],
        generator: TokenGenerator,
        tokenizer: CodeTokenizer,
        options: SamplingOptions,
        round: int,
    ) -> list[Draft]:
        return [
            Draft(problem, text, (1,), (-1.0,), True, "gpt", "")
            for problem in problems
            for text in self._texts(problem)
        ]
