"""The loop that GPU figures are taken of trains on packed rows of several documents."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from benchmarks.training_loops import (
    OURS_EAGER,
    Setting,
    lightning_loop,
    our_batch,
    random_documents,
)
from benchmarks.training_presets import PresetFigures
from benchmarks.training_turns import Turns
from lit_coder.training_data.examples import IGNORED
from tests.modules.tiny_fit import QUIET

pytestmark = [
    *QUIET,
    pytest.mark.filterwarnings("ignore:.*have no `val_dataloader`.*"),
    pytest.mark.filterwarnings("ignore:.*smaller than the logging interval.*"),
]
OPTIONS = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "vocab_size": 64,
    "max_position_embeddings": 24,
}


def test_rows_are_cut_into_as_many_documents_as_were_asked_for() -> None:
    documents_BT = random_documents(5, 24, per_row=4)
    assert documents_BT.shape == (5, 24)
    assert (documents_BT.diff() >= 0).all()
    assert [row.unique().tolist() for row in documents_BT] == [[0, 1, 2, 3]] * 5


def test_no_label_of_a_packed_row_is_another_documents_token() -> None:
    documents_BT = torch.tensor([[0, 0, 1, 1, 2, 2]])
    batch = our_batch(torch.arange(10, 16)[None], documents_BT)
    assert batch["labels_BT"].tolist() == [[11, IGNORED, 13, IGNORED, 15, IGNORED]]
    assert batch["documents_BT"] is documents_BT


@pytest.mark.parametrize("documents_per_row", [1, 3])
def test_the_measured_loop_trains_on_such_rows(documents_per_row: int) -> None:
    setting = Setting(OPTIONS, rows=2, device="cpu", documents_per_row=documents_per_row)
    with Turns(setting.batch(), num_turns=3) as turns:
        turns.add(OURS_EAGER, partial(lightning_loop, setting, OURS_EAGER, "off"))
        assert len(turns.take(warm_up=1)[OURS_EAGER]) == 2
    module = setting.module("off")
    expected = module.loss(our_batch(setting.batch(), setting.documents_BT))
    assert setting.first_losses[OURS_EAGER] == pytest.approx(float(expected.detach()), abs=0.02)


def test_a_line_with_an_mfu_says_what_rows_it_was_taken_of() -> None:
    figures = [1e5, 200.0, 0.45, 0.42, 700.0, 9.0, 4.0, 5.0]
    packed = PresetFigures("gpt_medium", 188_000_000, 4, *figures).sentence()
    assert "packed rows of 4 documents, counted as one: 100,000 tokens/s" in packed
    assert "MFU 45.0%" in packed
    alone = PresetFigures("gpt_medium", 188_000_000, 1, *figures).sentence()
    assert "rows of one document" in alone
