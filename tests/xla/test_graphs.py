"""Each kind of TRM is one graph a step, and computes on an XLA device what it does on a CPU."""

from __future__ import annotations

import copy

import pytest
import torch

from lit_coder.networks.trm import TRM
from lit_coder.networks.trm_halting import initial_carry
from lit_coder.networks.trm_refinement import begin_refinement, refine
from lit_coder.networks.xla_device import on_host, run_pending
from tests.networks.test_trm_static_graph import SHAPES, training_step
from tests.networks.tiny_trm import some_batch, some_ids, tiny_trm
from tests.xla.recorder import xla_counts
from tests.xla.tiny_runs import NEEDS_XLA

pytestmark = NEEDS_XLA

SHORT = {"num_hidden_layers": 1, "num_outer_cycles": 2, "num_inner_cycles": 1}


def train(network: TRM, device: torch.device) -> tuple[list[float], list[int]]:
    """Losses of four steps whose slots all halt at once, and how many graphs came with each."""
    carry, losses, compiled = None, [], []
    for seed in range(4):
        batch = {name: field.to(device) for name, field in some_batch(seed).items()}
        carry = initial_carry(network, batch) if carry is None else carry
        # Exploration draws other numbers on other devices.
        carry = carry._replace(halted_B=torch.ones(4, dtype=torch.bool).to(device))
        carry, total = training_step(network, carry, batch)
        network.zero_grad()
        total.backward()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter -= 0.01 * parameter.grad
        run_pending(device)
        losses.append(total.detach())
        compiled.append(xla_counts()[0])
    return [loss.item() for loss in losses], compiled


@pytest.mark.parametrize("shape", ["attention", "mlp_bits"])
def test_losses_are_the_cpus_and_the_graph_stays(shape: str) -> None:
    import torch_xla

    network = tiny_trm(**{**SHAPES[shape], **SHORT, "compute_dtype": "float32"})
    expected, _ = train(copy.deepcopy(network), torch.device("cpu"))
    losses, compiled = train(network.to(torch_xla.device()), torch_xla.device())
    assert losses == pytest.approx(expected, abs=1e-4)
    assert compiled[2:] == compiled[1:2] * 2
    assert xla_counts()[2] == []


def test_refining_compiles_one_step_for_all() -> None:
    import torch_xla

    network = tiny_trm(**SHAPES["mlp_bits"], **SHORT).to(torch_xla.device())
    ids_BL = some_ids().to(torch_xla.device())
    compiled = []
    refinement = begin_refinement(network, ids_BL)
    for _ in range(4):
        refinement = refine(network, refinement, ids_BL)
        compiled.append(xla_counts()[0])
    assert compiled == compiled[:1] * 4
    logits_BLV = on_host(refinement.logits_BLV)
    assert logits_BLV.device.type == "cpu" and logits_BLV.isfinite().all()
