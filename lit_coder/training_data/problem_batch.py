"""Problems in batches, for test and predict.

A plain class around the problems: Lightning copies dataclasses of a batch to the device field by
field, which frozen problems refuse and do not need.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lit_coder.problems.problem import Problem


class ProblemBatch:
    """A few problems to complete."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)


class ProblemLoader:
    """Every problem once, in order."""

    def __init__(self, problems: Sequence[Problem], batch_size: int) -> None:
        self._problems = problems
        self._batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self._problems) // self._batch_size)

    def __iter__(self) -> Iterator[ProblemBatch]:
        for first in range(0, len(self._problems), self._batch_size):
            yield ProblemBatch(self._problems[first : first + self._batch_size])
