"""What `data.datasets` names: sets with weights, and which of them may be trained on.

    dataset_choices(["mbpp_train", "alpaca_python:0.5"])   # weights 1 and 0.5
    refuse_benchmarks(choices, allowed=False)              # ValueError for humaneval

Names are looked up; no file is opened.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from lit_coder.corpora.datasets.registry import dataset_spec
from lit_coder.corpora.datasets.spec import DatasetSpec

TRAINED_ON_KEY = "trained_on_benchmarks"
"""Under which a checkpoint, and what is scored with it, names the benchmarks trained on."""


class DatasetChoice(NamedTuple):
    """A dataset and how often its examples are drawn beside those of the others."""

    spec: DatasetSpec
    weight: float = 1.0

    @property
    def name(self) -> str:
        """Of the dataset."""
        return self.spec.name

    @property
    def is_text(self) -> bool:
        """Whether it is programs as they are, which join the corpus."""
        return self.spec.kind == "text"


def dataset_choices(given: Sequence[str] | None) -> tuple[DatasetChoice, ...]:
    """The choices of `data.datasets`, each a NAME or NAME:WEIGHT.

    Raises:
        ValueError: there is no such dataset, it comes twice, or a weight is off.
    """
    choices: dict[str, DatasetChoice] = {}
    for text in given or ():
        name, _, weight = text.partition(":")
        try:
            spec = dataset_spec(name)
        except ValueError as error:
            raise ValueError(f"data.datasets: {error}") from error
        choice = DatasetChoice(spec, _weight(text, weight))
        if spec.name in choices:
            raise ValueError(f"data.datasets names {spec.name} twice; keep one of them")
        if choice.is_text and not 0 < choice.weight <= 1:
            raise ValueError(
                f"data.datasets: the weight of {text} is the share of its documents that join the "
                "corpus; give one above 0, at most 1"
            )
        choices[spec.name] = choice
    return tuple(choices.values())


def refuse_benchmarks(choices: Sequence[DatasetChoice], allowed: bool) -> None:
    """Raise where a set is there to be measured on, and training on it was not asked for.

    Raises:
        ValueError: naming the set and the flag.
    """
    for choice in choices:
        if choice.spec.is_benchmark and not allowed:
            train = f"{choice.spec.reader}_train"
            instead = f"take {train}" if _is_dataset(train) else "leave it out"
            raise ValueError(
                f"data.datasets: {choice.name} is a benchmark, and scores of weights that were "
                f"trained on it say nothing; {instead}, or set data.allow_benchmarks_in_training "
                "true, and every score of the run is marked"
            )


def benchmark_names(choices: Sequence[DatasetChoice]) -> tuple[str, ...]:
    """The chosen sets that are benchmarks."""
    return tuple(choice.name for choice in choices if choice.spec.is_benchmark)


def _weight(text: str, weight: str) -> float:
    try:
        value = float(weight) if ":" in text else 1.0
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(
            f"data.datasets: {text!r} is no NAME or NAME:WEIGHT with a weight of 0 or more, as "
            "mbpp_train:0.5"
        )
    return value


def _is_dataset(name: str) -> bool:
    try:
        dataset_spec(name)
    except ValueError:
        return False
    return True
