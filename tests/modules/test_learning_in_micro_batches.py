"""In bf16-mixed an optimizer step has one gradient, however micro-batches and devices share it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from lit_coder.modules.gpt_module import GPTModule
from lit_coder.modules.policy_learning import Objective
from lit_coder.objectives.policy_gradient import PolicyGradient
from lit_coder.objectives.preference import Preference
from lit_coder.training_data.examples import Example
from lit_coder.training_data.learned_part import LearnedPart
from lit_coder.training_data.mixture import Mixture, MixturePart
from lit_coder.training_data.pairs import PairedRow, PairPart
from lit_coder.training_data.rollouts import Rollout, RolloutPart
from lit_coder.training_data.round_loader import BatchLayout, RoundLoader
from tests.training_data.parts import example_group

LAYOUTS = [[BatchLayout(4, 2)], [BatchLayout(4, 1, 2, rank) for rank in range(2)]]


def ids(seed: int, length: int) -> tuple[int, ...]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randint(3, 60, (length,), generator=generator).tolist())


def rollouts() -> RolloutPart:
    """Short and long ones: a mean over each micro-batch's tokens would be another gradient."""
    rows = []
    for number, length in enumerate((2, 14, 3, 9)):
        columns = {
            "advantages_BT": ((-1.0) ** number,) * length,
            "sampling_log_probabilities_BT": (-4.0,) * length,
            "values_BT": (0.25,) * length,
            "returns_BT": (float(number),) * length,
        }
        rows.append(Rollout(ids(number, 3 + length), 3, columns))
    return RolloutPart(rows, 1, 0.5)


def pairs() -> PairPart:
    def row(seed: int) -> PairedRow:
        return PairedRow(Example(ids(seed, 8), 3))

    return PairPart([(row(number), row(number + 9)) for number in range(2)], 0.5)


def batches(part: LearnedPart, layout: BatchLayout) -> list[dict[str, Tensor]]:
    labelled = MixturePart("labelled", (example_group([(ids(5, 6), 2), (ids(6, 13), 1)]),), 0.5)
    number = layout.num_micro_batches
    mixture = Mixture([labelled], 8, 1, 3, learned=part, num_steps=1, num_micro_batches=number)
    return list(RoundLoader(mixture, layout, 1, pad_id=0))


def gradient(module: GPTModule, of_devices: list[list[dict[str, Tensor]]]) -> Tensor:
    """The mean over devices of what accumulation leaves on each, as one row of numbers."""
    module.zero_grad()
    for of_device in of_devices:
        for batch in of_device:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = module.loss(batch)
            (loss / len(of_device) / len(of_devices)).backward()
    found = [p.grad.flatten() for p in module.parameters() if p.grad is not None]
    assert all(each.dtype == torch.float32 for each in found)
    return torch.cat(found)


@pytest.mark.parametrize("layouts", LAYOUTS)
@pytest.mark.parametrize(
    ("objective", "part", "value_head"),
    [
        (PolicyGradient(kl_coefficient=0.1, entropy_coefficient=0.01), rollouts(), "shared"),
        (Preference(), pairs(), "none"),
    ],
)
def test_micro_batches_and_devices_have_the_gradient_of_the_whole_step(
    objective: Objective, part: LearnedPart, value_head: Any, layouts: list[BatchLayout]
) -> None:
    torch.manual_seed(0)
    sizes = {"vocab_size": 64, "max_position_embeddings": 32}
    module = GPTModule(32, 1, 2, objective=objective, value_head=value_head, **sizes)
    assert module.learning is not None
    module.learning.take_reference(module.network)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    whole = gradient(module, [batches(part, BatchLayout(8))])
    shared = gradient(module, [batches(part, layout) for layout in layouts])
    assert float(whole.norm()) > 0.1
    assert float((shared - whole).norm() / whole.norm()) < 0.02
    assert module.learning.reference is not None
    trained = {id(parameter) for parameter in module.parameters()}
    frozen = list(module.learning.reference.parameters())
    assert not any(each.requires_grad or id(each) in trained for each in frozen)
