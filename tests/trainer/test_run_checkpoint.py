from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

from lit_coder.generation.contract import Prompt, SamplingOptions
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.recursion.solvers import ReferenceSolver
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.trainer.stop_signals import RunInterrupted
from tests.recursion.tiny_run import SANDBOX, fit, make_data, make_module, make_recursion


class Scores(RecursiveGenerationCallback):
    """Rounds without programs whose held-out scores are given."""

    def __init__(self, *scores: float, **changes: Any) -> None:
        options: dict[str, Any] = {"every_n_steps": 2, "num_problems": 0, "held_out_samples": 0}
        super().__init__(start_after_steps=0, sandbox=SANDBOX, **(options | changes))
        self._scores = scores

    def _measure(self, module: Any, data: Any) -> Any:
        score = super()._measure(module, data)
        assert score is not None
        if self._scores:
            score.pass_at[1] = self._scores[data.round]
        return score


def files_in(folder: Path) -> list[str]:
    return sorted(p.name for p in (folder / "checkpoints").iterdir() if not p.is_symlink())


def target(folder: Path, link: str) -> str:
    return os.readlink(folder / "checkpoints" / f"{link}.ckpt")


def test_a_new_run_saves_its_first_weights_before_the_first_step(tmp_path: Path) -> None:
    class Look(pl.Callback):
        found = ""

        def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
            self.found = self.found or target(tmp_path, "last")

    look = Look()
    fit(tmp_path, look, recursion=Scores(), max_steps=2)
    assert look.found == "step-00000000.ckpt"


def test_steps_and_rounds_are_saved_but_never_a_rounds_last_batch(tmp_path: Path) -> None:
    checkpoint = RunCheckpoint(every_n_train_steps=1, every_n_minutes=0, keep_last_n=99)
    fit(tmp_path, recursion=Scores(every_n_steps=3), checkpoint=checkpoint, max_steps=6)
    steps = [f"step-{step:08d}.ckpt" for step in (0, 1, 2, 4, 5)]
    assert files_in(tmp_path) == ["round-0000.ckpt", "round-0001.ckpt", *steps]
    assert target(tmp_path, "last") == "round-0001.ckpt"


def test_a_save_falls_on_an_optimizer_step_and_not_inside_an_accumulation(tmp_path: Path) -> None:
    checkpoint = RunCheckpoint(every_n_train_steps=1, every_n_minutes=0, keep_last_n=99)
    saves: list[int] = []

    class Count(pl.Callback):
        def on_save_checkpoint(self, trainer: pl.Trainer, *_: Any) -> None:
            saves.append(trainer.global_step)

    fit(
        tmp_path,
        Count(),
        recursion=Scores(every_n_steps=2),
        data=make_data(accumulate_grad_batches=3),
        checkpoint=checkpoint,
        max_steps=2,
        accumulate_grad_batches=3,
    )
    assert saves == [0, 1, 2]


def test_minutes_make_a_save_due_as_well(tmp_path: Path) -> None:
    checkpoint = RunCheckpoint(every_n_train_steps=0, every_n_minutes=1e-9, keep_last_n=99)
    fit(tmp_path, recursion=Scores(every_n_steps=3), checkpoint=checkpoint, max_steps=3)
    assert "step-00000001.ckpt" in files_in(tmp_path)


def test_the_best_round_is_linked_and_kept_beside_the_newest(tmp_path: Path) -> None:
    checkpoint = RunCheckpoint(every_n_train_steps=1, every_n_minutes=0, keep_last_n=2)
    recursion = Scores(0.2, 0.9, 0.9, 0.3)
    fit(tmp_path, recursion=recursion, checkpoint=checkpoint, max_steps=8)
    assert target(tmp_path, "best") == "round-0001.ckpt"
    assert target(tmp_path, "last") == "round-0003.ckpt"
    assert files_in(tmp_path) == ["round-0001.ckpt", "round-0003.ckpt", "step-00000007.ckpt"]
    assert Path(checkpoint.best_model_path).name == "round-0001.ckpt"
    assert Path(checkpoint.last_model_path).name == "round-0003.ckpt"


def test_links_never_point_at_a_file_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink
    looked = 0

    def looking(self: Path, missing_ok: bool = False) -> None:
        nonlocal looked
        unlink(self, missing_ok)
        for link in self.parent.glob("*.ckpt"):
            looked += 1
            assert link.exists(), f"{link.name} points at nothing"

    monkeypatch.setattr(Path, "unlink", looking)
    checkpoint = RunCheckpoint(every_n_train_steps=1, every_n_minutes=0, keep_last_n=1)
    fit(tmp_path, recursion=Scores(0.1, 0.2, 0.3), checkpoint=checkpoint, max_steps=6)
    assert looked > 5
    assert files_in(tmp_path) == ["round-0002.ckpt"]


def test_files_that_a_user_puts_beside_the_checkpoints_stay(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir(parents=True)
    mine = ["my-favourite.ckpt", "round-0001-good.ckpt", "notes-1.txt"]
    for name in mine:
        (tmp_path / "checkpoints" / name).write_text("mine")
    checkpoint = RunCheckpoint(every_n_train_steps=1, every_n_minutes=0, keep_last_n=1)
    fit(tmp_path, recursion=Scores(), checkpoint=checkpoint, max_steps=6)
    assert set(mine) <= set(files_in(tmp_path))


def test_the_best_score_is_known_after_a_resume(tmp_path: Path) -> None:
    fit(tmp_path, recursion=Scores(0.8, 0.1), max_steps=4)
    checkpoint = RunCheckpoint(every_n_train_steps=0, every_n_minutes=0)
    last = tmp_path / "checkpoints" / "last.ckpt"
    recursion = Scores(0, 0, 0.5)
    fit(tmp_path, recursion=recursion, checkpoint=checkpoint, max_steps=6, ckpt_path=last)
    assert target(tmp_path, "best") == "round-0000.ckpt"
    assert checkpoint.best_score == 0.8


def test_a_best_checkpoint_that_is_gone_is_said_and_found_anew(
    tmp_path: Path, log_lines: pytest.LogCaptureFixture
) -> None:
    fit(tmp_path, recursion=Scores(0.8, 0.1), max_steps=4)
    (tmp_path / "checkpoints" / "round-0000.ckpt").unlink()
    last = tmp_path / "checkpoints" / "last.ckpt"
    fit(tmp_path, recursion=Scores(0, 0, 0.5), max_steps=6, ckpt_path=last)
    assert target(tmp_path, "best") == "round-0002.ckpt"
    assert any("round-0000.ckpt is gone" in r.getMessage() for r in log_lines.records)


class Poison(pl.Callback):
    """Makes a weight infinite after a step."""

    def __init__(self, step: int) -> None:
        self._step = step

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        if trainer.global_step == self._step:
            with torch.no_grad():
                pl_module.network.embed_tokens.weight[0, 0] = float("inf")


@pytest.mark.parametrize("step", [3, 4])
def test_weights_that_are_not_finite_are_never_saved(tmp_path: Path, step: int) -> None:
    checkpoint = RunCheckpoint(every_n_train_steps=1, every_n_minutes=0, keep_last_n=99)
    with pytest.raises(ValueError, match="not a finite number") as caught:
        fit(tmp_path, Poison(step), recursion=Scores(), checkpoint=checkpoint, max_steps=6)
    last_good = "round-0000.ckpt" if step == 3 else "step-00000003.ckpt"
    assert str(tmp_path / "checkpoints" / last_good) in str(caught.value)
    assert "model.init_args.learning_rate" in str(caught.value)
    assert target(tmp_path, "last") == last_good
    for name in files_in(tmp_path):
        saved = torch.load(tmp_path / "checkpoints" / name, weights_only=True)
        assert all(torch.isfinite(weight).all() for weight in saved["state_dict"].values())


def test_a_loss_that_is_not_finite_ends_the_run_too(tmp_path: Path) -> None:
    class BadLoss(pl.Callback):
        def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
            pl_module.train_loss.add(torch.tensor(float("nan")))

    checkpoint = RunCheckpoint(every_n_train_steps=1, every_n_minutes=0)
    with pytest.raises(ValueError, match="not a finite number at step 1"):
        fit(tmp_path, BadLoss(), recursion=Scores(), checkpoint=checkpoint, max_steps=4)


def test_a_checkpoint_is_complete_for_use_without_its_run(tmp_path: Path) -> None:
    data = make_data()
    fit(tmp_path / "run", recursion=Scores(), data=data, max_steps=2)
    alone = tmp_path / "alone.ckpt"
    shutil.copy(tmp_path / "run" / "checkpoints" / "last.ckpt", alone)
    trained = torch.load(alone, weights_only=True)["state_dict"]
    shutil.rmtree(tmp_path / "run")
    module = GPTModule.load_from_checkpoint(alone, map_location="cpu", weights_only=True)
    assert module.tokenizer is not None
    assert module.tokenizer.fingerprint == data.tokenizer.fingerprint
    prompt = module.tokenizer.encode("def f(x):\n")
    options = SamplingOptions(num_samples=2, max_new_tokens=5, temperature=0.8)
    (completions,) = module.generator().generate([Prompt(tuple(prompt))], options)
    assert len(completions) == 2
    for name, weight in module.state_dict().items():
        assert torch.equal(weight, trained[name])


def test_a_checkpoint_holds_plain_data_and_all_that_a_resume_needs(tmp_path: Path) -> None:
    recursion = make_recursion(solver=ReferenceSolver())
    fit(tmp_path, recursion=recursion, max_steps=2)
    saved = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert saved["tokenizer_json"] and saved["optimizer_states"] and saved["lr_schedulers"]
    assert saved["CodeDataModule"] == {"round": 1, "pool_version": 2}
    assert saved["global_step"] == 2
    callbacks = {key.split("{")[0]: state for key, state in saved["callbacks"].items()}
    assert callbacks["RecursiveGenerationCallback"]["run_id"] == recursion.run_id
    assert set(callbacks["RandomState"]) >= {"python", "numpy", "torch"}
    assert callbacks["RunCheckpoint"]["best_file"] == "round-0000.ckpt"


class SignalAt(pl.Callback):
    def __init__(self, step: int, number: int = signal.SIGTERM) -> None:
        self._step, self._number = step, number

    def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.global_step == self._step:
            os.kill(os.getpid(), self._number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_step_and_ends_the_run(tmp_path: Path, number: int) -> None:
    former = signal.getsignal(number)
    with pytest.raises(RunInterrupted, match="stopped and saved at step 2") as caught:
        fit(tmp_path, SignalAt(1, number), recursion=Scores(every_n_steps=4), max_steps=4)
    assert caught.value.signal_number == number
    assert target(tmp_path, "last") == "step-00000002.ckpt"
    assert signal.getsignal(number) == former


def test_a_signal_in_a_rounds_last_step_saves_nothing_that_would_skip_its_end(
    tmp_path: Path,
) -> None:
    with pytest.raises(RunInterrupted, match="last step, which is not saved"):
        fit(tmp_path, SignalAt(1), recursion=Scores(), max_steps=4)
    assert target(tmp_path, "last") == "step-00000000.ckpt"


def test_a_signal_while_generating_drops_the_round_and_a_resume_does_it_whole(
    tmp_path: Path,
) -> None:
    class SignalWhileSolving(ReferenceSolver):
        def solve(self, *arguments: Any, **named: Any) -> Any:
            os.kill(os.getpid(), signal.SIGINT)
            return super().solve(*arguments, **named)

    with pytest.raises(RunInterrupted, match="stopped while generating"):
        fit(tmp_path, recursion=make_recursion(solver=SignalWhileSolving()), max_steps=4)
    assert not (tmp_path / "rounds").exists()
    last = tmp_path / "checkpoints" / "last.ckpt"
    fit(tmp_path, max_steps=4, ckpt_path=last)
    assert sorted(p.name for p in (tmp_path / "rounds").iterdir()) == ["0000.json", "0001.json"]


def test_a_run_with_another_tokenizer_is_refused(tmp_path: Path) -> None:
    data = make_data()
    fit(tmp_path, recursion=Scores(), data=data, max_steps=2)
    last = tmp_path / "checkpoints" / "last.ckpt"
    other = make_data(tokenizer_vocab_size=280)
    module = make_module(data)
    with pytest.raises(ValueError, match=r"data\.tokenizer is not the tokenizer"):
        fit(tmp_path, recursion=Scores(), data=other, module=module, max_steps=4, ckpt_path=last)


@pytest.mark.parametrize(
    "option", [{"every_n_train_steps": -1}, {"every_n_minutes": -0.5}, {"keep_last_n": 0}]
)
def test_an_impossible_option_is_refused_by_its_name(option: dict[str, Any]) -> None:
    (name,) = option
    with pytest.raises(ValueError, match=rf"checkpoint\.{name} must be"):
        RunCheckpoint(**option)
