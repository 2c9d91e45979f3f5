"""The labelled part of a mixture: rows of solved problems and of datasets, grouped and weighted.

    makers = RowMakers(data.rows, "data.max_sequence_length (256 tokens)", already_said=set())
    part = labelled_part(makers, problems.labelled, datasets, share=0.3)

The labelled problems are one group, each dataset is another; how often each is drawn from is its
weight. What is too long for a row is left out and said once. The pool's part is not made here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lit_coder.problems.problem import Problem
from lit_coder.training_data.dataset_mixing import TrainingDatasets
from lit_coder.training_data.examples import RowGroup
from lit_coder.training_data.mixture import MixturePart
from lit_coder.training_data.problem_rows import ProblemRows, Solved

logger = logging.getLogger("lit_coder.training_data")

LABELLED_PART = "labelled"


def named_room(
    max_sequence_length: int, canvas_length: int | None, line_length: int | None = None
) -> str:
    """The options that say how long a problem may be, with their values."""
    whole = f"data.max_sequence_length ({max_sequence_length} tokens)"
    if canvas_length is None:
        return whole
    in_lines = "" if line_length is None else f", in lines of data.canvas_line_length {line_length}"
    rest = max_sequence_length - canvas_length
    return (
        f"data.canvas_length ({canvas_length}{in_lines}), or the prompt than the other {rest} of "
        f"{whole}"
    )


@dataclass(frozen=True, slots=True)
class RowMakers:
    """Makes rows, and says once of each split how many are too long.

    Attributes:
        rows: in the form that the model learns from.
        room: the options that say how long an example may be, for people.
        already_said: splits whose long examples were said in this run.
    """

    rows: ProblemRows
    room: str
    already_said: set[str]

    def groups(self, split: str, solved: Iterable[Solved]) -> list[RowGroup]:
        """Rows by difficulty."""
        groups, num_left_out = self.rows.groups(solved)
        if num_left_out and split not in self.already_said:
            self.already_said.add(split)
            logger.warning(
                "%d of %d %s solutions are longer than %s and left out",
                num_left_out,
                num_left_out + sum(map(len, groups)),
                split,
                self.room,
            )
        return groups

    def one_group(self, split: str, solved: Sequence[Solved]) -> RowGroup | None:
        """All rows in one group: drawn from as it is, whatever its difficulties.

        Raises:
            ValueError: none of them fits.
        """
        ordered = sorted(solved, key=lambda each: each.difficulty)
        groups = self.groups(split, (each._replace(difficulty=0) for each in ordered))
        if solved and not groups:
            raise ValueError(f"every {split} solution is longer than {self.room}; raise it")
        return groups[0] if groups else None


def labelled_part(
    makers: RowMakers, labelled: Sequence[Problem], datasets: TrainingDatasets, share: float
) -> MixturePart:
    """The part of a mixture.

    Args:
        makers: of rows.
        labelled: problems with references, those of the datasets among them.
        datasets: of the run.
        share: of the rows that are examples.

    Raises:
        ValueError: of the problems or of a dataset, not one is short enough.
    """
    own = [Solved.by_reference(problem) for problem in labelled if not datasets.owns(problem)]
    groups = [makers.one_group("labelled", own)]
    weights = [1.0]
    for name, weight, solved in datasets.training_rows(labelled):
        groups.append(makers.one_group(name, solved))
        datasets.too_long[name] = len(solved) - len(groups[-1] or ())
        weights.append(weight)
    filled = [(group, w) for group, w in zip(groups, weights, strict=True) if group is not None]
    if len(filled) < 2:
        return MixturePart(LABELLED_PART, tuple(group for group, _ in filled), share)
    return MixturePart(
        LABELLED_PART, tuple(group for group, _ in filled), share, tuple(w for _, w in filled)
    )
