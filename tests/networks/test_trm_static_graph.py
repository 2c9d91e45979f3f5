"""A supervision step of training is one static graph, as XLA wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor

from lit_coder.networks.trm import TRM
from lit_coder.networks.trm_halting import Carry, initial_carry, supervision_step
from lit_coder.networks.trm_refinement import begin_refinement, refine
from lit_coder.objectives.deep_supervision import DeepSupervision
from tests.networks.static_graph import NotStatic, StaticGraph
from tests.networks.tiny_trm import some_batch, some_ids, tiny_trm

SHAPES = {
    "attention": {"num_puzzle_ids": 3, "num_gradient_cycles": 2},
    "mlp_bits": {"mixer": "mlp", "binary_threshold": 0.5, "compute_dtype": "bfloat16"},
    "learned": {"position_encoding": "learned", "num_registers": 0},
}


def training_step(network: TRM, carry: Carry, batch: Mapping[str, Tensor]) -> tuple[Carry, Tensor]:
    """All of a step but the optimizer's: carry, exploration, both losses of both kinds."""
    step = supervision_step(network, carry, batch, max_steps=4, exploration_probability=0.5)
    labels_BT = step.carry.data["labels_BT"]
    weights_BT = torch.where(labels_BT == 1, 0.1, 1.0)
    total = torch.zeros((), device=labels_BT.device)
    for objective in (DeepSupervision("stablemax"), DeepSupervision("softmax")):
        total = total + objective(step.logits_BLV, step.halt_B, labels_BT, weights_BT).total
    return step.carry, total


@pytest.mark.parametrize("shape", SHAPES)
def test_a_training_step_compiles_as_one_graph_and_computes_the_same(shape: str) -> None:
    network = tiny_trm(**SHAPES[shape])
    batches = [some_batch(seed) for seed in range(3)]
    compiled = torch.compile(training_step, fullgraph=True, dynamic=False, backend="eager")
    totals: dict[Callable[..., object], list[float]] = {}
    for run in (training_step, compiled):
        carry = initial_carry(network, batches[0])
        totals[run] = []
        torch.manual_seed(0)
        for batch in batches:
            carry, total = run(network, carry, batch)
            network.zero_grad()
            total.backward()
            totals[run].append(total.item())
    assert totals[compiled] == pytest.approx(totals[training_step], rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_training_step_looks_at_no_value(shape: str) -> None:
    network = tiny_trm(**SHAPES[shape])
    batch = some_batch()
    with StaticGraph() as graph:
        carry = initial_carry(network, batch)
        for _ in range(2):
            carry, total = training_step(network, carry, batch)
            total.backward()
    assert {"rand_like", "mm", "mul"} <= graph.names


def test_refining_looks_at_no_value() -> None:
    network = tiny_trm()
    with StaticGraph():
        refinement = begin_refinement(network, some_ids())
        refinement = refine(network, refinement, some_ids())
        refine(network, refinement, some_ids(), is_adaptive=False)
    assert refinement.decisions_B.dtype == torch.int32


@pytest.mark.parametrize(
    "act",
    [
        lambda x: x.sum().item(),
        lambda x: 1 if x.sum() > 0 else 2,
        lambda x: x[x > 0],
        lambda x: x.masked_fill_(x > 0, 1.0).nonzero(),
        lambda x: x.unique(),
        lambda x: torch.masked_select(x, x > 0),
        lambda x: x.double(),
        lambda x: x.index_put_((x > 0,), x.new_zeros(())),
    ],
)
def test_what_is_not_static_is_noticed(act: Callable[[Tensor], object]) -> None:
    with pytest.raises(NotStatic), StaticGraph():
        act(torch.randn(3))
