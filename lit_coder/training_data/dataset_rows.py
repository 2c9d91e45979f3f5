"""The records of one dataset as what training takes: solved prompts, and problems with tests.

    rows = read_dataset_rows(choice, folder, template, max_samples=10_000, validation_share=0.01)
    rows.train.solved                 # instructions with answers
    rows.train.problems               # with tests, and a reference where one is known

The first `max_samples` records that can be used are taken, each text once; what cannot is counted
with its reason. What a record says decides whether it is for training or for validation, so that
it is never for both. Nothing is run here: a reference of a dataset is untried until the sandbox has
run it. What answers have to be like is said in `dataset_cleaning.py`. Sets of programs as they are
go another way: they join the corpus.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from lit_coder.corpora.cleaner import SAME_TEXT
from lit_coder.corpora.datasets.benchmark_rows import BENCHMARK_READERS
from lit_coder.corpora.datasets.opening import open_dataset
from lit_coder.corpora.datasets.record import Record
from lit_coder.corpora.decontamination import CONTAMINATED, DETECTORS, Decontaminator, Match
from lit_coder.corpora.source import Fault, clean
from lit_coder.problems.behaviour import canonical_text
from lit_coder.problems.problem import Call, Case, Cases, CheckProgram, Problem
from lit_coder.training_data.dataset_choice import DatasetChoice
from lit_coder.training_data.dataset_cleaning import Objection, RowCleaner
from lit_coder.training_data.dataset_counts import ReadingCounts
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
        counts: what was read, and why some of it was not taken.
    """

    choice: DatasetChoice
    train: RowsOfSplit
    validation: RowsOfSplit
    content: str
    counts: ReadingCounts


def read_dataset_rows(
    choice: DatasetChoice,
    folder: Path | None,
    template: InstructionTemplate,
    max_samples: int | None,
    validation_share: float,
    decontaminator: Decontaminator | None = None,
    cleaner: RowCleaner | None = None,
) -> DatasetRows:
    """Read a dataset, and say what was taken and what was not.

    Args:
        choice: which one.
        folder: of the datasets.
        template: how an instruction becomes a prompt.
        max_samples: records to take; None takes all.
        validation_share: share of the records that is kept from training.
        decontaminator: finds records that hold a benchmark's task, which are left out and counted;
            None looks for none. It looks for none in a benchmark that was asked for by name.
        cleaner: leaves out what is not worth learning; None takes every answer.

    Raises:
        ValueError: it is not there, or gives nothing to train on.
    """
    is_measured_on = choice.spec.is_benchmark and choice.spec.reader in BENCHMARK_READERS
    guard = None if is_measured_on else decontaminator
    reading = _Reading(choice, template, int(validation_share * 2**64), guard, cleaner)
    dataset = open_dataset(choice.name, folder)
    num_crashes = 0 if cleaner is None else cleaner.parser.num_crashes
    for record in dataset.records():
        reading.take(record)
        if max_samples is not None and reading.num_taken == max_samples:
            reading.counts.is_cut = True
            break
    counts = reading.counts
    counts.num_read = dataset.num_rows_read
    counts.add_unreadable(dataset.skipped)
    counts.num_crashes = 0 if cleaner is None else cleaner.parser.num_crashes - num_crashes
    rows = DatasetRows(
        choice, reading.train, reading.validation, reading.digest.hexdigest()[:16], counts
    )
    _say(rows)
    return rows


def _say(rows: DatasetRows) -> None:
    """What was taken and what was not.

    Raises:
        ValueError: nothing was taken.
    """
    train, validation, left_out = rows.train, rows.validation, rows.counts.described()
    if not (train.solved or train.problems):
        raise ValueError(
            f"data.datasets: {rows.choice.name} gives nothing to train on "
            f"({left_out or 'it has no records'}); leave it out"
        )
    logger.info(
        "%s: %d examples and %d problems with tests for training, %d for validation%s%s",
        rows.choice.name,
        len(train.solved),
        len(train.problems),
        len(validation.solved) + len(validation.problems),
        f"; left out {left_out}" if left_out else "",
        "; no more by data.max_samples_per_dataset" if rows.counts.is_cut else "",
    )


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
        cleaner: RowCleaner | None,
    ) -> None:
        self.train, self.validation = RowsOfSplit(), RowsOfSplit()
        self.num_taken = 0
        self.digest = hashlib.sha256()
        self.counts = ReadingCounts()
        self._choice = choice
        self._template = template
        self._first_training_number = first_training_number
        self._decontaminator = decontaminator
        self._cleaner = cleaner
        self._seen: set[bytes] = set()

    def take(self, record: Record) -> None:
        """Add what the record gives, or count why it gives nothing."""
        row = self._row(record)
        if isinstance(row, Objection):
            said = f"{record.name}: {row.detail}" if row.detail else record.name
            self.counts.leave_out(row.reason, said)
            return
        key = hashlib.blake2b("\0".join(_texts(row)).encode(), digest_size=16).digest()
        if key in self._seen:
            self.counts.leave_out(SAME_TEXT, record.name)
            return
        self._seen.add(key)
        if matches := self._benchmarks_in(row):
            self.counts.matches += matches
            self.counts.leave_out(CONTAMINATED, f"{record.name}: {_clearest(matches)}")
            return
        self.digest.update(key)
        self.num_taken += 1
        if record.licence:
            self.counts.licences[record.licence] += 1
        is_validation = int.from_bytes(key[:8], "little") < self._first_training_number
        split = self.validation if is_validation else self.train
        if isinstance(row, Problem):
            split.problems.append(row)
        else:
            split.solved.append(row)

    def _benchmarks_in(self, row: Solved | Problem) -> tuple[Match, ...]:
        if self._decontaminator is None:
            return ()
        return self._decontaminator.matches("\n".join(_texts(row)))

    def _row(self, record: Record) -> Solved | Problem | Objection:
        """The record as a row, or why there is none."""
        if record.language not in _LANGUAGES:
            return Objection(f"in {record.language}")
        if record.problem is not None:
            return self._problem(record, record.problem)
        if not self._choice.weight:
            return Objection("without tests, of weight 0")
        answer = clean(record.text)
        if isinstance(answer, Fault) or not answer:
            return Objection("no usable answer")
        if self._cleaner is not None:
            found = self._cleaner.objection(replace(record, text=answer), self._choice.spec)
            if found is not None:
                return found
        prompt = self._template.prompt(record.instruction) if record.instruction else ""
        return Solved(0, prompt, answer if answer.endswith("\n") else answer + "\n")

    def _problem(self, record: Record, problem: Problem) -> Problem | Objection:
        """The problem under a name of its own, with a prompt, where it can be asked."""
        prompt, reference = problem.prompt, problem.reference
        if self._cleaner is not None:
            found = self._cleaner.licence_objection(record, self._choice.spec)
            if found is not None:
                return found
        if not prompt.strip() and not problem.draft:
            if not record.instruction:
                return Objection("no question")
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


def _clearest(matches: Iterable[Match]) -> Match:
    return max(matches, key=lambda match: (-DETECTORS.index(match.detector), match.share))


def _texts(row: Solved | Problem) -> Iterable[str]:
    """What decides whether two rows say the same."""
    if isinstance(row, Problem):
        return row.prompt, row.reference or "", row.draft
    return row.prompt, row.answer
