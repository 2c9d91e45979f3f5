"""Our TRM computes what the published implementation computes.

The figures in trm_published_figures.json were computed by published_figures.py on a CPU, in
float32, with the code of github.com/SamsungSAILMontreal/TinyRecursiveModels: trm.py and layers.py
of models/ as of commit 86ab802556c4bc0569c0532502a1696e90fc1441 (attention's `view` of a transposed
tensor read as `reshape`), sparse_embedding.py of 2da731c6753f1fee7ee1fb62a78485606065c44e. The
loss is its ACTLossHead with stablemax_cross_entropy, as kept unchanged in the fork
github.com/TrelisResearch/TinyRecursiveModels at 79d5bb398af2fff6fa93e4a44a931d08433e2837, divided
by the batch size. There is no exploration; weights and batches are those of published_trm.py. Each
case is four supervision steps of training whose carry goes from one to the next; slots halt and
are refilled. Gradients are of the fixed weights.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from lit_coder.networks.trm import TRM, TRMConfig
from lit_coder.networks.trm_halting import Carry, initial_carry, supervision_step
from lit_coder.networks.trm_published import load_published, own_name
from lit_coder.objectives.deep_supervision import DeepSupervision
from tests.networks.published_trm import (
    CASES,
    MAX_STEPS,
    formula_rows,
    published_sizes,
    published_weights,
    sample,
)

FIGURES: dict[str, list[dict[str, Any]]] = json.loads(
    Path(__file__).with_name("trm_published_figures.json").read_text()
)


def formula_network(case: str) -> TRM:
    network = TRM(CASES[case])
    load_published(network, published_weights(case))
    return network


def norm(gradients: list[Tensor | None]) -> float:
    norms = [gradient.norm() for gradient in gradients if gradient is not None]
    return float(torch.stack(norms).norm())


def figures_of_step(
    network: TRM, carry: Carry | None, number: int
) -> tuple[Carry, dict[str, object]]:
    rows = formula_rows(network.config, number)
    batch = {
        "ids_BT": rows.ids_BL,
        "labels_BT": rows.labels_BL,
        "puzzle_ids_B": rows.puzzle_ids_B,
    }
    carry = carry or initial_carry(network, batch)
    network.zero_grad()
    step = supervision_step(network, carry, batch, MAX_STEPS, exploration_probability=0.0)
    carry = step.carry
    loss = DeepSupervision()(step.logits_BLV, step.halt_B, carry.data["labels_BT"])
    loss.total.backward()
    figures: dict[str, object] = {
        "total": loss.total.item(),
        "lm": float(loss.lm),
        "halt": float(loss.halt),
        "gradient_norm": norm(
            [p.grad for name, p in network.named_parameters() if "puzzles" not in name]
        ),
        "halt_B": step.halt_B.tolist(),
        "logits": sample(step.logits_BLV),
        "logits_norm": step.logits_BLV.norm().item(),
        "y": sample(carry.state.y_BLD),
        "z": sample(carry.state.z_BLD),
        "y_sum": float(carry.state.y_BLD.sum()),
        "z_sum": float(carry.state.z_BLD.sum()),
        "num_steps_B": carry.num_steps_B.tolist(),
        "halted_B": carry.halted_B.int().tolist(),
        "labels_sum": int(carry.data["labels_BT"].sum()),
    }
    if network.embed_puzzles is not None:
        figures["puzzle_gradient_norm"] = norm([network.embed_puzzles.weight.grad])
    return carry, figures


@pytest.mark.parametrize("case", CASES)
def test_supervision_steps_are_the_published_ones(case: str) -> None:
    network = formula_network(case)
    carry = None
    for number, published in enumerate(FIGURES[case]):
        carry, figures = figures_of_step(network, carry, number)
        assert figures.keys() == published.keys()
        for name, figure in figures.items():
            assert figure == pytest.approx(published[name], rel=1e-5, abs=1e-5), (number, name)


def test_the_figures_cover_halting_by_the_network_halting_by_depth_and_refilling() -> None:
    for steps in FIGURES.values():
        depths = [
            (depth, halted)
            for step in steps
            for depth, halted in zip(step["num_steps_B"], step["halted_B"], strict=True)
        ]
        assert any(halted and depth < MAX_STEPS for depth, halted in depths)
        assert any(halted and depth == MAX_STEPS for depth, halted in depths)
        assert any(not halted for _, halted in depths)


@pytest.mark.parametrize("wrapper", ["", "inner.", "_orig_mod.model.inner."])
def test_names_of_wrapped_weights_are_read(wrapper: str) -> None:
    assert own_name(wrapper + "L_level.layers.1.mlp_t.down_proj.weight") == (
        "layers.1.mixer.down_proj.weight"
    )
    assert own_name(wrapper + "H_init") == "y_start_D"


@pytest.mark.parametrize("case", CASES)
def test_every_weight_has_a_published_one(case: str) -> None:
    own = {name: tuple(weight.shape) for name, weight in TRM(CASES[case]).state_dict().items()}
    assert {own_name(name): size for name, size in published_sizes(CASES[case]).items()} == own


def test_weights_of_another_configuration_are_refused() -> None:
    with pytest.raises(ValueError, match="the network lacks embed_puzzles"):
        load_published(TRM(CASES["attention_bare"]), published_weights("attention_puzzles"))
    smaller = TRMConfig(**{**vars(CASES["attention_bare"]), "vocab_size": 10})
    with pytest.raises(ValueError, match=r"embed_tokens.weight is \(11, 64\)"):
        load_published(TRM(smaller), published_weights("attention_bare"))
    with pytest.raises(ValueError, match="is not a weight"):
        own_name("inner.H_level.layers.0.mlp.down_proj.weight")
