"""Which tasks of a benchmark stand in what a run may have trained on.

    texts = training_texts(data, run_folder, run_id)
    found = find_overlaps(tasks, texts)          # {"HumanEval/0": Overlap(kind="substring", ...)}

Looked through are the labelled problems, the problems without solutions, the examples of datasets
and what the pool held as accepted at the checkpoint's version, but no corpus. The held-out problems
of a run are not looked at so: the wording of a family is all its problems' wording, and they are
apart by behaviour.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lit_coder.corpora.contamination import Overlap, overlaps
from lit_coder.problems.benchmarks.benchmark import BenchmarkTask
from lit_coder.training_data.data_module import POOL_FOLDER, CodeDataModule
from lit_coder.training_data.pool import EMPTY_VERSION, SamplePool

logger = logging.getLogger("lit_coder.evaluation")

_WORDING_FIELDS = ("text", "prompt", "question_content", "code")


@dataclass(frozen=True, slots=True)
class TrainingTexts:
    """What a checkpoint may have been trained on.

    Attributes:
        texts: name and text of each.
        description: what they are, for people.
    """

    texts: tuple[tuple[str, str], ...]
    description: str


def training_texts(data: CodeDataModule, run_folder: Path, run_id: str | None) -> TrainingTexts:
    """The texts of a run's problems and of its pool at the DataModule's version."""
    problems = data.problems
    texts = [(p.task_id, p.program(p.reference or "")) for p in problems.labelled]
    texts += [(p.task_id, p.prompt) for p in problems.unlabelled]
    described = f"{len(dict(texts))} problems"
    examples = list(data.datasets.texts())
    if examples:
        described += f", {len(examples)} examples of datasets"
        texts += examples
    if data.pool_version > EMPTY_VERSION:
        samples = _pool_texts(run_folder / POOL_FOLDER, data.pool_version, run_id)
        if samples is None:
            described += ", without the pool, which is not there"
        else:
            described += f" and {len(samples)} samples of the pool"
            texts += samples
    return TrainingTexts(tuple(texts), described)


def find_overlaps(tasks: Sequence[BenchmarkTask], training: TrainingTexts) -> dict[str, Overlap]:
    """The tasks whose statement or solution is there, by their names."""
    return overlaps(_texts_of(tasks), training.texts)


def _texts_of(tasks: Sequence[BenchmarkTask]) -> Iterator[tuple[str, str]]:
    for task in tasks:
        texts = [task.problem.prompt, task.problem.reference or ""]
        texts += [str(task.record.get(name) or "") for name in _WORDING_FIELDS]
        yield from ((task.task_id, text) for text in dict.fromkeys(texts))


def _pool_texts(path: Path, version: int, run_id: str | None) -> list[tuple[str, str]] | None:
    """Accepted samples, or None where this run's pool cannot be read."""
    try:
        pool = SamplePool.open(path, run_id, version)
        samples = pool.read(version, accepted_only=True)
    except ValueError as error:
        logger.warning("overlap with the training data is of the problems alone: %s", error)
        return None
    return [(f"round {s.round}, {s.task_id}", s.prompt + s.completion) for s in samples]
