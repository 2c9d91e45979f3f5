from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any, ClassVar

import lightning.pytorch as pl
import pytest
import torch

from lit_coder.generation.contract import Prompt, SamplingOptions
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.recursion.solvers import ReferenceSolver
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.trainer.checkpoint_writer import CheckpointWriter
from lit_coder.trainer.stop_signals import RunInterrupted
from lit_coder.training_data.pool import SamplePool, _manifests
from tests.recursion.tiny_run import (
    SANDBOX,
    fit,
    make_data,
    make_module,
    make_recursion,
    records_in,
)
from tests.trainer.test_checkpoint_writer import assert_equal, files_of_at_most


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


def test_the_best_rounds_are_kept_as_many_as_asked_for(tmp_path: Path) -> None:
    checkpoint = RunCheckpoint(0, 0, keep_last_n=1, keep_best_n=2)
    recursion = Scores(0.5, 0.2, 0.9, 0.5, 0.1)
    fit(tmp_path, recursion=recursion, checkpoint=checkpoint, max_steps=10)
    assert files_in(tmp_path) == ["round-0000.ckpt", "round-0002.ckpt", "round-0004.ckpt"]
    assert target(tmp_path, "best") == "round-0002.ckpt"


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
    assert (saved["CodeDataModule"]["round"], saved["CodeDataModule"]["pool_version"]) == (1, 2)
    assert saved["global_step"] == 2
    callbacks = {key.split("{")[0]: state for key, state in saved["callbacks"].items()}
    assert callbacks["RecursiveGenerationCallback"]["run_id"] == recursion.run_id
    assert set(callbacks["RandomState"]) >= {"python", "numpy", "torch"}
    assert callbacks["RunCheckpoint"]["best"] == [["round-0000.ckpt", 0.0]]


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


def weights_in(folder: Path) -> dict[str, torch.Tensor]:
    saved = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    weights: dict[str, torch.Tensor] = saved["state_dict"]
    return weights


def assert_goes_on_as_if_undisturbed(folder: Path, make: Callable[[], Any]) -> None:
    fit(folder, recursion=make(), max_steps=4, ckpt_path=folder / "checkpoints" / "last.ckpt")
    fit(folder / "undisturbed", recursion=make(), max_steps=4)
    expected = weights_in(folder / "undisturbed")
    assert all(torch.equal(weight, expected[name]) for name, weight in weights_in(folder).items())
    records = [(r.train_loss, r.counts) for r in records_in(folder)]
    assert records == [(r.train_loss, r.counts) for r in records_in(folder / "undisturbed")]


def test_a_signal_in_a_rounds_last_step_loses_that_step_alone(tmp_path: Path) -> None:
    recursion = Scores(every_n_steps=4)
    with pytest.raises(RunInterrupted, match="this step and the round's end are run again"):
        fit(tmp_path, SignalAt(3), recursion=recursion, max_steps=4)
    assert target(tmp_path, "last") == "step-00000003.ckpt"
    assert_goes_on_as_if_undisturbed(tmp_path, lambda: Scores(every_n_steps=4))


class BrokenOff(ReferenceSolver):
    """Ends the round in the middle of its end."""

    def __init__(self, how: Callable[[], None]) -> None:
        self._how = how

    def solve(self, *arguments: Any, **named: Any) -> Any:
        self._how()
        return super().solve(*arguments, **named)


def test_a_signal_while_generating_loses_one_step_and_the_rounds_end(tmp_path: Path) -> None:
    solver = BrokenOff(lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(RunInterrupted, match="stopped while generating"):
        fit(tmp_path, recursion=make_recursion(solver=solver, every_n_steps=4), max_steps=4)
    assert not (tmp_path / "rounds").exists()
    assert target(tmp_path, "last") == "step-00000003.ckpt"
    assert_goes_on_as_if_undisturbed(tmp_path, lambda: make_recursion(every_n_steps=4))


def test_a_failure_in_a_rounds_end_loses_one_step_as_well(tmp_path: Path) -> None:
    def fail() -> None:
        raise MemoryError("while generating")

    recursion = make_recursion(solver=BrokenOff(fail), every_n_steps=3)
    with pytest.raises(MemoryError):
        fit(tmp_path, recursion=recursion, max_steps=3)
    assert target(tmp_path, "last") == "step-00000002.ckpt"


def test_a_signal_that_comes_while_a_round_is_committed_stops_after_the_round(
    tmp_path: Path,
) -> None:
    class SignalAtEnd(pl.Callback):
        def on_train_epoch_end(self, *_: Any) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(RunInterrupted, match="stopped and saved after round 0"):
        fit(tmp_path, SignalAtEnd(), recursion=Scores(), max_steps=4)
    assert target(tmp_path, "last") == "round-0000.ckpt"


def test_an_abort_saves_nothing(tmp_path: Path) -> None:
    class AbortAtEnd(pl.Callback):
        def on_validation_end(self, trainer: pl.Trainer, *_: Any) -> None:
            raise RunInterrupted("aborted without saving", signal.SIGINT, aborted=True)

    with pytest.raises(RunInterrupted, match="aborted"):
        fit(tmp_path, AbortAtEnd(), recursion=Scores(every_n_steps=4), max_steps=4)
    assert target(tmp_path, "last") == "step-00000000.ckpt"


@contextmanager
def slow_writes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every write in the background ends only when somebody waits for it."""
    written: list[str] = []
    wait, run = CheckpointWriter.wait, CheckpointWriter._run

    def waiting(self: CheckpointWriter) -> None:
        may_go.set()
        wait(self)
        may_go.clear()

    def running(self: CheckpointWriter, held: Any) -> None:
        assert may_go.wait(timeout=60)
        run(self, held)
        written.append(held.path.name)

    may_go = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(CheckpointWriter, "wait", waiting)
        patch.setattr(CheckpointWriter, "_run", running)
        yield written


def test_training_goes_on_while_a_checkpoint_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Look(pl.Callback):
        seen: ClassVar[list[list[str]]] = []

        def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
            self.seen.append(list(written))

    checkpoint = RunCheckpoint(every_n_train_steps=2, every_n_minutes=0)
    with slow_writes(monkeypatch) as written:
        fit(tmp_path, Look(), recursion=Scores(every_n_steps=6), checkpoint=checkpoint, max_steps=6)
    # Steps 3 and 4 run before step-2 is whole; the save at step 4 waits for it.
    assert Look.seen[:5] == [[], [], [], [], ["step-00000002.ckpt"]]
    assert target(tmp_path, "last") == "round-0000.ckpt"
    assert (tmp_path / "checkpoints" / "last.ckpt").exists()


@pytest.mark.parametrize("end", ["normally", "by a signal", "by an exception"])
def test_every_end_waits_for_the_write_in_flight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    class End(pl.Callback):
        def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
            if trainer.global_step == 2 and end == "by an exception":
                raise RuntimeError("a bug")
            if trainer.global_step == 2 and end == "by a signal":
                os.kill(os.getpid(), signal.SIGTERM)

    checkpoint = RunCheckpoint(every_n_train_steps=1, every_n_minutes=0)
    run = nullcontext() if end == "normally" else pytest.raises((RuntimeError, RunInterrupted))
    with slow_writes(monkeypatch), run:
        fit(tmp_path, End(), recursion=Scores(every_n_steps=3), checkpoint=checkpoint, max_steps=3)
    expected = {"normally": "round-0000.ckpt", "by a signal": "step-00000002.ckpt"}
    assert target(tmp_path, "last") == expected.get(end, "step-00000001.ckpt")
    assert not list((tmp_path / "checkpoints").glob(".*"))


def test_best_and_last_are_whole_when_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Look(pl.Callback):
        best = ""

        def on_train_epoch_start(self, trainer: pl.Trainer, *_: Any) -> None:
            self.best = checkpoint.best_model_path
            assert not self.best or Path(self.best).exists()

    look, checkpoint = Look(), RunCheckpoint(every_n_train_steps=0, every_n_minutes=0)
    with slow_writes(monkeypatch):
        fit(tmp_path, look, recursion=Scores(0.1, 0.2), checkpoint=checkpoint, max_steps=4)
    assert Path(look.best).name == "round-0000.ckpt"


def test_in_the_background_or_not_a_run_writes_the_same(tmp_path: Path) -> None:
    for in_background in (False, True):
        checkpoint = RunCheckpoint(1, 0, keep_last_n=99, in_background=in_background)
        fit(tmp_path / str(in_background), recursion=Scores(), checkpoint=checkpoint, max_steps=4)
    one, other = tmp_path / "False", tmp_path / "True"
    assert files_in(one) == files_in(other)
    for name in files_in(one):
        states = [
            torch.load(folder / "checkpoints" / name, weights_only=True) for folder in (one, other)
        ]
        plain = [{k: v for k, v in state.items() if k != "callbacks"} for state in states]
        assert_equal(*plain)


def test_a_full_disk_ends_the_run_at_the_next_step_and_keeps_the_former_checkpoint(
    tmp_path: Path,
) -> None:
    class FullAt(pl.Callback):
        steps = 0

        def on_train_batch_start(self, trainer: pl.Trainer, *_: Any) -> None:
            self.steps = trainer.global_step
            # The disk is full once the former checkpoint is there, and has been met at step 4.
            if trainer.global_step in (3, 4):
                for thread in threading.enumerate():
                    if thread.name == "checkpoint":
                        thread.join()
            if trainer.global_step == 3:
                limits.enter_context(files_of_at_most(20_000))

    full, checkpoint = FullAt(), RunCheckpoint(every_n_train_steps=2, every_n_minutes=0)
    with ExitStack() as limits, pytest.raises(OSError, match="File too large"):
        fit(tmp_path, full, recursion=Scores(every_n_steps=9), checkpoint=checkpoint, max_steps=9)
    assert full.steps == 4
    assert target(tmp_path, "last") == "step-00000002.ckpt"
    assert files_in(tmp_path) == ["step-00000000.ckpt", "step-00000002.ckpt"]
    fit(tmp_path, recursion=Scores(every_n_steps=9), max_steps=9,
        ckpt_path=tmp_path / "checkpoints" / "last.ckpt")  # fmt: skip


def test_a_users_own_save_is_written_at_once(tmp_path: Path) -> None:
    class SaveMine(pl.Callback):
        def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
            trainer.save_checkpoint(tmp_path / "mine" / "mine.ckpt", weights_only=False)
            assert (tmp_path / "mine" / "mine.ckpt").exists()

    fit(tmp_path, SaveMine(), recursion=Scores(), max_steps=2)
    assert torch.load(tmp_path / "mine" / "mine.ckpt", weights_only=True)["global_step"] == 2


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir(parents=True)
    (tmp_path / "checkpoints" / ".step-00000001.ckpt.partial").write_bytes(b"half")
    fit(tmp_path, recursion=Scores(), max_steps=2)
    assert not list((tmp_path / "checkpoints").glob(".*"))


def test_pool_versions_live_as_long_as_the_checkpoints_that_go_on_from_them(tmp_path: Path) -> None:
    checkpoint = RunCheckpoint(every_n_train_steps=0, every_n_minutes=0, keep_last_n=2)
    fit(tmp_path, recursion=make_recursion(), checkpoint=checkpoint, max_steps=12)
    pool = SamplePool(tmp_path / "pool.lance", "")
    for name in files_in(tmp_path):
        saved = torch.load(tmp_path / "checkpoints" / name, weights_only=True)
        pool.read(saved["CodeDataModule"]["pool_version"])
    # The best round's, the two newest, and one whose checkpoint went when the last was whole.
    assert files_in(tmp_path) == ["round-0000.ckpt", "round-0004.ckpt", "round-0005.ckpt"]
    assert sorted(_manifests(pool.path)) == [2, 5, 6, 7]


def test_a_run_with_another_tokenizer_is_refused(tmp_path: Path) -> None:
    data = make_data()
    fit(tmp_path, recursion=Scores(), data=data, max_steps=2)
    last = tmp_path / "checkpoints" / "last.ckpt"
    other = make_data(tokenizer_vocab_size=280)
    module = make_module(data)
    with pytest.raises(ValueError, match=r"data\.tokenizer is not the tokenizer"):
        fit(tmp_path, recursion=Scores(), data=other, module=module, max_steps=4, ckpt_path=last)


@pytest.mark.parametrize(
    "option",
    [
        {"every_n_train_steps": -1},
        {"every_n_minutes": -0.5},
        {"keep_last_n": 0},
        {"keep_best_n": 0},
    ],
)
def test_an_impossible_option_is_refused_by_its_name(option: dict[str, Any]) -> None:
    (name,) = option
    with pytest.raises(ValueError, match=rf"checkpoint\.{name} must be"):
        RunCheckpoint(**option)


def test_of_rounds_shorter_than_the_steps_between_saves_some_are_saved(tmp_path: Path) -> None:
    """At the first round's end after so many steps; and what is the best so far."""
    checkpoint = RunCheckpoint(every_n_train_steps=3, every_n_minutes=0, keep_last_n=99)
    recursion = Scores(0.1, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, every_n_steps=1)
    fit(tmp_path, recursion=recursion, checkpoint=checkpoint, max_steps=8)
    saved = [f"round-{number:04d}.ckpt" for number in (0, 2, 3, 5, 7)]
    assert files_in(tmp_path) == [*saved, "step-00000000.ckpt"]
    assert target(tmp_path, "best") == "round-0003.ckpt"
