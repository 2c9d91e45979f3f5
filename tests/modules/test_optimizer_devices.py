"""An optimizer's state goes on on another kind of device than it was saved on."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.optim import Optimizer

from lit_coder.modules.optimizers import OptimizerOptions, make_optimizer, suit_device


def fresh() -> tuple[nn.Parameter, Optimizer]:
    weight = nn.Parameter(torch.arange(6.0).view(2, 3))
    options = OptimizerOptions("adamw", 0.1, 0.1, 0.1)
    return weight, make_optimizer(options, [("weight", weight)], {"weight": "matrix"})


def step(weight: nn.Parameter, optimizer: Optimizer) -> None:
    optimizer.zero_grad()
    weight.square().sum().backward()
    optimizer.step()


def test_a_state_of_an_xla_device_goes_on_on_a_cpu() -> None:
    weight, optimizer = fresh()
    step(weight, optimizer)
    state = copy.deepcopy(optimizer.state_dict())
    suit_device(state, "xla")
    assert state["param_groups"][0]["capturable"] and not state["param_groups"][0]["fused"]

    other_weight, other = fresh()
    other_weight.data.copy_(weight.data)
    suit_device(state, "cpu")
    other.load_state_dict(state)
    for each in ((weight, optimizer), (other_weight, other)):
        step(*each)
    assert torch.equal(weight, other_weight)
