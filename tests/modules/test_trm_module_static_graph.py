"""What a TRMModule computes in a step and in validation is one static graph, measures included."""

from __future__ import annotations

from pathlib import Path
from types import MethodType
from typing import Any

import pytest
import torch
from torch import Tensor

from lit_coder.modules.code_module import Batch, LossTotal
from lit_coder.modules.trm_module import TRMModule, filled_up
from lit_coder.networks.trm_halting import SupervisionStep
from lit_coder.objectives.deep_supervision import SupervisionLoss
from tests.modules.tiny_fit import QUIET, TOKENIZER
from tests.modules.tiny_trm_fit import canvas_batches, fit_canvases, tiny_trm_module
from tests.networks.static_graph import NotStatic, StaticGraph

pytestmark = [
    *QUIET,
    pytest.mark.filterwarnings("ignore:.*your dataloader is not resumable"),
]


class LeftOut(LossTotal):
    """Sums of losses are float64 where they are not on an XLA device: they are left out."""

    def add(self, loss: Tensor) -> None:
        assert loss.dtype == torch.float32


def linted_step(module: TRMModule, names: set[str]) -> None:
    """Have each step of the module raise where it is not static."""
    step, module.train_loss = module.training_step, LeftOut()

    def training_step(_: TRMModule, batch: Batch, batch_index: int) -> Tensor:
        with StaticGraph() as graph:
            loss = step(batch, batch_index)
        names.update(graph.names)
        return loss

    # Lightning tells by its arguments what a step wants.
    module.training_step = MethodType(training_step, module)  # type: ignore[method-assign]


@pytest.mark.parametrize("options", [{}, {"binary_threshold": 0.5, "compute_dtype": "bfloat16"}])
def test_a_step_with_its_measures_looks_at_no_value(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    module = tiny_trm_module(**options)
    names: set[str] = set()
    linted_step(module, names)
    trainer = fit_canvases(module, tmp_path, max_steps=3, accumulate_grad_batches=2)
    assert trainer.global_step == 3 and {"mm", "rand_like", "stack"} <= names
    assert "train/exact_per_network_evaluation" in module.take_measures()


def test_a_measure_that_looks_at_a_value_is_noticed(tmp_path: Path) -> None:
    module = tiny_trm_module()
    linted_step(module, set())

    def add(step: SupervisionStep, loss: SupervisionLoss) -> None:
        float(loss.is_exact_B.sum())

    module._measures.add = add  # type: ignore[method-assign]
    with pytest.raises(NotStatic):
        fit_canvases(module, tmp_path, max_steps=1)


def test_validation_with_its_accuracy_of_each_step_looks_at_no_value() -> None:
    module = tiny_trm_module().eval()
    (batch,) = canvas_batches(1)
    filled = filled_up(batch, 2, TOKENIZER.pad_id)
    with torch.no_grad(), StaticGraph() as graph:
        found = module.validation_measures(Batch(**filled))  # type: ignore[typeddict-item]
    assert {"mm", "argmax"} <= graph.names and "exact_at_step_4" in found
