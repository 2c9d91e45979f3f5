from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

from lit_coder.commands.export import export_module
from lit_coder.generation.contract import Prompt, SamplingOptions
from lit_coder.modules.code_module import LossTotal
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.examples import IGNORED
from tests.modules.tiny_fit import QUIET, TOKENIZER, batches, fit, tiny_module

pytestmark = QUIET


def test_the_learning_rate_follows_the_schedule_to_the_runs_last_step(tmp_path: Path) -> None:
    module = tiny_module(learning_rate=0.01, warmup_steps=2, min_learning_rate_ratio=0.1)
    rates: list[float] = []

    class Watch(pl.Callback):
        def on_before_optimizer_step(self, trainer: Any, module: Any, optimizer: Any) -> None:
            rates.append(optimizer.param_groups[0]["lr"])

    trainer = fit(module, tmp_path, max_steps=6, callbacks=[Watch()])
    assert rates[:3] == pytest.approx([0.005, 0.01, 0.01])
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.001)


PRECISIONS = ["32-true", "bf16-mixed", "bf16-true"]
OPTIMIZERS = ["adamw", "muon"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_lowers_the_loss(tmp_path: Path, precision: Any, optimizer: str) -> None:
    module = tiny_module(optimizer=optimizer)
    fit(module, tmp_path, max_steps=1, precision=precision)
    first = module.train_loss.mean()
    module.train_loss.reset()
    fit(module, tmp_path, max_steps=30, precision=precision)
    assert first is not None and module.train_loss.mean() < first - 0.5


def test_bf16_mixed_trains_and_keeps_the_weights_in_float32(tmp_path: Path) -> None:
    module = tiny_module()
    before = module.network.embed_tokens.weight.detach().clone()
    fit(module, tmp_path, precision="bf16-mixed")
    after = module.network.embed_tokens.weight
    assert after.dtype == torch.float32
    assert torch.isfinite(after).all() and not torch.equal(before, after)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_generators_log_probabilities_are_those_of_the_training_forward(
    temperature: float,
) -> None:
    """Over the tokens that sampling can choose: of the special ones, the end alone."""
    module = tiny_module()
    banned = sorted(set(TOKENIZER.special_ids) - {TOKENIZER.end_id})
    prompt = TOKENIZER.encode("def f(x):\n")
    options = SamplingOptions(num_samples=4, max_new_tokens=12, temperature=temperature)
    (completions,) = module.generator().generate([Prompt(tuple(prompt))], options)
    for completion in completions:
        ids = [*prompt, *completion.ids, *([TOKENIZER.end_id] if completion.ended else [])]
        logits = module(torch.tensor([ids[:-1]]))
        logits[..., banned] = -torch.inf
        log_probabilities = logits.log_softmax(-1)[0]
        ours = log_probabilities[range(len(ids) - 1), ids[1:]][len(prompt) - 1 :]
        assert completion.log_probabilities == pytest.approx(ours.tolist(), abs=1e-4)


def test_without_a_tokenizer_there_is_no_generator() -> None:
    module = tiny_module()
    module.tokenizer = None
    with pytest.raises(RuntimeError, match="no tokenizer"):
        module.generator()


def test_the_tokenizer_rides_in_the_checkpoint_and_another_one_is_refused() -> None:
    checkpoint: dict[str, Any] = {}
    tiny_module().on_save_checkpoint(checkpoint)
    fresh = tiny_module()
    fresh.tokenizer = None
    fresh.on_load_checkpoint(checkpoint)
    assert fresh.tokenizer is not None
    assert fresh.tokenizer.fingerprint == TOKENIZER.fingerprint
    fresh.on_load_checkpoint(checkpoint)
    other = tiny_module()
    other.tokenizer = CodeTokenizer.train(["class Other:\n    pass\n"] * 3, 270)
    with pytest.raises(ValueError, match=r"data\.tokenizer is not the tokenizer"):
        other.on_load_checkpoint(checkpoint)


def test_the_running_loss_goes_on_from_a_checkpoint() -> None:
    module, resumed = tiny_module(), tiny_module()
    for loss in (1.0, 2.0):
        module.train_loss.add(torch.tensor(loss))
    checkpoint: dict[str, Any] = {}
    module.on_save_checkpoint(checkpoint)
    resumed.on_load_checkpoint(checkpoint)
    resumed.train_loss.add(torch.tensor(6.0))
    assert resumed.train_loss.mean() == 3.0


def test_a_loss_total_of_nothing_has_no_mean_and_a_reset_starts_over() -> None:
    total = LossTotal()
    assert total.mean() is None
    total.add(torch.tensor(5.0))
    total.reset()
    assert total.mean() is None
    total.add(torch.tensor(2.0))
    assert total.mean() == 2.0
    empty = LossTotal()
    empty.load_state_dict(LossTotal().state_dict())
    assert empty.mean() is None


def test_prompt_tokens_do_not_change_the_training_loss() -> None:
    module = tiny_module()
    (batch, *_) = list(batches())
    loss = module.training_step(batch, 0)
    shifted = {**batch, "labels_BT": batch["labels_BT"].clone()}
    shifted["labels_BT"][:, 0] = IGNORED
    assert batch["labels_BT"][0, 0] == IGNORED
    assert float(module.training_step(shifted, 0).detach()) == float(loss.detach())


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("learning_rate", 0.0),
        ("min_learning_rate_ratio", 1.5),
        ("warmup_steps", -1),
        ("weight_decay", -0.1),
        ("max_gradient_norm", 0.0),
        ("muon_learning_rate", 0.0),
        ("decay_share", 0.0),
        ("loss_chunk_tokens", 0),
        ("gradient_checkpointing", -1),
    ],
)
def test_an_impossible_hyper_parameter_is_refused_by_its_name(option: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"model\.init_args\.{option} must be"):
        tiny_module(**{option: value})


@pytest.mark.parametrize("option", ["num_hidden_layers", "learning_rate", "compile"])
def test_an_option_that_is_null_is_named(option: str) -> None:
    with pytest.raises(ValueError, match=rf"model\.init_args\.{option} cannot be null; leave it"):
        tiny_module(**{option: None})


@pytest.mark.parametrize("accumulate", [1, 2])
def test_gradients_are_freed_after_a_step_and_live_within_one(
    tmp_path: Path, accumulate: int
) -> None:
    held: list[bool] = []

    class Watch(pl.Callback):
        def on_train_batch_start(self, trainer: Any, module: Any, *_: Any) -> None:
            held.append(any(p.grad is not None for p in module.parameters()))

    fit(
        tiny_module(),
        tmp_path,
        max_steps=2,
        callbacks=[Watch()],
        accumulate_grad_batches=accumulate,
    )
    assert held == ([False, False] if accumulate == 1 else [False, True, False, True])


class NamedLosses(pl.LightningDataModule):
    """Two validation sets with names of their own."""

    validation_names = ("validation/loss", "validation/corpus_loss")

    def train_dataloader(self) -> Any:
        return batches()

    def val_dataloader(self) -> Any:
        return [batches(1), batches(3)]


def test_each_validation_loss_has_the_name_that_the_data_give_it(tmp_path: Path) -> None:
    module = tiny_module()
    trainer = pl.Trainer(
        accelerator="cpu",
        max_steps=4,
        default_root_dir=tmp_path,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(module, datamodule=NamedLosses())
    found = {name: float(value) for name, value in trainer.callback_metrics.items()}
    assert set(found) == set(NamedLosses.validation_names)
    module.eval()
    with torch.no_grad():
        losses = [float(module.loss(batch)) for batch in batches(3)]
    assert found["validation/loss"] == pytest.approx(losses[0], rel=1e-5)
    assert found["validation/corpus_loss"] == pytest.approx(sum(losses) / 3, rel=1e-5)


def test_in_chunks_training_is_the_same(tmp_path: Path) -> None:
    plain, chunked = tiny_module(), tiny_module(loss_chunk_tokens=7)
    for module in (plain, chunked):
        fit(module, tmp_path, max_steps=3)
    assert chunked.train_loss.mean() == pytest.approx(plain.train_loss.mean(), rel=1e-5)
    for ours, theirs in zip(chunked.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-3)


def test_the_share_of_the_whole_steps_labels_scales_a_micro_batchs_loss() -> None:
    module = tiny_module()
    (batch, *_) = list(batches())
    loss = module.loss(batch).detach()
    num_own = (batch["labels_BT"] != IGNORED).sum()
    shared = module.loss({**batch, "num_targets": 4.0 * num_own}).detach()
    assert float(shared) == pytest.approx(float(loss) / 4, rel=1e-6)


def test_documents_of_a_row_do_not_see_each_other() -> None:
    module = tiny_module()
    first, second = list(batches(2))
    ids = torch.cat([first["ids_BT"][:1], second["ids_BT"][:1]], 1)
    labels = torch.cat([first["labels_BT"][:1], second["labels_BT"][:1]], 1)
    documents = torch.cat(
        [torch.zeros_like(first["ids_BT"][:1]), torch.ones_like(second["ids_BT"][:1])], 1
    )
    packed = module.loss({"ids_BT": ids, "labels_BT": labels, "documents_BT": documents})
    alone = [
        module.loss({"ids_BT": each["ids_BT"][:1], "labels_BT": each["labels_BT"][:1]})
        for each in (first, second)
    ]
    num_labels = [(each["labels_BT"][:1] != IGNORED).sum() for each in (first, second)]
    total = sum(float(x.detach()) * int(n) for x, n in zip(alone, num_labels, strict=True))
    assert float(packed.detach()) == pytest.approx(total / int(sum(num_labels)), rel=1e-5)


def test_the_first_step_says_once_what_computes_attention(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "lit_coder.modules")
    fit(tiny_module(), tmp_path, max_steps=3)
    said = [record.getMessage() for record in caplog.records if "attention" in record.getMessage()]
    assert said == ["attention: matrix products"]


def test_a_pretrained_module_is_the_exported_one_and_is_rebuilt_without_its_folder(
    tmp_path: Path,
) -> None:
    origin = tiny_module(
        attention_bias=True, tie_word_embeddings=False, num_key_value_heads=1, rms_norm_eps=1e-6
    )
    export_module(origin, tmp_path / "model")
    begun = GPTModule(
        pretrained=str(tmp_path / "model"),
        vocab_size=TOKENIZER.vocab_size,
        max_position_embeddings=16,
        learning_rate=0.125,
    )
    shutil.rmtree(tmp_path / "model")
    rebuilt = GPTModule(**begun.hparams)
    rebuilt.load_state_dict(begun.state_dict())
    for module in (begun, rebuilt):
        assert module.hparams["pretrained"] is None
        assert module.training_options.optimizer.learning_rate == 0.125
        assert module.network.config.max_position_embeddings == 16
        ids = torch.arange(12)[None]
        assert torch.equal(module(ids), origin(ids))


def test_a_size_that_is_not_the_pretrained_models_is_refused(tmp_path: Path) -> None:
    export_module(tiny_module(), tmp_path / "model")
    with pytest.raises(ValueError, match=r"model\.init_args\.num_hidden_layers is 3"):
        tiny_module(pretrained=str(tmp_path / "model"), num_hidden_layers=3)
