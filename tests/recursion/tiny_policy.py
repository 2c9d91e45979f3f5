"""A whole small run that learns from rewards: rollouts, advantages, policy steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from lit_coder.modules.gpt_module import GPTModule
from lit_coder.objectives.policy_gradient import PolicyGradient
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.recursion.rewards import Reward
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.sample import Candidate
from tests.recursion.tiny_run import fit, make_data, make_module, make_recursion


class EvenTokens(Reward):
    """The share of even token ids: an untrained model has some, and can have more at once."""

    def of_ended(self, candidate: Candidate) -> float:
        return sum(each % 2 == 0 for each in candidate.token_ids) / max(1, len(candidate.token_ids))

    def __call__(self, candidate: Candidate) -> float | None:
        return self.of_ended(candidate)


def policy_data(steps_per_round: int = 2, **changes: Any) -> CodeDataModule:
    data = make_data(steps_per_round)
    changed = make_data(steps_per_round, **({"learns_from": "rollouts"} | changes))
    changed.__dict__["problems"] = data.problems
    changed.__dict__["tokenizer"] = data.tokenizer
    return changed


def policy_module(data: CodeDataModule, **changes: Any) -> GPTModule:
    return make_module(data, **({"objective": PolicyGradient()} | changes))


def policy_recursion(**changes: Any) -> RecursiveGenerationCallback:
    """Rounds of two steps in which an untrained model writes for four problems, four times."""
    options: dict[str, Any] = {
        "num_samples": 4,
        "temperature": 1.0,
        "solver": None,
        "reward": EvenTokens(),
        "max_new_tokens": 20,
    }
    return make_recursion(**(options | changes))


def policy_fit(folder: Path, *callbacks: pl.Callback, **options: Any) -> pl.Trainer:
    data = options.pop("data", None) or policy_data()
    module = options.pop("module", None) or policy_module(data)
    recursion = options.pop("recursion", None) or policy_recursion()
    return fit(folder, *callbacks, recursion=recursion, data=data, module=module, **options)
