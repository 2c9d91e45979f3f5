"""The records of one dataset as what training takes: solved prompts, and problems with tests.

    rows = read_dataset_rows(choice, folder, template, max_samples=10_000, validation_share=0.01)
    rows.train.solved                 # instructions with answers
    rows.train.problems               # with tests, and a reference where one is known

The first `max_samples` records that can be used are taken, each text once. What a record says
decides whether it is for training or for validation, so that it is never for both. Nothing is run
here: a reference of a dataset is untried until the sandbox has run it. Sets of programs as they
are go another way (`dataset_source.py`).
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from lit_coder.corpora.datasets.opening import open_dataset
from lit_coder.corpora.datasets.record import Record
from lit_coder.corpora.decontamination import Decontaminator, Match
from lit_coder.corpora.source import Fault, clean
from lit_coder.problems.behaviour import canonical_text
from lit_coder.problems.problem import Call, Case, Cases, CheckProgram, Problem
from lit_coder.training_data.dataset_choice import DatasetChoice
from lit_coder.training_data.dataset_template import InstructionTemplate
from lit_coder.training_data.problem_rows import Solved

logger = logging.getLogger("lit_coder.training_data")

_LANGUAGES = ("python", "python3", "py", "")


@dataclass(frozen=True, slots=True)
class RowsOfSplit:
    """What is for training, or for validation."""

    solved: list[Solved] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DatasetRows:
    """A dataset that was read.

    Attributes:
        choice: which, and how often it is drawn from.
        train, validation: they share no record.
        content: digest of all records that were taken, in their order.
    """

    choice: DatasetChoice
    train: RowsOfSplit
    validation: RowsOfSplit
    content: str


def read_dataset_rows(
    choice: DatasetChoice,
    folder: Path | None,
    template: InstructionTemplate,
    max_samples: int | None,
    validation_share: float,
    decontaminator: Decontaminator | None = None,
) -> DatasetRows:
    """Read a dataset.

    Args:
        choice: which one.
        folder: of the datasets.
        template: how an instruction becomes a prompt.
        max_samples: records to take; None takes all.
        validation_share: share of the records that is kept from training.
        decontaminator: finds records that hold a benchmark's task, which are left out and counted;
            None looks for none. It looks for none in a benchmark that was asked for by name.

    Raises:
        ValueError: it is not there, or gives nothing to train on.
    """
    guard = None if choice.spec.is_benchmark else decontaminator
    reading = _Reading(choice, template, int(validation_share * 2**64), guard)
    dataset = open_dataset(choice.name, folder)
    for record in dataset.records():
        reading.take(record)
        if max_samples is not None and reading.num_taken == max_samples:
            break
    reading.count_unreadable(str(dataset.skipped))
    if not (reading.train.solved or reading.train.problems):
        raise ValueError(
            f"data.datasets: {choice.name} gives nothing to train on "
            f"({reading.left_out or 'it has no records'}); leave it out"
        )
    logger.info(
        "%s: %d examples and %d problems with tests for training, %d for validation%s%s",
        choice.name,
        len(reading.train.solved),
        len(reading.train.problems),
        len(reading.validation.solved) + len(reading.validation.problems),
        f"; left out {reading.left_out}" if reading.left_out else "",
        "; no more by data.max_samples_per_dataset" if reading.num_taken == max_samples else "",
    )
    return DatasetRows(choice, reading.train, reading.validation, reading.digest.hexdigest()[:16])


def refuse_unreadable(
    choice: DatasetChoice, folder: Path | None, template: InstructionTemplate
) -> None:
    """Raise where a dataset cannot be read so; a look at its first record.

    Raises:
        ValueError: it is not there, or its problems want another template.
    """
    dataset = open_dataset(choice.name, folder)
    first = next(dataset.records(), None) if choice.spec.kind == "problem" else None
    if first is not None and first.problem is not None and not first.problem.prompt.strip():
        require_python(template, choice)


def require_python(template: InstructionTemplate, choice: DatasetChoice) -> None:
    """Raise where what stands before a program would be no program.

    Raises:
        ValueError: naming the option.
    """
    if not template.is_python:
        raise ValueError(
            f"data.instruction_template {template.name!r} is no Python, and what stands before the "
            f"programs of {choice.name} has to be; set docstring or comment"
        )


class _Reading:
    """Takes the records of one dataset, one after the other."""

    def __init__(
        self,
        choice: DatasetChoice,
        template: InstructionTemplate,
        first_training_number: int,
        decontaminator: Decontaminator | None,
    ) -> None:
        self.train, self.validation = RowsOfSplit(), RowsOfSplit()
        self.num_taken = 0
        self.digest = hashlib.sha256()
        self._choice = choice
        self._template = template
        self._first_training_number = first_training_number
        self._decontaminator = decontaminator
        self._counts: Counter[str] = Counter()
        self._seen: set[bytes] = set()
        self._unreadable: list[str] = []

    @property
    def left_out(self) -> str:
        """What was not taken, with counts."""
        counts = [f"{count} {reason}" for reason, count in self._counts.items()]
        return "; ".join([*counts, *self._unreadable])

    def count_unreadable(self, said: str) -> None:
        """Add what the reader itself left out, "" where it left out nothing."""
        self._unreadable = [said] if said else []

    def take(self, record: Record) -> None:
        """Add what the record gives, or count why it gives nothing."""
        row = self._row(record)
        if isinstance(row, str):
            self._counts[row] += 1
            return
        said = "\0".join(_texts(row)).encode()
        key = hashlib.blake2b(said, digest_size=16).digest()
        if key in self._seen:
            self._counts["that came before"] += 1
            return
        self._seen.add(key)
        if (found := self._benchmark_in(row)) is not None:
            self._counts[f"that hold a task of {found.benchmark} ({found.detector})"] += 1
            return
        self.digest.update(key)
        self.num_taken += 1
        is_validation = int.from_bytes(key[:8], "little") < self._first_training_number
        split = self.validation if is_validation else self.train
        if isinstance(row, Problem):
            split.problems.append(row)
        else:
            split.solved.append(row)

    def _benchmark_in(self, row: Solved | Problem) -> Match | None:
        if self._decontaminator is None:
            return None
        return self._decontaminator.match("\n".join(_texts(row)))

    def _row(self, record: Record) -> Solved | Problem | str:
        """The record as a row, or why there is none."""
        if record.language not in _LANGUAGES:
            return f"in {record.language}"
        if record.problem is not None:
            return self._problem(record, record.problem)
        if not self._choice.weight:
            return "without tests, of weight 0"
        answer = clean(record.text)
        if isinstance(answer, Fault) or not answer:
            return "without a usable answer"
        prompt = self._template.prompt(record.instruction) if record.instruction else ""
        return Solved(0, prompt, answer if answer.endswith("\n") else answer + "\n")

    def _problem(self, record: Record, problem: Problem) -> Problem | str:
        """The problem under a name of its own, with a prompt, where it can be asked."""
        prompt, reference = problem.prompt, problem.reference
        if not prompt.strip() and not problem.draft:
            if not record.instruction:
                return "without a question"
            require_python(self._template, self._choice)
            prompt = self._template.prompt(_asked(record.instruction, problem))
        if reference is not None:
            reference = reference.replace("\r\n", "\n")
        return replace(
            problem,
            task_id=f"{self._choice.name}/{problem.task_id.rpartition('/')[2] or record.name}",
            source=self._choice.name,
            prompt=prompt,
            # Weight 0: there to be solved, not to be learned from.
            reference=reference if self._choice.weight else None,
        )


def _asked(instruction: str, problem: Problem) -> str:
    """The question, with its first test where it does not say what the function is called."""
    if not problem.entry_point or problem.entry_point in instruction:
        return instruction
    return "\n".join([instruction.rstrip(), *_first_test(problem)])


def _first_test(problem: Problem) -> Iterator[str]:
    tests = problem.tests
    if isinstance(tests, CheckProgram) and tests.visible:
        yield tests.visible[0].strip()
    elif isinstance(tests, Cases) and tests.visible:
        yield from _case_text(tests.visible[0])


def _case_text(case: Case) -> Iterator[str]:
    operation, expected = case.operations[0], case.expected[0]
    if isinstance(operation, Call):
        arguments = ", ".join(map(canonical_text, operation.arguments))
        yield f"assert {operation.function}({arguments}) == {canonical_text(expected)}"


def _texts(row: Solved | Problem) -> Iterable[str]:
    """What decides whether two rows say the same."""
    if isinstance(row, Problem):
        return row.prompt, row.reference or "", row.draft
    return row.prompt, row.answer
