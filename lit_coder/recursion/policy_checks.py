"""Whether model, data and rounds fit an objective that learns from rewards or from pairs.

    require_fitting_policy(objective, facts)       # ValueError in one sentence

Ranges of single options stand in the classes that own them.
"""

from __future__ import annotations

from typing import NamedTuple

from lit_coder.modules.policy_learning import Objective
from lit_coder.objectives.canvas_policy import CanvasPolicy
from lit_coder.objectives.policy_gradient import PolicyGradient


class PolicyFacts(NamedTuple):
    """What an objective must fit; named as the options are."""

    learns_from: str
    labelled_share: float
    temperature: float
    top_k: int
    top_p: float
    has_solver: bool
    wants_values: bool
    has_value_head: bool
    has_repairer: bool


def require_fitting_policy(objective: Objective | CanvasPolicy | None, facts: PolicyFacts) -> None:
    """Raise where an objective could not learn from what the rounds give it.

    Raises:
        ValueError: naming the option.
    """
    is_policy = isinstance(objective, PolicyGradient | CanvasPolicy)
    wanted = "accepted" if objective is None else "rollouts" if is_policy else "pairs"
    if facts.learns_from != wanted:
        raise ValueError(
            f"data.learns_from must be {wanted} with this model.init_args.objective, not "
            f"{facts.learns_from}"
        )
    if objective is not None and facts.labelled_share == 1:
        raise ValueError(
            "data.labelled_share is 1, which leaves no row for what model.init_args.objective "
            "learns from; set it below 1"
        )
    if is_policy and facts.has_repairer:
        raise ValueError(
            "recursion.repairer must be left out with the objective "
            f"{type(objective).__name__}: it learns from what the model itself wrote, and would "
            "learn nothing from repairs"
        )
    if isinstance(objective, CanvasPolicy):
        _require_noisy_starts(objective, facts)
    if facts.wants_values and not facts.has_value_head:
        raise ValueError(
            "recursion.advantages ValueAdvantages compares with what a value head foretold; set "
            "model.init_args.value_head to detached or shared, or leave recursion.advantages out"
        )
    if facts.has_value_head and not (is_policy and facts.wants_values):
        raise ValueError(
            "model.init_args.value_head is for the objective PolicyGradient with "
            "recursion.advantages ValueAdvantages; leave it out"
        )
    if isinstance(objective, PolicyGradient):
        if objective.value_clip is not None and not facts.has_value_head:
            raise ValueError(
                f"model.init_args.objective: value_clip ({objective.value_clip}) is for a value "
                "head; set model.init_args.value_head, or leave it out"
            )
        _require_whole_distribution(objective, facts)


def _require_noisy_starts(objective: CanvasPolicy, facts: PolicyFacts) -> None:
    """What tells the candidates of a problem apart is the noise of their starts."""
    if not facts.temperature > 0 or facts.temperature != objective.start_noise:
        raise ValueError(
            "recursion.temperature must be above 0 and start_noise "
            f"({objective.start_noise}) of model.init_args.objective, not {facts.temperature}: it "
            "is the noise that canvases are written from"
        )
    if facts.wants_values:
        raise ValueError(
            "recursion.advantages ValueAdvantages needs a value head, which a TRMModule has in its "
            "halting head: set halting of model.init_args.objective to value and leave it out"
        )
    if facts.has_solver:
        raise ValueError(
            "recursion.solver must be left out with the objective CanvasPolicy: it learns from "
            "what the model itself wrote"
        )


def _require_whole_distribution(objective: PolicyGradient, facts: PolicyFacts) -> None:
    """A policy gradient is that of the distribution that was sampled from."""
    for name, value, needed in (
        ("temperature", facts.temperature, 1.0),
        ("top_k", facts.top_k, 0),
        ("top_p", facts.top_p, 1.0),
    ):
        if value != needed:
            raise ValueError(
                f"recursion.{name} must be {needed} with the objective PolicyGradient, not "
                f"{value}: it learns from the probabilities that programs were drawn with"
            )
    if objective.temperature != 1:
        raise ValueError(
            "model.init_args.objective: temperature must be 1, as recursion.temperature must, not "
            f"{objective.temperature}"
        )
    if facts.has_solver:
        raise ValueError(
            "recursion.solver must be left out with the objective PolicyGradient: it learns from "
            "what the model itself wrote"
        )
