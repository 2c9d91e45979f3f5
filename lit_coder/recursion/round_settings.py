"""What a round does, as the options of the section `recursion` say it.

    settings = round_settings(locals())          # in the constructor that has the options

Options that are out of their range are refused here; when a round is due is not of these.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from lit_coder.generation.contract import SamplingOptions
from lit_coder.modules.code_module import CodeModule
from lit_coder.modules.policy_learning import Objective
from lit_coder.objectives.canvas_policy import CanvasPolicy
from lit_coder.recursion.advantages import GroupAdvantages, RolloutLearning
from lit_coder.recursion.curriculum import Curriculum
from lit_coder.recursion.gates import VisibleTests
from lit_coder.recursion.held_out import HeldOutOptions
from lit_coder.recursion.option_checks import require_ranges, sampling_options
from lit_coder.recursion.policy_checks import PolicyFacts
from lit_coder.recursion.rewards import AllVisibleTests
from lit_coder.recursion.selection import SelectionRules
from lit_coder.recursion.solvers import ModelSolver, Solver
from lit_coder.training_data.data_module import CodeDataModule


class TopUp(NamedTuple):
    """When a round draws further problems for a policy to learn from."""

    min_groups: int
    """Problems whose completions earned differently; with fewer of them it does."""

    max_extra_problems: int


@dataclass(frozen=True, slots=True)
class RoundSettings:
    """The options of the section `recursion` that say what a round does."""

    num_problems: int
    sampling: SamplingOptions
    held_out: HeldOutOptions
    solver: Solver
    selection: SelectionRules
    has_repairer: bool
    repairs_per_problem: int
    repairer_sees_suspects: bool
    learning: RolloutLearning
    top_up: TopUp
    curriculum: Curriculum | None = None


def round_settings(options: Mapping[str, Any]) -> RoundSettings:
    """The settings that the section's options say.

    Args:
        options: the parameters of `RecursiveGenerationCallback` by name; others are not looked at.

    Raises:
        ValueError: an option is out of its range.
    """
    require_ranges(options)
    sampling = sampling_options(
        options["num_samples"],
        options["max_new_tokens"],
        options["temperature"],
        options["top_k"],
        options["top_p"],
        options["generation_batch_size"],
    )
    held_out = HeldOutOptions(
        options["held_out_samples"],
        options["temperature"] or 0.8,
        options["max_new_tokens"],
        options["generation_batch_size"],
    )
    return RoundSettings(
        num_problems=options["num_problems"],
        sampling=sampling,
        held_out=held_out,
        solver=options["solver"] or ModelSolver(),
        selection=SelectionRules(
            options["gate"] or VisibleTests(),
            max_kept_per_problem=options["max_kept_per_problem"],
            min_quality=options["min_quality"],
            max_kept_per_family=options["max_kept_per_family"],
            max_kept_per_kind=options["max_kept_per_kind"],
            near_duplicates=options["near_duplicates"],
        ),
        has_repairer=options["repairer"] is not None,
        repairs_per_problem=options["repairs_per_problem"],
        repairer_sees_suspects=options["repairer_sees_suspects"],
        curriculum=options["curriculum"],
        learning=RolloutLearning(
            options["reward"] or AllVisibleTests(), options["advantages"] or GroupAdvantages()
        ),
        top_up=TopUp(options["min_groups"], options["max_extra_problems"]),
    )


def fitting_policy(module: CodeModule, settings: RoundSettings) -> RoundSettings:
    """The settings with what a module's objective asks of rewards."""
    objective = None if module.learning is None else module.learning.objective
    is_value = isinstance(objective, CanvasPolicy) and objective.halting == "value"
    learning = dataclasses.replace(settings.learning, keeps_all=is_value)
    return dataclasses.replace(settings, learning=learning)


def policy_facts(
    module: CodeModule, data: CodeDataModule, settings: RoundSettings
) -> tuple[Objective | CanvasPolicy | None, PolicyFacts]:
    """A module's objective, and what it must fit."""
    sampling = settings.sampling
    objective = None if module.learning is None else module.learning.objective
    return objective, PolicyFacts(
        learns_from=data.learns_from,
        labelled_share=data.labelled_share,
        temperature=sampling.temperature,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        has_solver=not isinstance(settings.solver, ModelSolver),
        wants_values=settings.learning.advantages.wants_values,
        has_value_head=getattr(module, "value_head", None) is not None,
        has_repairer=settings.has_repairer,
    )
