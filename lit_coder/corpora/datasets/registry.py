"""Every dataset that can be read, by its name.

    DATASETS["apps"].licence                    # "MIT"
    dataset_spec("alpaca_pyton")                # ValueError: ... did you mean alpaca_python?

What a name stands for is said in the catalogues; how its rows are read in `readers.py`.
"""

from __future__ import annotations

import difflib

from lit_coder.corpora.datasets.benchmark_catalogue import BENCHMARK_TRAINING_SPLITS, BENCHMARKS
from lit_coder.corpora.datasets.problem_catalogue import PROBLEM_SETS
from lit_coder.corpora.datasets.spec import DatasetSpec
from lit_coder.corpora.datasets.text_catalogue import TEXT_SETS

DATASETS: dict[str, DatasetSpec] = {
    spec.name: spec for spec in (*BENCHMARKS, *BENCHMARK_TRAINING_SPLITS, *PROBLEM_SETS, *TEXT_SETS)
}

__all__ = ["DATASETS", "DatasetSpec", "dataset_spec"]


def dataset_spec(name: str) -> DatasetSpec:
    """The dataset of this name; case and dashes do not count.

    Raises:
        ValueError: there is none.
    """
    key = name.strip().lower().replace("-", "_")
    if key in DATASETS:
        return DATASETS[key]
    near = difflib.get_close_matches(key, DATASETS, n=1)
    hint = f"did you mean {near[0]}?" if near else "main.py data list shows all names"
    raise ValueError(f"there is no dataset {name!r}; {hint}")
