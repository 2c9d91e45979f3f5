"""Options that an objective over rewards or pairs needs, refused in one sentence each."""

from __future__ import annotations

from typing import Any

import pytest
from jsonargparse import Namespace

from lit_coder.cli.objective_options import learns_from, refuse_unfit_objective

POLICY = {"class_path": "lit_coder.objectives.policy_gradient.PolicyGradient"}
VALUES = {"class_path": "lit_coder.recursion.advantages.ValueAdvantages"}
GROUPS = {"class_path": "lit_coder.recursion.advantages.GroupAdvantages"}
HALTING = {
    "class_path": "lit_coder.objectives.canvas_policy.CanvasPolicy",
    "init_args": {"halting": "value"},
}


def config(
    objective: Any = POLICY,
    value_head: str = "none",
    share: float = 0.3,
    passes: int = 1,
    **recursion: Any,
) -> Namespace:
    usual = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_groups": 0}
    usual |= dict.fromkeys(("solver", "reward", "advantages", "repairer"))
    return Namespace(
        model=Namespace(init_args=Namespace(objective=objective, value_head=value_head)),
        data=Namespace(labelled_share=share, rollout_passes=passes),
        recursion=Namespace(**(usual | recursion)),
    )


def test_the_objective_says_what_is_learned_from() -> None:
    preference = "lit_coder.objectives.preference.Preference"
    found = [learns_from(each) for each in (None, POLICY, {"class_path": preference})]
    assert found == ["accepted", "rollouts", "pairs"]


def test_what_fits_is_let_pass() -> None:
    refuse_unfit_objective(config(min_groups=8, passes=2))
    refuse_unfit_objective(config(HALTING))
    refuse_unfit_objective(config(None, temperature=0.8, repairer="last"))
    refuse_unfit_objective(config(value_head="shared", advantages=VALUES))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"temperature": 0.8}, "recursion.temperature must be 1.0 with the objective"),
        ({"top_p": 0.9}, "recursion.top_p must be 1.0 with the objective"),
        ({"share": 1.0}, "data.labelled_share is 1"),
        ({"advantages": VALUES}, "set model.init_args.value_head to detached or shared"),
        ({"value_head": "shared"}, "model.init_args.value_head is for the objective"),
        ({"objective": None, "advantages": VALUES}, "recursion.advantages is for the objective"),
        ({"repairer": "last"}, "recursion.repairer must be left out with the objective PolicyGrad"),
        ({"objective": None, "min_groups": 8}, r"recursion.min_groups \(8\) is for the objective"),
        ({"objective": None, "passes": 2}, r"data.rollout_passes \(2\) is for the objective"),
        ({"objective": HALTING, "advantages": GROUPS}, "recursion.advantages must be left out"),
        ({"objective": POLICY | {"init_args": {"value_clip": 0.2}}}, r"value_clip \(0.2\) is for"),
        (
            {"objective": POLICY | {"init_args": {"clip_low": 2.0}}},
            "model.init_args.objective: clip_low must be from 0 to 1, not 2.0",
        ),
        (
            {"advantages": VALUES | {"init_args": {"discount": 2.0}}},
            "recursion.advantages: discount must be from 0 to 1",
        ),
    ],
)
def test_what_does_not_fit_is_named(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        refuse_unfit_objective(config(**changed))
