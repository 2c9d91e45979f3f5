"""Computes trm_published_figures.json with the published implementation.

    python -m tests.networks.published_figures path/to/TinyRecursiveModels

Needs a clone of github.com/SamsungSAILMontreal/TinyRecursiveModels, and `pip install einops
pydantic`, which it imports. Nothing of ours is computed here but weights and batches.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.networks.published_trm import (
    BATCH_SIZE,
    CASES,
    MAX_STEPS,
    NUM_STEPS,
    formula_rows,
    published_weights,
    sample,
)


def published_model(case: str) -> Any:
    """The published model with its loss, in training, without exploration."""
    from models.losses import ACTLossHead
    from models.recursive_reasoning.trm import TinyRecursiveReasoningModel_ACTV1

    config = CASES[case]
    options = {
        "batch_size": BATCH_SIZE,
        "seq_len": config.sequence_length,
        "vocab_size": config.vocab_size,
        "hidden_size": config.hidden_size,
        "num_heads": config.num_attention_heads,
        "expansion": config.expansion,
        "pos_encodings": config.position_encoding,
        "rms_norm_eps": config.rms_norm_eps,
        "rope_theta": config.rope_theta,
        "mlp_t": config.mixer == "mlp",
        "puzzle_emb_len": config.num_registers,
        "puzzle_emb_ndim": config.hidden_size if config.num_registers else 0,
        "num_puzzle_identifiers": max(1, config.num_puzzle_ids),
        "H_cycles": config.num_outer_cycles,
        "L_cycles": config.num_inner_cycles,
        "H_layers": 0,
        "L_layers": config.num_hidden_layers,
        "halt_max_steps": MAX_STEPS,
        "halt_exploration_prob": 0.0,
        "forward_dtype": config.compute_dtype,
    }
    model = TinyRecursiveReasoningModel_ACTV1(options)
    keys = model.load_state_dict(published_weights(case), strict=False)
    # Without puzzles of our own, its one embedding stays at zero.
    left = {"inner.puzzle_emb.weights"} if config.num_registers else set()
    assert not keys.unexpected_keys and set(keys.missing_keys) <= left
    return ACTLossHead(model, "stablemax_cross_entropy").train()


def norm(gradients: list[Tensor]) -> float:
    return torch.stack([gradient.norm() for gradient in gradients]).norm().item()


def puzzle_gradient(embedding: Any, puzzle_ids_B: Tensor) -> Tensor:
    """The gradient of the table: the published one is kept for each row of the batch."""
    gradient = torch.zeros_like(embedding.weights)
    return gradient.index_add_(0, puzzle_ids_B, embedding.local_weights.grad)


def figures_of(case: str) -> Iterator[dict[str, Any]]:
    """The figures of each step."""
    config, head, carry = CASES[case], published_model(case), None
    embedding = getattr(head.model.inner, "puzzle_emb", None)
    for number in range(NUM_STEPS):
        rows = formula_rows(config, number)
        batch = {
            "inputs": rows.ids_BL,
            "labels": rows.labels_BL,
            "puzzle_identifiers": rows.puzzle_ids_B,
        }
        carry = carry or head.initial_carry(batch)
        head.zero_grad()
        if embedding is not None:
            embedding.local_weights.grad = None
        carry, loss, metrics, outputs, _ = head(
            return_keys=["logits", "q_halt_logits"], carry=carry, batch=batch
        )
        (loss / BATCH_SIZE).backward()
        y_BLD, z_BLD = carry.inner_carry.z_H, carry.inner_carry.z_L
        figures = {
            "total": loss.item() / BATCH_SIZE,
            "lm": metrics["lm_loss"].item() / BATCH_SIZE,
            "halt": metrics["q_halt_loss"].item() / BATCH_SIZE,
            "gradient_norm": norm([weight.grad for weight in head.parameters()]),
            "halt_B": outputs["q_halt_logits"].tolist(),
            "logits": sample(outputs["logits"]),
            "logits_norm": outputs["logits"].norm().item(),
            "y": sample(y_BLD),
            "z": sample(z_BLD),
            "y_sum": y_BLD.sum().item(),
            "z_sum": z_BLD.sum().item(),
            "num_steps_B": carry.steps.tolist(),
            "halted_B": carry.halted.int().tolist(),
            "labels_sum": carry.current_data["labels"].sum().item(),
        }
        if config.num_puzzle_ids:
            puzzle_ids_B = carry.current_data["puzzle_identifiers"]
            figures["puzzle_gradient_norm"] = norm([puzzle_gradient(embedding, puzzle_ids_B)])
        yield {name: rounded(figure) for name, figure in figures.items()}


def rounded(figure: Any) -> Any:
    """To seven places."""
    if isinstance(figure, list):
        return [round(number, 7) for number in figure]
    return round(figure, 7)


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    cases = [
        f' "{case}": [\n' + ",\n".join(f"  {json.dumps(f)}" for f in figures_of(case)) + "\n ]"
        for case in CASES
    ]
    path = Path(__file__).with_name("trm_published_figures.json")
    path.write_text("{\n" + ",\n".join(cases) + "\n}\n")


if __name__ == "__main__":
    main()
