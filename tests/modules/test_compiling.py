from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.modules.tiny_fit import QUIET, batches, fit, tiny_module

pytestmark = QUIET
LENGTH = next(iter(batches()))["ids_BT"].shape[1]
# Compiled rows have one of four lengths; these are filled up by nothing.
OPTIONS = {"loss_chunk_tokens": 16, "max_position_embeddings": 4 * LENGTH}


def test_where_the_compiler_fails_training_goes_on_exactly_and_sentences_say_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken_compiler: None
) -> None:
    plain, failed = tiny_module(compile="off", **OPTIONS), tiny_module(compile="on", **OPTIONS)
    fit(plain, tmp_path, max_steps=3)
    assert not [each for each in caplog.records if "torch.compile" in each.getMessage()]
    fit(failed, tmp_path, max_steps=3)
    assert failed.train_loss.total() == plain.train_loss.total()
    for ours, theirs in zip(failed.parameters(), plain.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    said = [each.getMessage() for each in caplog.records if "torch.compile" in each.getMessage()]
    assert len(said) == 2, "one of the blocks, one of the loss"
    assert all("without torch.compile: " in sentence for sentence in said)
    assert all("C++ compiler" in sentence and "\n" not in sentence for sentence in said)


@pytest.mark.slow
def test_where_only_the_backward_pass_fails_to_compile_training_goes_on_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, no_backward_compiler: None
) -> None:
    plain, failed = tiny_module(compile="off", **OPTIONS), tiny_module(compile="on", **OPTIONS)
    fit(plain, tmp_path, max_steps=2)
    fit(failed, tmp_path, max_steps=2)
    assert failed.train_loss.total() == plain.train_loss.total()
    said = [each.getMessage() for each in caplog.records if "torch.compile" in each.getMessage()]
    assert any("no backward pass today" in sentence for sentence in said), said
    assert not failed.network.is_compiled


def test_auto_does_not_compile_on_a_cpu(tmp_path: Path) -> None:
    module = tiny_module(compile="auto")
    fit(module, tmp_path, max_steps=1)
    assert not module.network.is_compiled and not module.objective.is_compiled


@pytest.mark.slow
def test_compiled_training_follows_the_uncompiled_one(tmp_path: Path) -> None:
    plain, compiled = tiny_module(compile="off", **OPTIONS), tiny_module(compile="on", **OPTIONS)
    for module in (plain, compiled):
        fit(module, tmp_path, max_steps=4, precision="bf16-mixed")
    assert compiled.network.is_compiled and compiled.objective.is_compiled
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    assert compiled.train_loss.mean() == pytest.approx(plain.train_loss.mean(), rel=1e-2)
