"""The problems of a run: labelled, unlabelled, validation and held-out, apart by behaviour.

    problems = ProblemSet.build(ProblemOptions(families=("arithmetic",)), seed=0)
    problems.labelled                 # with solutions: trained on
    problems.fresh(round=3, count=800)  # tests but no solutions: the loop's own problems
    problems.planned(3, plan)         # the same, as many of each difficulty as a plan says
    problems.held_out                 # measured on, never trained on

What the model may learn from never behaves like what it is measured on: every draw leaves out
the held-out and validation behaviours. Tokenizing and batching happen elsewhere.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.family import ProblemFamily
from lit_coder.problems.problem import Problem
from lit_coder.problems.registry import problem_family
from lit_coder.problems.sampling import (
    Shortage,
    SplitPlan,
    derived_random,
    fresh_problems,
    split_problems,
)
from lit_coder.training_data.problem_guard import without_benchmarks
from lit_coder.training_data.problem_plan import Cell, ProblemPlan, cells_of, draw_planned
from lit_coder.training_data.problem_sources import problem_source

logger = logging.getLogger("lit_coder.training_data")


@dataclass(frozen=True, slots=True)
class ProblemOptions:
    """Which problems a run uses; the fields are those of `CodeDataModule`."""

    families: tuple[str, ...]
    difficulties: tuple[int, ...]
    num_labelled: int
    held_out_difficulties: tuple[int, ...]
    num_held_out: int
    num_validation: int
    problem_files: tuple[str, ...] = ()
    held_out_files: tuple[str, ...] = ()
    held_out_families: tuple[str, ...] = ()
    decontaminate: bool = False


@dataclass(frozen=True, slots=True)
class ProblemSet:
    """Every problem of a run; see the module's docstring."""

    options: ProblemOptions
    seed: int
    families: tuple[ProblemFamily, ...]
    labelled: tuple[Problem, ...]
    unlabelled: tuple[Problem, ...]
    validation: tuple[Problem, ...]
    held_out: tuple[Problem, ...]
    shortages: tuple[Shortage, ...]
    excluded_behaviours: frozenset[str]
    untried: tuple[Problem, ...] = ()
    """Labelled problems of files and datasets, whose references nobody has run yet."""

    @classmethod
    def build(
        cls, options: ProblemOptions, seed: int, of_datasets: Sequence[Problem] = ()
    ) -> ProblemSet:
        """Draw the splits and read the user's files.

        Args:
            options: which problems.
            seed: of the run.
            of_datasets: more to learn from: those with a reference are labelled, and all of them
                are there for the loop to solve. What a file names as they do is the file's.

        Raises:
            ValueError: an unknown family or difficulty, or a file that is missing or damaged.
        """
        families = tuple(problem_family(name) for name in options.families)
        plan = SplitPlan(
            num_labelled=options.num_labelled,
            labelled_difficulties=options.difficulties,
            num_held_out=options.num_held_out,
            held_out_difficulties=options.held_out_difficulties,
            num_validation=options.num_validation,
            validation_difficulties=options.difficulties,
        )
        others = tuple(problem_family(name) for name in options.held_out_families)
        splits = split_problems(families, plan, seed, others) if families else None
        own_held_out = _read_files("held_out_files", options.held_out_files)
        own_behaviours = frozenset(map(behaviour, own_held_out))
        # The user's own problems come first: what behaves like them is measured only once.
        held_out = own_held_out + (_without(splits.held_out, own_behaviours) if splits else ())
        validation = _without(splits.validation, own_behaviours) if splits else ()
        measured = frozenset(map(behaviour, held_out + validation))
        own = _apart(_read_files("problem_files", options.problem_files), measured)
        own = without_benchmarks(own) if options.decontaminate else own
        taken = {problem.task_id for problem in own}
        more = _without([p for p in of_datasets if p.task_id not in taken], measured)
        untried = tuple(problem for problem in (*own, *more) if problem.reference is not None)
        labelled = (splits.labelled if splits else ()) + untried
        labelled = _without(labelled, measured)
        return cls(
            options=options,
            seed=seed,
            families=families,
            labelled=labelled,
            unlabelled=tuple(p for p in own if p.reference is None) + more,
            validation=validation,
            held_out=held_out,
            shortages=splits.shortages if splits else (),
            excluded_behaviours=measured | frozenset(map(behaviour, labelled)),
            untried=untried,
        )

    def without_labelled(self, task_ids: Set[str]) -> ProblemSet:
        """The same problems, less those whose reference turned out to fail their tests."""
        labelled, unlabelled = (
            tuple(problem for problem in problems if problem.task_id not in task_ids)
            for problems in (self.labelled, self.unlabelled)
        )
        return replace(self, labelled=labelled, unlabelled=unlabelled, untried=())

    def fresh(self, round: int, count: int) -> tuple[Problem, ...]:
        """A round's problems to solve: files' and datasets' first, at most half of them.

        They come with their reference where one is known; hand a learner
        `without_reference(problem)`.
        """
        random = derived_random(self.seed, "own problems", round)
        own = random.sample(self.unlabelled, self.most_own(count))
        if not self.families:
            return tuple(own)
        made = fresh_problems(
            self.families,
            round_index=round,
            count=count - len(own),
            seed=self.seed,
            difficulties=self.options.difficulties,
            excluded=self.excluded_behaviours,
        )
        return (*own, *made.problems)

    def texts(self) -> list[str]:
        """What a tokenizer may learn from: no solution of a problem that the loop is to solve."""
        texts = [problem.program(problem.reference or "") for problem in self.labelled]
        texts += [problem.draft for problem in self.labelled if problem.draft]
        # Prompts of fresh problems name every operation; their solutions stay unseen.
        return [*texts, *(problem.prompt for problem in self.fresh(round=-1, count=200))]

    def most_own(self, count: int) -> int:
        """How many of a round's problems are unlabelled ones of the user's files, at most."""
        return min(len(self.unlabelled), count if not self.families else count // 2)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The families with their difficulties that `fresh` draws from."""
        return cells_of(self.families, self.options.difficulties)

    def planned(self, round: int, plan: ProblemPlan) -> tuple[Problem, ...]:
        """A round's problems as `fresh` gives them, as many of each kind as the plan says."""
        own = {problem.task_id: problem for problem in self.unlabelled}
        made = draw_planned(self.families, plan, round, self.seed, self.excluded_behaviours)
        return (*(own[task_id] for task_id in plan.task_ids), *made)


def _without(problems: Sequence[Problem], behaviours: frozenset[str]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if behaviour(problem) not in behaviours)


def _apart(own: Sequence[Problem], measured: frozenset[str]) -> tuple[Problem, ...]:
    """What of the user's problems is not measured on; it is said what is left out."""
    kept = _without(own, measured)
    if len(kept) < len(own):
        logger.warning(
            "data.problem_files: %d of %d problems ask for the same as held-out or validation ones "
            "and are left out",
            len(own) - len(kept),
            len(own),
        )
    return kept


def _read_files(option: str, names: Sequence[str]) -> tuple[Problem, ...]:
    """The problems of all files; verdicts go by `task_id`, so no two may share one."""
    problems: dict[str, Problem] = {}
    for name in names:
        for problem in problem_source(option, name).problems():
            if problem.task_id in problems:
                raise ValueError(
                    f"data.{option}: the task_id {problem.task_id!r} in {name} is taken by a "
                    "problem of a file before it; give every problem its own"
                )
            problems[problem.task_id] = problem
    return tuple(problems.values())
