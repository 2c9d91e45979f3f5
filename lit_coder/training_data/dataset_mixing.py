"""All datasets of a run: read once, handed on from round to round.

    datasets = TrainingDatasets(dataset_choices(["mbpp_train", "alpaca_python:0.5"]), folder)
    datasets.problems                 # with tests: for the loop, and labelled where answered
    datasets.sources                  # programs for the corpus
    datasets.training_rows(labelled)  # solved prompts of each set, with its weight

It connects what is read (`dataset_rows`, `DatasetSource`) with the DataModule; which rows a step
is made of is decided in `mixture`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from lit_coder.corpora.cleaning_options import CleaningOptions
from lit_coder.corpora.datasets.dataset_source import DatasetSource
from lit_coder.corpora.decontamination import Decontaminator
from lit_coder.corpora.syntax_process import SyntaxProcess
from lit_coder.problems.problem import Problem
from lit_coder.training_data.dataset_choice import DatasetChoice, benchmark_names
from lit_coder.training_data.dataset_cleaning import KeepOnly, RowCleaner
from lit_coder.training_data.dataset_programs import program_sources
from lit_coder.training_data.dataset_rows import DatasetRows, read_dataset_rows, refuse_unreadable
from lit_coder.training_data.dataset_template import InstructionTemplate
from lit_coder.training_data.problem_rows import Solved


class WeightedRows(NamedTuple):
    """Solved prompts of one dataset."""

    name: str
    weight: float
    solved: tuple[Solved, ...]


class TrainingDatasets:
    """The datasets of `data.datasets`.

    Args:
        choices: which, with their weights.
        folder: where they lie; None as `open_dataset` looks for them.
        template: how an instruction becomes a prompt.
        max_samples: records of each.
        validation_share: of the records, kept from training.
        decontaminate: leave out records that hold a benchmark's task.
        keep_only: "parses" leaves out answers whose code does not parse; "all" checks none.
        cleaning: what else is left out of the answers; None is the defaults.

    Attributes:
        choices: the same.
        folder: where they lie; None as `open_dataset` looks for them.
        benchmarks: names of the chosen sets that are benchmarks.
        too_long: by the name of a set, how many of its solved prompts have no room in a row; known
            once rows are made.
    """

    def __init__(
        self,
        choices: Sequence[DatasetChoice] = (),
        folder: str | None = None,
        template: InstructionTemplate | None = None,
        max_samples: int | None = None,
        validation_share: float = 0.0,
        decontaminate: bool = False,
        keep_only: KeepOnly = "parses",
        cleaning: CleaningOptions | None = None,
    ) -> None:
        self.choices = tuple(choices)
        self.benchmarks = benchmark_names(choices)
        self.folder = None if folder is None else Path(folder).expanduser()
        self.too_long: dict[str, int] = {}
        self._looked_for: dict[str, Any] = {}
        self._template = template or InstructionTemplate()
        self._max_samples = max_samples
        self._validation_share = validation_share
        self._decontaminate = decontaminate
        self._keep_only = keep_only
        self._cleaning = cleaning or CleaningOptions()

    @property
    def settings(self) -> dict[str, Any]:
        """The options that decide on what is taken, for a manifest."""
        cleaning = self._cleaning.settings()
        # It has an option of its own.
        del cleaning["decontaminate"]
        return {
            "keep_only": self._keep_only,
            "max_samples_per_dataset": self._max_samples,
            "validation_share": self._validation_share,
            "instruction_template": self._template.name,
            "decontaminate": self._decontaminate,
            "cleaning": cleaning,
        }

    @property
    def looked_for(self) -> dict[str, Any]:
        """What `Decontaminator.about` said; nothing where no rows were looked through."""
        return self._looked_for if self.rows else {}

    @property
    def has_texts(self) -> bool:
        """Whether some of them join the corpus."""
        return any(choice.is_text for choice in self.choices)

    def refuse_unreadable(self) -> None:
        """Raise where one of them is not there, before anything is read or said.

        Raises:
            ValueError: naming it and how it is had.
        """
        for choice in self.choices:
            refuse_unreadable(choice, self.folder, self._template)

    @cached_property
    def sources(self) -> tuple[DatasetSource, ...]:
        """Those that are programs as they are, for the corpus."""
        choices = [choice for choice in self.choices if choice.is_text]
        return program_sources(choices, self.folder, self._max_samples, self._keep_only)

    @cached_property
    def rows(self) -> tuple[DatasetRows, ...]:
        """The others, read."""
        others = [choice for choice in self.choices if not choice.is_text]
        if not others:
            return ()
        decontaminator = Decontaminator.of_this_machine() if self._decontaminate else None
        if decontaminator is not None:
            decontaminator.say_missing()
            self._looked_for = decontaminator.about()
        parser = SyntaxProcess() if decontaminator is None else decontaminator.parser
        with closing(parser), RowCleaner(self._cleaning, self._keep_only, parser) as cleaner:
            return tuple(
                read_dataset_rows(
                    choice,
                    self.folder,
                    self._template,
                    self._max_samples,
                    self._validation_share,
                    decontaminator,
                    cleaner,
                )
                for choice in others
            )

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Problems with tests that may be trained on, of all sets."""
        return tuple(problem for rows in self.rows for problem in rows.train.problems)

    @property
    def content(self) -> str | None:
        """Digest of what was read; None where there is nothing to read."""
        if not self.rows:
            return None
        parts = "/".join(f"{rows.choice.name}:{rows.content}" for rows in self.rows)
        return hashlib.sha256(parts.encode()).hexdigest()[:16]

    def training_rows(self, labelled: Iterable[Problem]) -> Iterator[WeightedRows]:
        """What each set teaches: its solved prompts, and its problems among the labelled ones."""
        by_source: dict[str, list[Solved]] = {rows.choice.name: [] for rows in self.rows}
        for problem in labelled:
            if self.owns(problem):
                by_source[problem.source].append(Solved.by_reference(problem))
        for rows in self.rows:
            solved = (*rows.train.solved, *by_source[rows.choice.name])
            if solved and rows.choice.weight:
                yield WeightedRows(rows.choice.name, rows.choice.weight, solved)

    def losses(self, own: Sequence[Solved], most_rows: int) -> dict[str, Sequence[Solved]]:
        """What is measured on which rows: `loss` on the run's own, and the loss of each set.

        Args:
            own: of the run's problems; where there are none, `loss` is of all sets together.
            most_rows: of a set.
        """
        of_sets: dict[str, Sequence[Solved]] = {}
        for rows in self.rows:
            answered = [p for p in rows.validation.problems if p.reference is not None]
            solved = (*rows.validation.solved, *map(Solved.by_reference, answered))
            of_sets[f"{rows.choice.name}_loss"] = solved[:most_rows]
        if own or not of_sets:
            return {"loss": own} | of_sets
        together = {"loss": [each for solved in of_sets.values() for each in solved]}
        return together | (of_sets if len(of_sets) > 1 else {})

    def owns(self, problem: Problem) -> bool:
        """Whether a problem is of one of the sets."""
        return problem.task_id in self._task_ids

    def texts(self) -> Iterator[tuple[str, str]]:
        """Name and text of every example that is no problem."""
        for rows in self.rows:
            for number, each in enumerate(rows.train.solved):
                yield f"{rows.choice.name}, example {number}", each.prompt + each.answer

    @cached_property
    def _task_ids(self) -> frozenset[str]:
        return frozenset(problem.task_id for problem in self.problems)
