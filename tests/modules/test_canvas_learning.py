"""A TRM as a LightningModule learns from the rewards of what it wrote, beside real answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from lit_coder.generation.contract import Prompt, SamplingOptions
from lit_coder.generation.sampling import stream_key, stream_name
from lit_coder.modules.trm_module import TRMModule
from lit_coder.networks.trm_halting import initial_carry, supervision_step
from lit_coder.objectives.canvas_policy import CanvasPolicy
from lit_coder.objectives.group_advantages import group_advantages
from lit_coder.training_data.canvas_rollouts import CanvasRolloutPart, canvas_rollout_rows
from lit_coder.training_data.examples import IGNORED, collate
from tests.modules.tiny_fit import QUIET, TOKENIZER
from tests.modules.tiny_trm_fit import (
    CANVAS,
    PROMPT_LENGTH,
    Losses,
    canvas_batches,
    fit_canvases,
    tiny_trm_module,
)
from tests.training_data.parts import make_sample

pytestmark = [
    *QUIET,
    pytest.mark.filterwarnings("ignore:.*your dataloader is not resumable"),
]


def learning_module(**changes: Any) -> TRMModule:
    return tiny_trm_module(objective=CanvasPolicy(), supervision_steps=1, **changes)


def canvas_batch(module: TRMModule, rows: int, wanted: int) -> dict[str, Tensor]:
    """Canvases that the module wrote from noisy starts, rewarded where they begin as wanted."""
    options = SamplingOptions(rows, CANVAS.shape.canvas_length, temperature=1.0)
    (written,) = module.generator().generate([Prompt((), draft_ids=(10, 11))], options)
    labels = torch.full((rows, CANVAS.shape.num_positions), IGNORED)
    logs = torch.zeros(labels.shape)
    for row, completion in enumerate(written):
        ids = torch.tensor(CANVAS.labels(completion.ids))
        labels[row, PROMPT_LENGTH : PROMPT_LENGTH + 1] = ids[:1]
        # Where the first token is padding, nothing was written.
        logs[row, PROMPT_LENGTH] = next(iter(completion.log_probabilities), 0.0)
    rewards = (labels[:, PROMPT_LENGTH] == wanted).float()
    return {
        "ids_BT": torch.tensor([CANVAS.row((), (10, 11))] * rows),
        "labels_BT": labels,
        "is_policy_B": torch.ones(rows),
        "rewards_B": rewards,
        "advantages_B": group_advantages(rewards, torch.zeros(rows)),
        "sampling_log_probabilities_BT": logs,
        "written_steps_B": torch.tensor([float(each.num_steps) for each in written]),
        "start_keys_B": torch.tensor([stream_key(0, "0", each.sample or 0) for each in written]),
    }


def written_again(module: TRMModule, num_steps: int) -> dict[str, float]:
    """What the policy measures of canvases that it wrote, and a step of its weights."""
    learning = module.learning
    assert learning is not None
    prompt = Prompt((), "p", draft_ids=tuple(TOKENIZER.encode("ab")))
    options = SamplingOptions(16, CANVAS.shape.canvas_length, temperature=1.0)
    (written,) = module.generator().generate([prompt], options)
    assert len({each.num_steps for each in written}) > 1
    samples = [
        make_sample(
            prompt="",
            draft="ab",
            token_ids=each.ids,
            log_probabilities=each.log_probabilities,
            ended=each.ended,
            stream=stream_name(0, "p", each.sample or 0),
            num_steps=each.num_steps,
            reward=float(number % 2),
            advantages=(number % 2 - 0.5,) * len(each.log_probabilities),
        )
        for number, each in enumerate(written)
    ]
    rows = canvas_rollout_rows(samples, TOKENIZER, CANVAS)
    part, length = CanvasRolloutPart(rows), CANVAS.shape.num_positions
    columns = {name: torch.from_numpy(each) for name, each in part.columns(rows, length).items()}
    batch = collate(rows, TOKENIZER.pad_id) | columns
    fields = learning.fields(batch)
    found = {}
    for when in ("before", "after"):
        carry = initial_carry(module.network, fields)
        for _ in range(num_steps):
            starts = learning.starts(module.network, batch)
            step = supervision_step(module.network, carry, fields, num_steps, starts=starts)
            step = learning.replayed(step)
            loss = learning.loss(step, None, module._banned_ids).total
            carry = step.carry
        measures = learning.since_row.take()
        found |= {f"{when}/{name}": value for name, value in measures.items()}
        loss.backward()
        torch.optim.SGD(module.network.parameters(), lr=20.0).step()
    return found


@pytest.mark.parametrize("cross_entropy", ["stablemax", "softmax"])
def test_the_ratio_is_1_for_the_weights_that_wrote_and_leaves_it_with_an_update(
    cross_entropy: Any,
) -> None:
    module = tiny_trm_module(
        objective=CanvasPolicy(cross_entropy), cross_entropy=cross_entropy, supervision_steps=3
    )
    with torch.no_grad():
        module.network.halt_head.weight.normal_()
        module.network.halt_head.bias.zero_()
    module.averaged.load_state_dict(module.network.state_dict())
    found = written_again(module, num_steps=3)
    assert found["before/log_probability_difference"] < 1e-5 and found["before/clip_share"] == 0
    assert found["after/log_probability_difference"] > 1e-2 and found["after/clip_share"] > 0


def test_a_rewarded_canvas_is_written_more_often_and_a_punished_one_less(tmp_path: Path) -> None:
    module = learning_module(average_decay=0.0, warmup_steps=0)
    options = SamplingOptions(8, 6, temperature=1.0)
    (written,) = module.generator().generate([Prompt((), draft_ids=(10, 11))], options)
    firsts = [CANVAS.labels(each.ids)[0] for each in written]
    wanted = firsts[0]
    batch = canvas_batch(module, 8, wanted)
    assert 0 < batch["rewards_B"].mean() < 1
    loader: Any = DataLoader([batch] * 8, batch_size=None)  # type: ignore[arg-type]
    losses = Losses()
    fit_canvases(module, tmp_path, max_steps=8, data=loader, callbacks=[losses])
    assert canvas_batch(module, 8, wanted)["rewards_B"].mean() > batch["rewards_B"].mean()
    assert len(losses.values) == 8


def test_without_rollouts_it_trains_as_without_an_objective(tmp_path: Path) -> None:
    found = []
    for module in (learning_module(), tiny_trm_module(supervision_steps=1)):
        losses = Losses()
        torch.manual_seed(1)
        fit_canvases(module, tmp_path, data=canvas_batches(), callbacks=[losses])
        found.append(losses.values)
    assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_slots_and_measures_go_on_after_a_resume_also_from_a_run_without_rewards(
    tmp_path: Path,
) -> None:
    plain = fit_canvases(tiny_trm_module(supervision_steps=1), tmp_path, max_steps=1)
    plain.save_checkpoint(tmp_path / "plain.ckpt", weights_only=False)
    module = learning_module()
    fit_canvases(module, tmp_path, max_steps=2, ckpt_path=tmp_path / "plain.ckpt")
    batch = canvas_batch(module, 4, wanted=10)
    loader: Any = DataLoader([batch] * 3, batch_size=None)  # type: ignore[arg-type]
    trainer = fit_canvases(module, tmp_path, max_steps=2, data=loader)
    assert module.learning is not None
    measured = module.learning.since_round.means()
    assert measured["reward"] == pytest.approx(float(batch["rewards_B"].mean()))
    trainer.save_checkpoint(tmp_path / "rewarded.ckpt", weights_only=False)
    content = torch.load(tmp_path / "rewarded.ckpt", weights_only=True)
    assert content["trm_carries"]["data.is_policy_B"].tolist() == [1.0] * 4
    resumed = learning_module()
    fit_canvases(resumed, tmp_path, max_steps=3, data=loader, ckpt_path=tmp_path / "rewarded.ckpt")
    assert resumed.learning is not None
    count = resumed.learning.since_round.totals["reward"][1]
    assert float(count) == 3 * 4
    assert "train/reward" in resumed.take_measures()


def test_data_without_rewards_are_refused_and_not_trained_on_as_if_nothing_were_asked(
    tmp_path: Path,
) -> None:
    batches = canvas_batches().dataset
    data = pl.LightningDataModule.from_datasets(train_dataset=batches, val_dataset=batches)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_steps=1,
        limit_val_batches=0,
        default_root_dir=tmp_path,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with pytest.raises(ValueError, match=r"model\.init_args\.objective needs batches with"):
        trainer.fit(learning_module(), datamodule=data)


def test_another_way_to_probabilities_than_the_networks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cross_entropy must be .* \(softmax\), not stablemax"):
        learning_module(cross_entropy="softmax")


def test_another_weight_of_halting_than_the_modules_is_refused() -> None:
    with pytest.raises(ValueError, match=r"halt_weight must be .* \(0\.3\), not 0\.5"):
        tiny_trm_module(objective=CanvasPolicy(), halt_weight=0.3)
