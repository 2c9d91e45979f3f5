"""What the validation losses are measured on: solutions, and rows of a corpus, never trained on.

    loaders = validation_loaders(problems.validation, datasets, makers, None, 32, 0, 256)

Every device measures all of them. What a loss is computed with is the module's business.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from lit_coder.problems.problem import Problem
from lit_coder.training_data.corpus_rows import CorpusRows
from lit_coder.training_data.dataset_mixing import TrainingDatasets
from lit_coder.training_data.labelled_part import RowMakers
from lit_coder.training_data.problem_rows import Solved
from lit_coder.training_data.round_loader import RowLoader

logger = logging.getLogger("lit_coder.training_data")

NUM_VALIDATION_ROWS = 64
"""Rows of the corpus that its validation loss is measured on, at most."""


def validation_loaders(
    problems: Sequence[Problem],
    datasets: TrainingDatasets,
    makers: RowMakers,
    corpus: CorpusRows | None,
    batch_size: int,
    pad_id: int,
    length: int,
) -> dict[str, RowLoader]:
    """Loaders by the names of their losses; of what has no row, none.

    Args:
        problems: with references.
        datasets: of the run; each has a loss of its own.
        makers: of rows.
        corpus: its validation part; None where there is none.
        batch_size: rows of a batch.
        pad_id: fills what rows leave free.
        length: positions of the corpus's rows.
    """
    loaders = {}
    own = tuple(map(Solved.by_reference, problems))
    for name, solved in datasets.losses(own, NUM_VALIDATION_ROWS).items():
        groups = makers.groups(f"validation/{name}", solved)
        examples = [group[place] for group in groups for place in range(len(group))]
        if examples:
            loaders[f"validation/{name}"] = RowLoader(examples, batch_size, pad_id)
    if corpus is not None and corpus.num_rows:
        rows = corpus.in_order(NUM_VALIDATION_ROWS)
        loader = RowLoader(rows, batch_size, pad_id, packed_positions=length)
        loaders["validation/corpus_loss"] = loader
    elif corpus is not None:
        logger.warning(
            "the corpus's validation part has less than one row of tokens, so its loss is not "
            "measured; raise data.corpus_validation_share"
        )
    return loaders
