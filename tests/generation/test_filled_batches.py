"""A last batch that is filled up, as XLA devices want it, changes no answer."""

from __future__ import annotations

import pytest
import torch

from lit_coder.generation.canvas import Canvas, CanvasShape
from lit_coder.generation.contract import Prompt, SamplingOptions
from lit_coder.generation.trm_generator import RefinementOptions, TRMGenerator
from lit_coder.networks.trm import TRM
from tests.networks.tiny_trm import tiny_trm

CANVAS = Canvas(CanvasShape(2, 4), pad_id=0, end_id=1, mask_id=2)
PROMPTS = [Prompt((3, 4), "a"), Prompt((5,), "b"), Prompt((6, 3), "c", draft_ids=(4, 5))]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_filled_batches_have_one_size_and_give_the_same_answers(
    temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = tiny_trm()
    options = SamplingOptions(num_samples=2, temperature=temperature, batch_size=4)
    answers, steps, sizes = [], [], []
    forward = TRM.forward

    def noted(self: TRM, state: object, ids_BL: torch.Tensor, *rest: object) -> object:
        sizes[-1].add(len(ids_BL))
        return forward(self, state, ids_BL, *rest)

    monkeypatch.setattr(TRM, "forward", noted)
    for fills in (False, True):
        sizes.append(set())
        refinement = RefinementOptions(max_steps=3, fills_batches=fills)
        generator = TRMGenerator(network, CANVAS, refinement)
        found = generator.generate(PROMPTS, options)
        answers.append([[completion.ids for completion in group] for group in found])
        steps.append(generator.num_steps_taken)
    assert answers[0] == answers[1] and steps[0] == steps[1]
    # Three prompts of two samples are a batch of four and one of two.
    assert sizes == [{4, 2}, {4}]
