"""What the option `model.init_args.objective` means for the other sections, and what fits it.

parser.link_arguments("model.init_args.objective", "data.learns_from", compute_fn=learns_from)
refuse_unfit_objective(config)         # before anything is built or made
"""

from __future__ import annotations

import pkgutil
from typing import Any

from lit_coder.recursion.policy_checks import PolicyFacts, require_fitting_policy
from lit_coder.training_data.pool_part import LearnsFrom

_BY_CLASS: dict[str, LearnsFrom] = {
    "PolicyGradient": "rollouts",
    "CanvasPolicy": "rollouts",
    "Preference": "pairs",
}


def learns_from(objective: Any) -> LearnsFrom:
    """What an objective is trained on, by its class; None is next-token prediction."""
    if objective is None:
        return "accepted"
    path = objective if isinstance(objective, str) else objective["class_path"]
    return _BY_CLASS.get(str(path).rpartition(".")[2], "accepted")


def refuse_unfit_objective(config: Any) -> None:
    """Raise where objective, reward or advantages are out of their range, or fit nothing else.

    Raises:
        ValueError: naming the option.
    """
    model, recursion = config.model.init_args, config.recursion
    objective = _built("model.init_args.objective", model.get("objective"))
    reward = _built("recursion.reward", recursion.reward)
    advantages = _built("recursion.advantages", recursion.advantages)
    kind = learns_from(model.get("objective"))
    for name, part in (("reward", reward), ("advantages", advantages)):
        if part is not None and kind != "rollouts":
            raise ValueError(
                f"recursion.{name} is for the objective PolicyGradient or CanvasPolicy; set "
                "model.init_args.objective, or leave it out"
            )
    if kind != "rollouts":
        _refuse_what_only_rollouts_need(config)
    facts = PolicyFacts(
        learns_from=kind,
        labelled_share=config.data.labelled_share,
        temperature=recursion.temperature,
        top_k=recursion.top_k,
        top_p=recursion.top_p,
        has_solver=recursion.solver is not None,
        wants_values=bool(getattr(advantages, "wants_values", False)),
        has_value_head=model.get("value_head", "none") != "none",
        has_repairer=recursion.repairer is not None,
    )
    require_fitting_policy(objective, facts)
    if advantages is not None and getattr(objective, "halting", None) == "value":
        raise ValueError(
            "recursion.advantages must be left out where halting of model.init_args.objective is "
            "value: what a canvas earned is compared with what the halting head foretold"
        )


def _refuse_what_only_rollouts_need(config: Any) -> None:
    """Raise where an option would be ignored without an objective over rollouts."""
    for option, value, unused in (
        ("recursion.min_groups", config.recursion.min_groups, 0),
        ("data.rollout_passes", config.data.rollout_passes, 1),
    ):
        if value != unused:
            raise ValueError(
                f"{option} ({value}) is for the objective PolicyGradient or CanvasPolicy; set "
                f"model.init_args.objective, or leave it at {unused}"
            )


def _built(option: str, given: Any) -> Any:
    """The part that an option names, made once and thrown away."""
    if given is None:
        return None
    try:
        return pkgutil.resolve_name(given["class_path"])(**dict(given.get("init_args") or {}))
    except ValueError as error:
        sentence = str(error)
        raise ValueError(sentence if option in sentence else f"{option}: {sentence}") from error
