"""A round's own work, shared by the processes of a run: measure, draw, verify, commit.

    work = RoundWork(settings, verifier, processes)
    score = work.measure(module, data)                  # the same for every process
    written = work.gathered(work.verified(drafts))      # whole in the first process only
    committed = work.commit(pool, written, data, step)

Each process takes every n-th problem, generates with its own copy of the weights and verifies in
its own sandbox; the parts come together in the order of the problems, so that the result is what
one process makes. What is generated and when is `round_writing`'s business; when a round is due
and what becomes of it is the callback's.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from lit_coder.generation.contract import SamplingOptions
from lit_coder.modules.code_module import CodeModule
from lit_coder.problems.family import without_reference
from lit_coder.problems.problem import Problem
from lit_coder.recursion.advantages import RolloutCounts
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
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.pool import EMPTY_VERSION, SamplePool
from lit_coder.training_data.problem_rows import prompt_of
from lit_coder.training_data.sample import Candidate, Sample
from lit_coder.verification.verifier import Attempt, Verifier

logger = logging.getLogger("lit_coder.recursion")

_ROUNDS = 10**6
"""More than a run has: further draws of a round have streams of their own behind them."""


class Written(NamedTuple):
    """What was written in a round, with verdicts: by one process, or by all of them."""

    groups: list[list[Candidate]]
    """By problem; repairs stand behind the drafts."""

    is_repaired: bool = False
    num_without_room: int = 0
    num_steps: int = 0
    num_hinted: int = 0
    num_search_executions: int = 0
    num_further: int = 0
    """Problems that were drawn because too few of a round's had something to tell."""

    @property
    def repairer_numbers(self) -> tuple[int, int, int, int]:
        """What its repairs took; see `RepairCounts`."""
        return (
            self.num_without_room,
            self.num_steps,
            self.num_hinted,
            self.num_search_executions,
        )


@dataclass(frozen=True, slots=True)
class Committed:
    """What a round added to the pool: counts, its version, its accepted samples."""

    counts: dict[int, FilterCounts]
    repairs: RepairCounts | None
    pool_version: int
    pool_size: int
    curriculum: dict[str, Any] | None = None
    contaminated: dict[str, int] | None = None
    rollouts: RolloutCounts | None = None

    def for_record(self) -> dict[str, Any]:
        """What stands in the round's record under the same names."""
        names = [field.name for field in dataclasses.fields(self) if field.name != "rollouts"]
        return {name: getattr(self, name) for name in names}


class RoundWork:
    """Does the work of rounds; see the module's text."""

    def __init__(
        self,
        settings: RoundSettings,
        verifier: Verifier,
        processes: Processes,
        contamination: Contamination | None = None,
    ) -> None:
        self.settings = settings
        self.contamination = contamination
        self._verifier = verifier
        self.processes = processes

    def measure(self, module: CodeModule, data: CodeDataModule) -> HeldOutScore | None:
        """The held-out score of the current weights; None where there are no problems."""
        with memory_named(self.settings.held_out.batch_size):
            return measure(
                data.problems.held_out,
                module.generator(),
                data.tokenizer,
                self._verifier,
                self.settings.held_out,
                data.seed,
                data.rows.fits,
                processes=self.processes,
            )

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
                        num_steps=draft.num_steps,
                    )
                    for draft in group
                ]
                for group in drafts
            ]
        )

    def with_repairs(self, written: Written, repairer: Repairer) -> Written:
        """This process's drafts and, where none of a problem's was let in, verified repairs."""
        settings = self.settings
        batch_size = settings.sampling.batch_size
        with memory_named(batch_size):
            repaired = repairer.repair(
                written.groups, settings.selection.gate, settings.repairs_per_problem, batch_size
            )
        repairs = self.verified(repaired.drafts).groups
        groups = [[*ours, *its] for ours, its in zip(written.groups, repairs, strict=True)]
        return Written(groups, True, *repaired[1:], written.num_further)

    def gathered(self, written: Written) -> Written:
        """What all processes wrote, for the first one; for the others the numbers alone."""
        groups = self.processes.interleaved(written.groups)
        numbers = self.processes.sums(written.repairer_numbers)
        without_room, steps, hinted, executions = map(int, numbers)
        return written._replace(
            groups=groups or [],
            num_without_room=without_room,
            num_steps=steps,
            num_hinted=hinted,
            num_search_executions=executions,
        )

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
        assert self.processes.is_first
        base = data.pool_version
        accepted = pool.read_known(base) if base > EMPTY_VERSION else []
        candidates = [candidate for group in written.groups for candidate in group]
        knows = self._observe(written, data)
        if not candidates:
            return Committed({}, None, base, len(accepted), knows)
        rules = self.settings.selection
        learns_all = data.learns_from != "accepted"
        decisions = select(candidates, rules, accepted, self.contamination, learns_all)
        drafts = [d for d in decisions if d.candidate.origin != REPAIR]
        repairs = [d for d in decisions if d.candidate.origin == REPAIR]
        samples, rollouts = [self._sample(d, data.round, step) for d in decisions], None
        if data.learns_from == "rollouts":
            samples, rollouts = self.settings.learning.weighed(samples, candidates)
            rollouts = dataclasses.replace(rollouts, further_problems=written.num_further)
        version = pool.commit(samples, base)
        size = len(accepted) + sum(decision.accepted for decision in decisions)
        numbers = written.repairer_numbers
        repair_counts = count_repairs(drafts, repairs, *numbers) if written.is_repaired else None
        benchmarks = None if self.contamination is None else count_benchmarks(decisions)
        return Committed(count(drafts), repair_counts, version, size, knows, benchmarks, rollouts)

    def _sample(self, decision: Decision, round: int, step: int) -> Sample:
        """The pool's row; repairs are not drawn."""
        is_repair = decision.candidate.origin == REPAIR
        sampling = SamplingOptions() if is_repair else self.settings.sampling
        return to_sample(decision, sampling, round, step)

    def problems(
        self, data: CodeDataModule, count: int | None = None, draw: int = 0
    ) -> list[Problem]:
        """The round's fresh problems whose prompts fit the context.

        Args:
            data: of the round.
            count: how many to draw; None = as many as the settings say.
            draw: number of the draw within the round.
        """
        count = self.settings.num_problems if count is None else count
        problems = self._drawn(data, count, data.round + draw * _ROUNDS)
        if isinstance(self.settings.solver, ModelSolver):
            problems = tuple(without_reference(problem) for problem in problems)
        fits = data.rows.fits
        fitting = [p for p in problems if fits(prompt_of(p, data.tokenizer, ""))]
        if len(fitting) < len(problems):
            logger.warning(
                "round %d: %d prompts are empty or have no room in data.max_sequence_length (a "
                "TRM's canvas included) and are left out",
                data.round,
                len(problems) - len(fitting),
            )
        return fitting

    def _drawn(self, data: CodeDataModule, number: int, stream: int) -> tuple[Problem, ...]:
        """Some problems; the first process decides which."""
        curriculum = self.settings.curriculum
        if curriculum is None:
            return data.problems.fresh(stream, number)
        problems = data.problems
        finite = tuple(problem.task_id for problem in problems.unlabelled)
        offer = Offer(problems.cells, finite, problems.most_own(number))
        plan = self.processes.from_first(curriculum.plan(offer, number, data.round, data.seed))
        return problems.planned(stream, plan)

    def _observe(self, written: Written, data: CodeDataModule) -> dict[str, Any] | None:
        """Tell the curriculum what became of the drafts; what it knows then."""
        curriculum = self.settings.curriculum
        if curriculum is None:
            return None
        finite = {problem.task_id for problem in data.problems.unlabelled}
        curriculum.observe(
            data.round, attempts_of(written.groups, self.settings.selection.gate, finite)
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


def validated(metrics: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """What a round's record says of validation.

    The loss on real solutions, on the corpus where there are none; of a TRM, the share of exact
    answers to the same problems after each supervision step.
    """
    losses = [
        float(metrics[name])
        for name in ("validation/loss", "validation/corpus_loss")
        if name in metrics
    ]
    beginning = "validation/exact_at_step_"
    exact_at_step = {
        int(name.removeprefix(beginning)): float(share)
        for name, share in metrics.items()
        if name.startswith(beginning)
    }
    return {"validation_loss": losses[0] if losses else None, "exact_at_step": exact_at_step}


@contextmanager
def memory_named(batch_size: int) -> Iterator[None]:
    """Where the device's memory does not do for generating, say which option is about it.

    Raises:
        ValueError: it does not.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise ValueError(
            f"the device's memory does not do for generating {batch_size} rows at the same time; "
            f"set recursion.generation_batch_size to {max(1, batch_size // 2)}"
        ) from error
