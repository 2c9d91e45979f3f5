from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor

from lit_coder.modules.gpt_module import GPTModule
from lit_coder.modules.optimizer_parts import EightBitAdamW, OptimizerOfParts
from lit_coder.modules.optimizers import OptimizerOptions, make_optimizer, parameter_kinds
from tests.modules.tiny_fit import QUIET, fit, tiny_module

pytestmark = [
    *QUIET,
    pytest.mark.filterwarnings("ignore:.*register_constant.*"),
]
LARGE = {"hidden_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2}
"""Matrices large enough for 8 bits a number."""


def state_bytes(trainer: pl.Trainer) -> int:
    """Bytes of all tensors of the optimizer's state, as a checkpoint has it."""

    def count(value: Any) -> int:
        if isinstance(value, dict):
            return sum(count(each) for each in value.values())
        return value.nbytes if isinstance(value, Tensor) else 0

    return count(trainer.optimizers[0].state_dict()["state"])


def groups_by_name(module: GPTModule, trainer: pl.Trainer) -> list[set[str]]:
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    return [{names[id(p)] for p in g["params"]} for g in trainer.optimizers[0].param_groups]


def test_weight_decay_is_on_matrices_only_and_every_weight_is_in_one_group(tmp_path: Path) -> None:
    module = tiny_module(weight_decay=0.25, attention_bias=True, query_key_norm=True)
    trainer = fit(module, tmp_path, max_steps=1)
    matrices, vectors = trainer.optimizers[0].param_groups
    assert (matrices["weight_decay"], vectors["weight_decay"]) == (0.25, 0.0)
    assert all(p.dim() >= 2 for p in matrices["params"])
    assert vectors["params"] and all(p.dim() == 1 for p in vectors["params"])
    grouped = [id(p) for p in (*matrices["params"], *vectors["params"])]
    assert sorted(grouped) == sorted(id(p) for p in module.parameters())
    assert matrices["fused"] and vectors["fused"]


@pytest.mark.parametrize("tied", [True, False])
def test_muon_has_the_matrices_inside_the_network_and_nothing_else(
    tmp_path: Path, tied: bool
) -> None:
    module = tiny_module(optimizer="muon", tie_word_embeddings=tied, muon_learning_rate=0.5)
    trainer = fit(module, tmp_path, max_steps=1)
    tables, vectors, matrices = groups_by_name(module, trainer)
    assert tables == {"network.embed_tokens.weight"} | (
        set() if tied else {"network.lm_head.weight"}
    )
    assert all("layers" in name and name.endswith("proj.weight") for name in matrices)
    assert len(matrices) == 7
    assert tables | vectors | matrices == {name for name, _ in module.named_parameters()}
    rates = [group["initial_lr"] for group in trainer.optimizers[0].param_groups]
    assert rates == [0.01, 0.01, 0.5]


def test_muons_groups_all_follow_the_schedule(tmp_path: Path) -> None:
    own = {"muon_learning_rate": 0.02}
    module = tiny_module(optimizer="muon", warmup_steps=0, min_learning_rate_ratio=0.25, **own)
    trainer = fit(module, tmp_path, max_steps=4)
    rates = [group["lr"] for group in trainer.optimizers[0].param_groups]
    assert rates == pytest.approx([0.0025, 0.0025, 0.005])


@pytest.mark.parametrize("shape", [(64, 64), (32, 128), (128, 32)])
def test_muon_takes_the_shared_rate_and_decay_with_steps_as_large_as_adamws(
    shape: tuple[int, int],
) -> None:
    generator = torch.Generator().manual_seed(0)
    matrix = torch.nn.Parameter(torch.randn(shape, generator=generator))
    matrix.grad = torch.randn(shape, generator=generator)
    table, vector = torch.nn.Parameter(torch.ones(4, 4)), torch.nn.Parameter(torch.ones(4))
    before = matrix.detach().clone()
    optimizer = make_optimizer(
        OptimizerOptions("muon", 0.01, None, 0.25),
        {"matrix": matrix, "table": table, "vector": vector}.items(),
        {"matrix": "matrix", "table": "table", "vector": "vector"},
    )
    optimizer.step()
    *_, group = optimizer.param_groups
    assert (group["lr"], group["weight_decay"]) == (0.01, 0.25)
    moved = matrix.detach() - before * (1 - 0.01 * 0.25)
    # A fifth of the rate, whatever the shape: what AdamW's steps become after the first ones.
    assert float(moved.square().mean().sqrt()) == pytest.approx(0.2 * 0.01, rel=0.3)


def test_muon_may_have_a_rate_and_a_decay_of_its_own(tmp_path: Path) -> None:
    own = {"muon_learning_rate": 0.5, "muon_weight_decay": 0.125}
    module = tiny_module(optimizer="muon", weight_decay=0.25, **own)
    trainer = fit(module, tmp_path, max_steps=1)
    tables, vectors, matrices = trainer.optimizers[0].param_groups
    assert [g["initial_lr"] for g in (tables, vectors, matrices)] == [0.01, 0.01, 0.5]
    assert [g["weight_decay"] for g in (tables, vectors, matrices)] == [0.25, 0.0, 0.125]
    assert matrices["adjust_lr_fn"] == "original"
    assert own.items() <= dict(module.hparams).items()
    for name, value in (("muon_learning_rate", 0), ("muon_weight_decay", -1)):
        with pytest.raises(ValueError, match=rf"model\.init_args\.{name} must be"):
            tiny_module(**{name: value})


def test_one_step_of_the_parts_is_one_step_of_torchs_own_optimizers() -> None:
    def parameters() -> tuple[torch.nn.Parameter, torch.nn.Parameter]:
        generator = torch.Generator().manual_seed(1)
        found = [torch.nn.Parameter(torch.randn(6, 4, generator=generator)) for _ in range(2)]
        for parameter in found:
            parameter.grad = torch.randn(6, 4, generator=generator)
        return found[0], found[1]

    matrix, table = parameters()
    together = OptimizerOfParts([torch.optim.AdamW([table]), torch.optim.Muon([matrix])])
    own_matrix, own_table = parameters()
    apart = [torch.optim.AdamW([own_table]), torch.optim.Muon([own_matrix])]
    for _ in range(3):
        together.step()
        for optimizer in apart:
            optimizer.step()
    assert torch.equal(matrix, own_matrix) and torch.equal(table, own_table)


class SaveAfter(pl.Callback):
    """Writes a checkpoint after a step; each step has a random state of its own."""

    def __init__(self, step: int, path: Path) -> None:
        self.step, self.path = step, path

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        # 8-bit AdamW rounds bfloat16 weights at random; a run restores its random state.
        torch.manual_seed(trainer.global_step)

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path, weights_only=False)


@pytest.mark.parametrize("precision", ["32-true", "bf16-true"])
@pytest.mark.parametrize("optimizer", ["adamw", "muon", "adamw_8bit"])
def test_a_resumed_run_ends_with_the_same_weights_and_state_to_the_last_bit(
    tmp_path: Path, optimizer: str, precision: Any
) -> None:
    # Four batches are an epoch: what is resumed after four begins with the first batch.
    saver = SaveAfter(4, tmp_path / "after-4.ckpt")
    whole, resumed = (tiny_module(**LARGE, optimizer=optimizer) for _ in range(2))
    run = {"max_steps": 8, "precision": precision, "callbacks": [saver]}
    whole_trainer = fit(whole, tmp_path, **run)
    trainer = fit(resumed, tmp_path, ckpt_path=saver.path, **run)
    for ours, theirs in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    states = [each.optimizers[0].state_dict() for each in (trainer, whole_trainer)]
    assert_equal(states[0], states[1])


def assert_equal(ours: Any, theirs: Any) -> None:
    """Equal containers of equal tensors."""
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for name in theirs:
            assert_equal(ours[name], theirs[name])
    elif isinstance(theirs, (list, tuple)):
        for mine, other in zip(ours, theirs, strict=True):
            assert_equal(mine, other)
    elif isinstance(theirs, Tensor):
        assert ours.dtype == theirs.dtype and torch.equal(ours, theirs)
    else:
        assert ours == theirs


def test_8_bit_moments_take_a_quarter_of_the_memory(tmp_path: Path) -> None:
    sizes = {**LARGE, "hidden_size": 128, "num_hidden_layers": 3, "vocab_size": 288}
    wide = fit(tiny_module(**sizes), tmp_path, max_steps=1)
    narrow = fit(tiny_module(**sizes, optimizer="adamw_8bit"), tmp_path, max_steps=1)
    assert state_bytes(narrow) < 0.3 * state_bytes(wide)


def test_a_checkpoint_of_8_bit_moments_holds_plain_tensors(tmp_path: Path) -> None:
    trainer = fit(tiny_module(**LARGE, optimizer="adamw_8bit"), tmp_path, max_steps=1)
    moments = [
        moment
        for state in trainer.optimizers[0].state_dict()["state"].values()
        for moment in (state["exp_avg"], state["exp_avg_sq"])
    ]
    narrow = [moment for moment in moments if isinstance(moment, dict)]
    assert len(narrow) > len(moments) / 2
    assert {type(value) for moment in narrow for value in moment.values()} == {Tensor, bool}
    assert {type(moment) for moment in moments} == {dict, Tensor}


def test_where_the_compiler_fails_8_bit_steps_go_on_exactly_and_one_sentence_says_why(
    caplog: pytest.LogCaptureFixture, broken_compiler: None
) -> None:
    def stepped(is_compiled: bool) -> EightBitAdamW:
        torch.manual_seed(0)
        parameter = torch.nn.Parameter(torch.randn(64, 64))
        groups = [{"params": [parameter], "weight_decay": 0.1}]
        optimizer = EightBitAdamW(groups, 0.01, (0.9, 0.95), 1e-8, is_compiled)
        for _ in range(2):
            parameter.grad = torch.randn(64, 64)
            optimizer.step()
        return optimizer

    plain, failed = stepped(is_compiled=False), stepped(is_compiled=True)
    assert_equal(failed.state_dict(), plain.state_dict())
    for ours, theirs in zip(failed.param_groups, plain.param_groups, strict=True):
        assert torch.equal(ours["params"][0], theirs["params"][0])
    (said,) = [record.getMessage() for record in caplog.records if "lit_coder" in record.name]
    assert said.startswith("the optimizer goes on without torch.compile: ")


def test_8_bit_training_follows_that_of_full_moments(tmp_path: Path) -> None:
    losses = []
    for optimizer in ("adamw", "adamw_8bit"):
        module = tiny_module(**LARGE, optimizer=optimizer)
        fit(module, tmp_path, max_steps=12)
        losses.append(module.train_loss.mean())
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_without_torchao_8_bits_are_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchao.optim", None)
    with pytest.raises(ValueError, match=r"needs torchao .*pip install 'lit-coder\[quantize\]'"):
        fit(tiny_module(optimizer="adamw_8bit"), tmp_path)


def test_tables_are_told_from_matrices_while_weights_have_their_shapes() -> None:
    kinds = parameter_kinds(tiny_module(tie_word_embeddings=False, attention_bias=True))
    assert {name for name, kind in kinds.items() if kind == "table"} == {
        "network.embed_tokens.weight",
        "network.lm_head.weight",
    }
    assert kinds["network.layers.0.self_attn.q_proj.bias"] == "vector"
    assert kinds["network.layers.0.self_attn.q_proj.weight"] == "matrix"
    assert kinds["network.norm.weight"] == "vector"
