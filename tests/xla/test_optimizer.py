"""A step of the optimizer is the same graph however many came before."""

from __future__ import annotations

import torch
from torch import nn

from lit_coder.modules.optimizers import OptimizerOptions, make_optimizer
from tests.xla.recorder import xla_counts
from tests.xla.tiny_runs import NEEDS_XLA

pytestmark = NEEDS_XLA


def test_late_steps_are_not_compiled_anew() -> None:
    import torch_xla

    weight = nn.Parameter(torch.ones(2, 3).to(torch_xla.device()))
    options = OptimizerOptions("adamw", 0.001, 0.001, 0.1)
    optimizer = make_optimizer(options, [("weight", weight)], {"weight": "matrix"})
    compiled = []
    # 1 - 0.9 ** 400 and 1 - 0.95 ** 800 are 1 on the host.
    for first in (1, 10, 400, 800):
        state = optimizer.state_dict()
        for each in state["state"].values():
            each["step"] = torch.tensor(float(first))
        optimizer.load_state_dict(state)
        for _ in range(2):
            (weight * weight).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
            torch_xla.sync()
        compiled.append(xla_counts()[0])
    assert compiled[1:] == compiled[1:2] * 3
