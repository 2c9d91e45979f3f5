from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.plugins.precision import MixedPrecision
from torch.utils.data import DataLoader

from lit_coder.generation.contract import Prompt, SamplingOptions
from lit_coder.modules.code_module import LossTotal
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.examples import IGNORED, collate, encode_example

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated.*"),
    pytest.mark.filterwarnings("ignore:.*`weights_only` was not set.*"),
]

TOKENIZER = CodeTokenizer.train(["def f(x):\n    return x + 1\n"] * 3, 280)


def make_module(**changes: Any) -> GPTModule:
    torch.manual_seed(0)
    options: dict[str, Any] = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "learning_rate": 0.01,
        "warmup_steps": 2,
        "vocab_size": TOKENIZER.vocab_size,
        "max_position_embeddings": 32,
    }
    module = GPTModule(**(options | changes))
    module.tokenizer = TOKENIZER
    return module


def batches(number: int = 4) -> DataLoader[Any]:
    texts = [f"    return x + {i}\n" for i in range(2 * number)]
    examples = [encode_example(TOKENIZER, "def f(x):\n", text, 32) for text in texts]
    pairs = [examples[i : i + 2] for i in range(0, len(examples), 2)]
    rows = [collate([e for e in pair if e is not None], TOKENIZER.pad_id) for pair in pairs]
    return DataLoader(rows, batch_size=None)  # type: ignore[arg-type]


def fit(module: GPTModule, folder: Path, max_steps: int = 3, **options: Any) -> pl.Trainer:
    trainer = pl.Trainer(
        accelerator="cpu",
        max_steps=max_steps,
        default_root_dir=folder,
        logger=False,
        num_sanity_val_steps=0,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )
    trainer.fit(module, batches(), batches(1))
    return trainer


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    module = make_module()
    fit(module, tmp_path, max_steps=1)
    first = module.train_loss.mean()
    module.train_loss.reset()
    fit(module, tmp_path, max_steps=30)
    assert first is not None and module.train_loss.mean() < first - 0.5


def test_weight_decay_is_on_matrices_only_and_every_weight_is_in_one_group(tmp_path: Path) -> None:
    module = make_module(weight_decay=0.25)
    trainer = fit(module, tmp_path, max_steps=1)
    matrices, vectors = trainer.optimizers[0].param_groups
    assert (matrices["weight_decay"], vectors["weight_decay"]) == (0.25, 0.0)
    assert all(p.dim() >= 2 for p in matrices["params"])
    assert vectors["params"] and all(p.dim() == 1 for p in vectors["params"])
    grouped = [id(p) for p in (*matrices["params"], *vectors["params"])]
    assert sorted(grouped) == sorted(id(p) for p in module.parameters())


def test_the_learning_rate_follows_the_schedule_to_the_runs_last_step(tmp_path: Path) -> None:
    module = make_module(learning_rate=0.01, warmup_steps=2, min_learning_rate_ratio=0.1)
    rates: list[float] = []

    class Watch(pl.Callback):
        def on_before_optimizer_step(self, trainer: Any, module: Any, optimizer: Any) -> None:
            rates.append(optimizer.param_groups[0]["lr"])

    trainer = fit(module, tmp_path, max_steps=6, callbacks=[Watch()])
    assert rates[:3] == pytest.approx([0.005, 0.01, 0.01])
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0.001)


class GradientNorm(pl.Callback):
    """Norm of the gradients as the optimizer gets them."""

    def __init__(self) -> None:
        self.norms: list[float] = []

    def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        self.norms.append(float(torch.nn.utils.get_total_norm(gradients)))


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_gradients_are_scaled_down_to_the_largest_norm_allowed(
    tmp_path: Path, precision: Any
) -> None:
    watch = GradientNorm()
    fit(make_module(max_gradient_norm=0.01), tmp_path, callbacks=[watch], precision=precision)
    assert watch.norms == pytest.approx([0.01] * 3, rel=1e-3)


def test_small_gradients_are_left_as_they_are(tmp_path: Path) -> None:
    watch = GradientNorm()
    fit(make_module(max_gradient_norm=1e6), tmp_path, callbacks=[watch], max_steps=1)
    assert 0.01 < watch.norms[0] < 1e5


def test_bf16_mixed_trains_and_keeps_the_weights_in_float32(tmp_path: Path) -> None:
    module = make_module()
    before = module.network.embed_tokens.weight.detach().clone()
    fit(module, tmp_path, precision="bf16-mixed")
    after = module.network.embed_tokens.weight
    assert after.dtype == torch.float32
    assert torch.isfinite(after).all() and not torch.equal(before, after)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_generators_log_probabilities_are_those_of_the_training_forward(
    temperature: float,
) -> None:
    module = make_module()
    prompt = TOKENIZER.encode("def f(x):\n")
    options = SamplingOptions(num_samples=4, max_new_tokens=12, temperature=temperature)
    (completions,) = module.generator().generate([Prompt(tuple(prompt))], options)
    for completion in completions:
        ids = [*prompt, *completion.ids, *([TOKENIZER.end_id] if completion.ended else [])]
        log_probabilities = module(torch.tensor([ids[:-1]])).log_softmax(-1)[0]
        ours = log_probabilities[range(len(ids) - 1), ids[1:]][len(prompt) - 1 :]
        assert completion.log_probabilities == pytest.approx(ours.tolist(), abs=1e-4)


def test_without_a_tokenizer_there_is_no_generator() -> None:
    module = make_module()
    module.tokenizer = None
    with pytest.raises(RuntimeError, match="no tokenizer"):
        module.generator()


def test_the_tokenizer_rides_in_the_checkpoint_and_another_one_is_refused() -> None:
    checkpoint: dict[str, Any] = {}
    make_module().on_save_checkpoint(checkpoint)
    fresh = make_module()
    fresh.tokenizer = None
    fresh.on_load_checkpoint(checkpoint)
    assert fresh.tokenizer is not None
    assert fresh.tokenizer.fingerprint == TOKENIZER.fingerprint
    fresh.on_load_checkpoint(checkpoint)
    other = make_module()
    other.tokenizer = CodeTokenizer.train(["class Other:\n    pass\n"] * 3, 270)
    with pytest.raises(ValueError, match=r"data\.tokenizer is not the tokenizer"):
        other.on_load_checkpoint(checkpoint)


def test_the_running_loss_goes_on_from_a_checkpoint() -> None:
    module, resumed = make_module(), make_module()
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
    module = make_module()
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
    ],
)
def test_an_impossible_hyper_parameter_is_refused_by_its_name(option: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"model\.init_args\.{option} must be"):
        make_module(**{option: value})


def test_under_float16_the_largest_norm_is_that_of_unscaled_gradients(tmp_path: Path) -> None:
    # A fused optimizer unscales gradients itself, after they were clipped; then they are seen here.
    watch = GradientNorm()
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    precision = MixedPrecision("16-mixed", "cpu", scaler=scaler)
    fit(make_module(max_gradient_norm=0.01), tmp_path, callbacks=[watch], plugins=[precision])
    assert scaler.get_scale() == 2.0**12
    assert watch.norms == pytest.approx([0.01] * 3, rel=1e-2)
