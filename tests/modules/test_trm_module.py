"""A TRM as a LightningModule: steps, slots, averaged weights, and what a checkpoint holds."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor

from lit_coder.generation.contract import Prompt, SamplingOptions
from lit_coder.modules.code_module import Batch
from lit_coder.modules.trm_module import TRMModule, filled_up
from lit_coder.modules.weight_average import decay_at
from lit_coder.networks.trm import TRM
from lit_coder.networks.trm_refinement import begin_refinement, refine
from lit_coder.training_data.examples import IGNORED
from tests.modules.tiny_fit import QUIET, TOKENIZER
from tests.modules.tiny_trm_fit import (
    CANVAS,
    CANVAS_LENGTH,
    PROMPT_LENGTH,
    Losses,
    canvas_batches,
    fit_canvases,
    tiny_trm_module,
)

pytestmark = [
    *QUIET,
    pytest.mark.filterwarnings("ignore:.*your dataloader is not resumable"),
]


def never_halting(**changes: Any) -> TRMModule:
    """Its slots are refilled after exactly `supervision_steps`, which is 4."""
    module = tiny_trm_module(**changes)
    torch.nn.init.constant_(module.network.halt_head.bias, -100.0)
    return module


def weights_of(network: TRM) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


def same(some: Any, other: Any) -> bool:
    return all(torch.equal(a, b) for a, b in zip(some, other, strict=True))


def saved(trainer: pl.Trainer, folder: Path) -> dict[str, Any]:
    trainer.save_checkpoint(folder / "saved.ckpt", weights_only=False)
    content: dict[str, Any] = torch.load(folder / "saved.ckpt", weights_only=True)
    return content


def our_lines(log_lines: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in log_lines.records if r.name.startswith("lit_coder")]


@pytest.mark.parametrize(("num_steps", "depth"), [(3, 3), (4, 4), (5, 1), (10, 2)])
def test_an_optimizer_step_is_one_supervision_step_of_every_slot(
    tmp_path: Path, num_steps: int, depth: int
) -> None:
    module = never_halting()
    applied: list[None] = []
    module.network.register_forward_hook(lambda *_: applied.append(None))
    trainer = fit_canvases(module, tmp_path, max_steps=num_steps)
    assert trainer.global_step == len(applied) == num_steps
    carry = saved(trainer, tmp_path)["trm_carries"]
    assert carry["num_steps_B"].tolist() == [depth] * 4
    assert carry["halted_B"].tolist() == [depth == 4] * 4


def test_a_slot_keeps_its_row_until_it_has_halted(tmp_path: Path) -> None:
    rows = [batch["ids_BT"] for batch in canvas_batches(6)]
    for num_steps, expected in ((1, 0), (4, 0), (5, 4)):
        trainer = fit_canvases(
            never_halting(), tmp_path, max_steps=num_steps, data=canvas_batches(6)
        )
        assert torch.equal(saved(trainer, tmp_path)["trm_carries"]["data.ids_BT"], rows[expected])


def test_micro_batches_of_a_step_have_slots_of_their_own(tmp_path: Path) -> None:
    trainer = fit_canvases(
        never_halting(),
        tmp_path,
        max_steps=3,
        data=canvas_batches(6),
        accumulate_grad_batches=2,
    )
    assert trainer.global_step == 3
    carry = saved(trainer, tmp_path)["trm_carries"]
    assert carry["num_steps_B"].tolist() == [3] * 8
    first, second = [batch["ids_BT"] for batch in canvas_batches(6)][:2]
    # In the order of the step's rows, which are dealt to its micro-batches like cards.
    assert torch.equal(carry["data.ids_BT"][0::2], first)
    assert torch.equal(carry["data.ids_BT"][1::2], second)


def test_accumulated_micro_batches_train_as_one_batch_of_all_their_rows(tmp_path: Path) -> None:
    whole, halves = Losses(), Losses()
    modules = [never_halting(exploration_probability=0.0) for _ in range(2)]
    fit_canvases(modules[0], tmp_path, data=canvas_batches(3, rows=8), callbacks=[whole])
    parts = [
        {name: field[half::2] for name, field in batch.items()}
        for batch in canvas_batches(3, rows=8)
        for half in (0, 1)
    ]
    loader = torch.utils.data.DataLoader(parts, batch_size=None)  # type: ignore[arg-type]
    fit_canvases(modules[1], tmp_path, data=loader, accumulate_grad_batches=2, callbacks=[halves])
    means = [sum(halves.values[i : i + 2]) / 2 for i in (0, 2, 4)]
    assert means == pytest.approx(whole.values, rel=1e-5)
    for one, other in zip(*(weights_of(module.network) for module in modules), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_rows_that_fill_a_batch_up_do_not_count_in_its_loss() -> None:
    module = tiny_trm_module().eval()
    module.tokenizer = TOKENIZER
    (batch,) = canvas_batches(1)
    filled = filled_up(batch, 3, TOKENIZER.pad_id)
    assert len(filled["ids_BT"]) == len(batch["ids_BT"]) + 3
    assert bool((filled["labels_BT"][-3:] == IGNORED).all())
    expected = module.loss(Batch(ids_BT=batch["ids_BT"], labels_BT=batch["labels_BT"]))
    found = module.loss(Batch(ids_BT=filled["ids_BT"], labels_BT=filled["labels_BT"]))
    torch.testing.assert_close(found, expected)


def test_validation_says_how_many_rows_are_exact_after_each_step_over_batches_of_any_size(
    tmp_path: Path,
) -> None:
    module = tiny_trm_module().eval()
    batches = [dict(batch) for batch in [*canvas_batches(2), *canvas_batches(1, rows=1)]]
    for number, batch in enumerate(batches):
        refinement = begin_refinement(module.averaged, batch["ids_BT"])
        # Batches whose rows are right after the first step, the last one, and the first one.
        for _ in range((1, 4, 1)[number]):
            refinement = refine(module.averaged, refinement, batch["ids_BT"], is_adaptive=False)
        batch["labels_BT"] = refinement.logits_BLV.argmax(-1)
    shares = [module.validation_measures(Batch(**batch)) for batch in batches]
    loader = torch.utils.data.DataLoader(batches, batch_size=None)  # type: ignore[arg-type]
    trainer = pl.Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)
    (logged,) = trainer.validate(module, loader, verbose=False)
    for name in ("exact_at_step_1", "exact_at_step_2", "exact_at_step_4"):
        expected = sum(4 * shares[batch][name] for batch in (0, 1)) + shares[2][name]
        assert logged[f"validation/{name}"] == pytest.approx(float(expected) / 9)
    assert logged["validation/exact_at_step_1"] >= 5 / 9
    assert logged["validation/exact_at_step_4"] >= 4 / 9
    assert logged.keys() == {f"validation/{name}" for name in shares[0]}


def test_the_loss_goes_down(tmp_path: Path) -> None:
    losses = Losses()
    fit_canvases(tiny_trm_module(), tmp_path, max_steps=60, callbacks=[losses])
    assert len(losses.values) == 60
    assert sum(losses.values[-10:]) < 0.5 * sum(losses.values[:10])


def test_the_average_follows_the_weights_after_every_optimizer_step(tmp_path: Path) -> None:
    module = tiny_trm_module(average_decay=0.9)
    assert same(weights_of(module.averaged), weights_of(module.network))
    expected = weights_of(module.network)
    seen: list[int] = []

    class Watch(pl.Callback):
        def on_train_batch_start(self, trainer: Any, *_: Any) -> None:
            # The state after the step before: callbacks of a batch's end may come before it.
            if trainer.global_step > len(seen):
                seen.append(trainer.global_step)
                decay = decay_at(trainer.global_step, 0.9)
                for mean, weight in zip(expected, module.network.parameters(), strict=True):
                    mean.mul_(decay).add_(weight.detach(), alpha=1 - decay)
                for mean, found in zip(expected, module.averaged.parameters(), strict=True):
                    torch.testing.assert_close(found, mean)

    fit_canvases(
        module,
        tmp_path,
        max_steps=6,
        data=canvas_batches(12),
        accumulate_grad_batches=2,
        callbacks=[Watch()],
    )
    assert seen == [1, 2, 3, 4, 5]
    assert not same(weights_of(module.averaged), weights_of(module.network))


def test_the_decay_rises_to_what_was_asked_for() -> None:
    decays = [decay_at(step, 0.99) for step in range(1, 1001)]
    assert decays == sorted(decays) and decays[0] < 0.2 and decays[-1] == 0.99


def test_the_average_is_what_is_measured_and_used(tmp_path: Path) -> None:
    module = tiny_trm_module()
    fit_canvases(module, tmp_path, max_steps=3)
    (batch,) = canvas_batches(1)
    prompts = [Prompt((), draft_ids=(12, 11, 10))]
    assert module.used_network is module.averaged is module.generator().network

    def uses() -> tuple[float, Any]:
        written = module.generator().generate(prompts, SamplingOptions())
        return float(module.loss(batch)), written

    before = uses()
    with torch.no_grad():
        module.network.lm_head.weight.zero_()
    assert uses() == before
    with torch.no_grad():
        module.averaged.lm_head.weight.zero_()
    assert uses() != before


def test_a_checkpoint_holds_the_average_beside_the_weights(tmp_path: Path) -> None:
    module = tiny_trm_module()
    trainer = fit_canvases(module, tmp_path, max_steps=3)
    state = saved(trainer, tmp_path)["state_dict"]
    for name, own in (("network", module.network), ("averaged", module.averaged)):
        kept = {k.removeprefix(f"{name}."): v for k, v in state.items() if k.startswith(name)}
        assert kept.keys() == own.state_dict().keys()
        assert all(torch.equal(value, own.state_dict()[key]) for key, value in kept.items())
    assert not torch.equal(state["network.lm_head.weight"], state["averaged.lm_head.weight"])
    assert torch.equal(state["network.y_start_D"], state["averaged.y_start_D"])


def test_a_fit_goes_on_from_a_checkpoint_and_other_uses_drop_what_the_slots_held(
    tmp_path: Path,
) -> None:
    trainer = fit_canvases(never_halting(), tmp_path, max_steps=2)
    carry = saved(trainer, tmp_path)["trm_carries"]
    path = tmp_path / "saved.ckpt"
    resumed = fit_canvases(never_halting(), tmp_path, ckpt_path=path)
    later = saved(resumed, tmp_path)["trm_carries"]
    assert later["num_steps_B"].tolist() == [3] * 4
    assert torch.equal(later["data.ids_BT"], carry["data.ids_BT"])
    loaded = TRMModule.load_from_checkpoint(path, weights_only=True)
    other = fit_canvases(loaded, tmp_path, max_steps=1)
    assert saved(other, tmp_path)["trm_carries"]["num_steps_B"].tolist() == [1] * 4


def test_slots_of_a_step_of_another_size_start_anew(
    tmp_path: Path, log_lines: pytest.LogCaptureFixture
) -> None:
    trainer = fit_canvases(never_halting(), tmp_path, max_steps=2)
    saved(trainer, tmp_path)
    path = tmp_path / "saved.ckpt"
    resumed = fit_canvases(never_halting(), tmp_path, ckpt_path=path, data=canvas_batches(rows=6))
    assert saved(resumed, tmp_path)["trm_carries"]["num_steps_B"].tolist() == [1] * 6
    (line,) = our_lines(log_lines)
    assert "4 rows" in line and "6 rows" in line


def test_padding_behind_an_answer_weighs_what_it_was_given_whatever_its_length(
    tmp_path: Path,
) -> None:
    pad, end = TOKENIZER.pad_id, TOKENIZER.end_id
    labels_BT = torch.tensor(
        [
            [IGNORED] * PROMPT_LENGTH + CANVAS.labels(answer)
            for answer in ([10], [10] * 4, [10] * 5, [10] * 6)
        ]
    )
    weights_BT = tiny_trm_module(padding_weight=0.5)._weights(labels_BT)
    assert weights_BT is not None and weights_BT.shape == labels_BT.shape
    assert not weights_BT[labels_BT == IGNORED].any()
    assert (weights_BT[(labels_BT == 10) | (labels_BT == end)] == 1).all()
    totals = (weights_BT * (labels_BT == pad)).sum(1)
    torch.testing.assert_close(totals, torch.tensor([0.5, 0.5, 0.0, 0.0]))


@pytest.mark.parametrize("length", range(1, CANVAS_LENGTH + 1))
def test_an_answer_is_exact_whatever_is_behind_its_end(length: int) -> None:
    module = tiny_trm_module(padding_weight=1.0)
    labels_BT = torch.tensor([[IGNORED] * PROMPT_LENGTH + CANVAS.labels([10] * length)])
    written_BT = labels_BT.clamp(min=0)
    written_BT[labels_BT == TOKENIZER.pad_id] = 11
    logits_BTV = torch.nn.functional.one_hot(written_BT, TOKENIZER.vocab_size) * 9.0
    loss = module.objective(logits_BTV, torch.zeros(1), labels_BT, module._weights(labels_BT))
    assert loss.is_exact_B.tolist() == [True]


def test_a_compiler_that_fails_is_done_without(
    tmp_path: Path, log_lines: pytest.LogCaptureFixture
) -> None:
    module, plain = tiny_trm_module(), tiny_trm_module()

    def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no compiler here")

    module.compile_network()
    module.network._compiled_call_impl = fails
    losses = [Losses(), Losses()]
    for each, watched in zip((module, plain), losses, strict=True):
        torch.manual_seed(1)
        fit_canvases(each, tmp_path, max_steps=2, callbacks=[watched])
    assert losses[0].values == losses[1].values
    (line,) = our_lines(log_lines)
    assert line.endswith("goes on without torch.compile: no compiler here")


def test_the_weights_are_a_copy_and_not_shared() -> None:
    module = tiny_trm_module()
    trained = {id(p) for p in module.parameters() if p.requires_grad}
    assert trained == {id(p) for p in module.network.parameters()}
    assert copy.deepcopy(module).averaged is not module.averaged


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("num_puzzle_ids", 2),
        ("supervision_steps", 0),
        ("exploration_probability", 1.5),
        ("padding_weight", -1.0),
        ("average_decay", 1.0),
        ("halt_weight", -0.5),
        ("binary_threshold", 1.0),
        ("num_gradient_cycles", 3),
    ],
)
def test_an_option_out_of_its_range_is_named(option: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"model\.init_args\.{option} .*{value}"):
        tiny_trm_module(**{option: value})


@pytest.mark.parametrize("option", ["supervision_steps", "num_inner_cycles", "learning_rate"])
def test_an_option_that_is_null_is_named(option: str) -> None:
    with pytest.raises(ValueError, match=rf"model\.init_args\.{option} cannot be null; leave it"):
        tiny_trm_module(**{option: None})


@pytest.mark.parametrize("option", ["binary_threshold", "expansion", "rope_theta", "weight_decay"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_named(option: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"model\.init_args\.{option} must be a finite number"):
        tiny_trm_module(**{option: value})


def test_a_canvas_is_needed_and_has_room_in_a_row() -> None:
    with pytest.raises(ValueError, match=r"^data\.canvas_length is needed for a TRMModule"):
        tiny_trm_module(canvas_length=None)
    with pytest.raises(ValueError, match=r"^data\.canvas_length must be from 1 to .* not 9"):
        tiny_trm_module(canvas_length=9)


def test_without_a_tokenizer_there_is_no_generator() -> None:
    module = tiny_trm_module()
    module.tokenizer = None
    with pytest.raises(RuntimeError, match="no tokenizer"):
        module.generator()
