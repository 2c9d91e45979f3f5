"""A round's own work, shared by the processes of a run: measure, generate, verify, commit.

    work = RoundWork(settings, verifier, processes)
    score = work.measure(module, data)                  # the same for every process
    written = work.gathered(work.verified(drafts))      # whole in the first process only
    committed = work.commit(pool, written, data, step)

Each process takes every n-th problem, generates with its own copy of the weights and verifies in
its own sandbox; the parts come together in the order of the problems, so that the result is what
one process makes. When a round is due and what becomes of it is the callback's business.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from lit_coder.corpora.decontamination import Decontaminator
from lit_coder.generation.contract import SamplingOptions
from lit_coder.modules.code_module import CodeModule
from lit_coder.problems.family import without_reference
from lit_coder.problems.problem import Problem
from lit_coder.recursion.curriculum import Attempts, Offer
from lit_coder.recursion.gates import Gate
from lit_coder.recursion.held_out import measure
from lit_coder.recursion.processes import Processes
from lit_coder.recursion.repairer import REPAIR, Repairer
from lit_coder.recursion.round_record import FilterCounts, HeldOutScore, RepairCounts
from lit_coder.recursion.round_settings import RoundSettings
from lit_coder.recursion.selection import Contamination, Decision, select, to_sample
from lit_coder.recursion.selection_counts import count, count_benchmarks, count_repairs
from lit_coder.recursion.solvers import Draft, ModelSolver
from lit_coder.sandbox.options import SandboxOptions
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.pool import EMPTY_VERSION, SamplePool
from lit_coder.training_data.problem_rows import prompt_of
from lit_coder.training_data.sample import Candidate, Sample
from lit_coder.verification.verifier import Attempt, Verifier

logger = logging.getLogger("lit_coder.recursion")


class Written(NamedTuple):
    """What was written in a round, with verdicts: by one process, or by all of them."""

    groups: list[list[Candidate]]
    """By problem; repairs stand behind the drafts."""

    is_repaired: bool = False
    num_without_room: int = 0
    num_steps: int = 0


@dataclass(frozen=True, slots=True)
class Committed:
    """What a round added to the pool: counts, its version, its accepted samples."""

    counts: dict[int, FilterCounts]
    repairs: RepairCounts | None
    pool_version: int
    pool_size: int
    curriculum: dict[str, Any] | None = None
    contaminated: dict[str, int] | None = None


class RoundWork:
    """Does the work of rounds; see the module's text."""

    def __init__(
        self,
        settings: RoundSettings,
        verifier: Verifier,
        processes: Processes,
        contamination: Contamination | None = None,
    ) -> None:
        self._settings = settings
        self._contamination = contamination
        self._verifier = verifier
        self._processes = processes

    def measure(self, module: CodeModule, data: CodeDataModule) -> HeldOutScore | None:
        """The held-out score of the current weights; None where there are no problems."""
        with _memory_named(self._settings.held_out.batch_size):
            return measure(
                data.problems.held_out,
                module.generator(),
                data.tokenizer,
                self._verifier,
                self._settings.held_out,
                data.seed,
                data.rows.fits,
                processes=self._processes,
            )

    def drafts(self, module: CodeModule, data: CodeDataModule) -> list[list[Draft]]:
        """What the solver writes for this process's share of the round's problems, by problem."""
        solver = self._settings.solver
        own = self._processes.share(self._fitting_problems(data))
        options = dataclasses.replace(self._settings.sampling, seed=data.seed)
        with _memory_named(options.batch_size):
            drafts = solver.solve(own, module.generator(), data.tokenizer, options, data.round)
        by_task: dict[str, list[Draft]] = {problem.task_id: [] for problem in own}
        for draft in drafts:
            by_task[draft.problem.task_id].append(draft)
        return list(by_task.values())

    def verified(self, drafts: Sequence[Sequence[Draft]]) -> Written:
        """This process's drafts with their verdicts."""
        attempts = [Attempt(each.problem, each.completion) for group in drafts for each in group]
        verdicts = iter(self._verifier.verify(attempts))
        return Written(
            [
                [
                    Candidate(
                        draft.problem,
                        draft.completion,
                        draft.token_ids,
                        draft.log_probabilities,
                        draft.ended,
                        draft.origin,
                        draft.stream,
                        next(verdicts),
                    )
                    for draft in group
                ]
                for group in drafts
            ]
        )

    def with_repairs(self, written: Written, repairer: Repairer) -> Written:
        """This process's drafts and, where none of a problem's was let in, verified repairs."""
        settings = self._settings
        batch_size = settings.sampling.batch_size
        with _memory_named(batch_size):
            repaired = repairer.repair(
                written.groups, settings.selection.gate, settings.repairs_per_problem, batch_size
            )
        repairs = self.verified(repaired.drafts).groups
        groups = [[*ours, *its] for ours, its in zip(written.groups, repairs, strict=True)]
        return Written(groups, True, repaired.num_without_room, repaired.num_steps)

    def gathered(self, written: Written) -> Written:
        """What all processes wrote, for the first one; for the others the numbers alone."""
        groups = self._processes.interleaved(written.groups)
        numbers = self._processes.sums([written.num_without_room, written.num_steps])
        return Written(groups or [], written.is_repaired, *map(int, numbers))

    def commit(
        self, pool: SamplePool, written: Written, data: CodeDataModule, step: int
    ) -> Committed:
        """Select and commit; for the first process only, the pool's one writer.

        Args:
            pool: the run's.
            written: all of the round's; nothing leaves the pool as it is.
            data: of the round.
            step: optimizer steps that the sampling weights had taken.
        """
        assert self._processes.is_first
        base = data.pool_version
        accepted = pool.read(base, accepted_only=True) if base > EMPTY_VERSION else []
        candidates = [candidate for group in written.groups for candidate in group]
        knows = self._observe(written, data)
        if not candidates:
            return Committed({}, None, base, len(accepted), knows)
        rules = self._settings.selection
        decisions = select(candidates, rules, accepted, self._contamination)
        drafts = [d for d in decisions if d.candidate.origin != REPAIR]
        repairs = [d for d in decisions if d.candidate.origin == REPAIR]
        version = pool.commit([self._sample(d, data.round, step) for d in decisions], base)
        size = len(accepted) + sum(decision.accepted for decision in decisions)
        numbers = (written.num_without_room, written.num_steps)
        repair_counts = count_repairs(drafts, repairs, *numbers) if written.is_repaired else None
        benchmarks = None if self._contamination is None else count_benchmarks(decisions)
        return Committed(count(drafts), repair_counts, version, size, knows, benchmarks)

    def _sample(self, decision: Decision, round: int, step: int) -> Sample:
        """The pool's row; repairs are not drawn."""
        is_repair = decision.candidate.origin == REPAIR
        sampling = SamplingOptions() if is_repair else self._settings.sampling
        return to_sample(decision, sampling, round, step)

    def _fitting_problems(self, data: CodeDataModule) -> list[Problem]:
        """The round's fresh problems whose prompts fit the context."""
        problems = self._drawn(data)
        if isinstance(self._settings.solver, ModelSolver):
            problems = tuple(without_reference(problem) for problem in problems)
        fits = data.rows.fits
        fitting = [p for p in problems if fits(prompt_of(p, data.tokenizer, ""))]
        if len(fitting) < len(problems):
            logger.warning(
                "round %d: %d prompts are empty or longer than data.max_sequence_length and left "
                "out",
                data.round,
                len(problems) - len(fitting),
            )
        return fitting

    def _drawn(self, data: CodeDataModule) -> tuple[Problem, ...]:
        """The round's problems; the first process decides which."""
        number, curriculum = self._settings.num_problems, self._settings.curriculum
        if curriculum is None:
            return data.problems.fresh(data.round, number)
        problems = data.problems
        finite = tuple(problem.task_id for problem in problems.unlabelled)
        offer = Offer(problems.cells, finite, problems.most_own(number))
        plan = self._processes.from_first(curriculum.plan(offer, number, data.round, data.seed))
        return problems.planned(data.round, plan)

    def _observe(self, written: Written, data: CodeDataModule) -> dict[str, Any] | None:
        """Tell the curriculum what became of the drafts; what it knows then."""
        curriculum = self._settings.curriculum
        if curriculum is None:
            return None
        finite = {problem.task_id for problem in data.problems.unlabelled}
        curriculum.observe(
            data.round, attempts_of(written.groups, self._settings.selection.gate, finite)
        )
        return curriculum.summary()


def attempts_of(
    groups: Sequence[Sequence[Candidate]], gate: Gate, finite: Set[str]
) -> list[Attempts]:
    """How often each problem was solved, repairs left out.

    Args:
        groups: verified candidates by problem.
        gate: says what is solved.
        finite: task ids of problems that come again.
    """
    found = []
    for group in groups:
        drafts = [candidate for candidate in group if candidate.origin != REPAIR]
        if drafts:
            problem = drafts[0].problem
            cell = (problem.source, problem.difficulty)
            passed = sum(map(gate.admits, drafts))
            is_finite = problem.task_id in finite
            found.append(Attempts(problem.task_id, cell, len(drafts), passed, is_finite))
    return found


def open_contamination() -> Decontaminator:
    """What finds benchmarks in samples; for the process that selects.

    Raises:
        ValueError: a benchmark's file is damaged.
    """
    return Decontaminator.of_this_machine()


def open_pool(path: Path, run_id: str, version: int) -> str:
    """Prove that a run's pool is there, or make that of a new run; return the run's id.

    Raises:
        ValueError: the pool does not fit the checkpoint, or holds another run's samples.
    """
    if run_id:
        return SamplePool.open(path, run_id, version).run_id
    return SamplePool.create(path, uuid.uuid4().hex).run_id


def share_of_sandbox(
    options: SandboxOptions, processes: Processes, num_nodes: int
) -> SandboxOptions:
    """The section's options; where they leave the workers open, processes share their cores."""
    if options.workers is not None or processes.count == 1:
        return options
    num_here = max(1, processes.count // num_nodes)
    workers = max(1, len(os.sched_getaffinity(0)) // num_here)
    return dataclasses.replace(options, workers=workers)


def refuse_other_tokenizers(tokenizer: CodeTokenizer, processes: Processes) -> None:
    """Raise where this process made another tokenizer than the first one.

    Raises:
        ValueError: naming the option.
    """
    if processes.from_first(tokenizer.fingerprint) != tokenizer.fingerprint:
        raise ValueError(
            "data.tokenizer: the processes of this run made different tokenizers; train one by "
            "python main.py tokenizer and name its file"
        )


def validation_loss(metrics: Mapping[str, torch.Tensor]) -> float | None:
    """The loss on real solutions; on the corpus where there are none."""
    for name in ("validation/loss", "validation/corpus_loss"):
        if name in metrics:
            return float(metrics[name])
    return None


@contextmanager
def _memory_named(batch_size: int) -> Iterator[None]:
    """Where the device's memory does not do for generating, say which option is about it."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ValueError(
            f"the device's memory does not do for generating {batch_size} rows at the same time; "
            f"set recursion.generation_batch_size to {max(1, batch_size // 2)}"
        ) from error
