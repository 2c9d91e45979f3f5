from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy
import pytest
import torch

from lit_coder.generation.contract import SamplingOptions, TokenGenerator
from lit_coder.problems.problem import Problem
from lit_coder.recursion import callback as callback_module
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.recursion.solvers import Draft, ModelSolver, ReferenceSolver, Solver
from lit_coder.recursion.weights import sampling_mode
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.trainer.checkpoint import RunCheckpoint
from lit_coder.training_data.data_module import POOL_FOLDER
from tests.recursion.given_texts import Writes
from tests.recursion.tiny_run import (
    SANDBOX,
    fit,
    make_data,
    make_module,
    make_recursion,
    records_in,
    samples_in,
)
from tests.training_data.parts import newest_version, own_problem, write_problems


class Watch(pl.Callback):
    """Notes what each step is trained on and with."""

    def __init__(self) -> None:
        self.rounds: list[int] = []
        self.versions: list[int] = []
        self.rates: list[float] = []
        self.modes: list[bool] = []

    def on_train_batch_start(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        self.rounds.append(trainer.datamodule.round)
        self.versions.append(trainer.datamodule.pool_version)
        self.rates.append(trainer.optimizers[0].param_groups[0]["lr"])
        self.modes.append(pl_module.training and pl_module.network.training)


def test_each_round_is_recorded_committed_and_trained_on_next(tmp_path: Path) -> None:
    watch = Watch()
    fit(tmp_path, watch, max_steps=6)
    records = records_in(tmp_path)
    assert [r.round for r in records] == [0, 1, 2]
    assert [r.global_step for r in records] == [2, 4, 6]
    assert [r.pool_version for r in records] == [2, 3, 4]
    assert watch.rounds == [0, 0, 1, 1, 2, 2]
    assert watch.versions == [1, 1, 2, 2, 3, 3]
    assert all(watch.modes)
    for record in records:
        samples = samples_in(tmp_path, record.pool_version)
        assert record.pool_size == sum(sample.accepted for sample in samples)
        assert {sample.round for sample in samples} == set(range(record.round + 1))
        assert record.totals.generated == sum(s.round == record.round for s in samples) == 4
        assert record.totals.accepted >= 3
        assert record.held_out is not None and record.held_out.num_tasks == 2
        assert record.validation_loss is not None and record.train_loss is not None
        phases = {"training", "measuring", "generating", "verifying", "committing"}
        assert set(record.seconds) == phases
    assert len({record.run_id for record in records}) == 1


def test_the_models_own_samples_come_with_what_a_policy_gradient_needs(tmp_path: Path) -> None:
    data = make_data()
    fit(tmp_path, recursion=make_recursion(solver=ModelSolver()), data=data, max_steps=2)
    samples = samples_in(tmp_path, 2)
    assert len(samples) == 8 and {s.origin for s in samples} == {"gpt"}
    assert len({s.stream for s in samples}) == 8
    for sample in samples:
        assert len(sample.log_probabilities) == len(sample.token_ids) + sample.ended
        assert data.tokenizer.decode(sample.token_ids) == sample.completion
        assert (sample.temperature, sample.model_step) == (0.8, 2)


def test_before_the_start_rounds_only_train_and_are_measured(tmp_path: Path) -> None:
    fit(tmp_path, recursion=make_recursion(start_after_steps=3), max_steps=6)
    records = records_in(tmp_path)
    assert [r.totals.generated for r in records] == [0, 4, 4]
    assert [r.pool_version for r in records] == [1, 2, 3]
    assert all(r.held_out is not None for r in records)


def test_with_no_problems_a_run_trains_and_measures_only(tmp_path: Path) -> None:
    fit(tmp_path, recursion=make_recursion(num_problems=0))
    records = records_in(tmp_path)
    assert [(r.totals.generated, r.pool_version, r.pool_size) for r in records] == [(0, 1, 0)] * 2
    assert all(r.held_out is not None for r in records)
    assert newest_version(tmp_path / POOL_FOLDER) == 1


class StopAt(pl.Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        if trainer.global_step == self.step:
            trainer.should_stop = True


def test_a_round_that_was_cut_short_does_not_generate(tmp_path: Path) -> None:
    recursion = make_recursion(every_n_steps=4)
    fit(tmp_path, StopAt(6), recursion=recursion, max_steps=8)
    assert [r.round for r in records_in(tmp_path)] == [0]
    assert newest_version(tmp_path / POOL_FOLDER) == 2
    assert recursion.ended_round is None


def test_a_round_counts_optimizer_steps_and_not_micro_batches(tmp_path: Path) -> None:
    data = make_data(accumulate_grad_batches=3)
    fit(tmp_path, data=data, accumulate_grad_batches=3)
    assert [r.global_step for r in records_in(tmp_path)] == [2, 4]


class WorseAndWorse(RecursiveGenerationCallback):
    """The held-out score falls from the second round on."""

    def _measure(self, module: Any, data: Any) -> Any:
        score = super()._measure(module, data)
        assert score is not None
        score.pass_at[1] = (0.5, 0.9, 0.8, 0.7, 0.95)[data.round]
        return score


def declining(on_decline: Any) -> RecursiveGenerationCallback:
    return WorseAndWorse(
        start_after_steps=0,
        every_n_steps=2,
        num_problems=3,
        max_new_tokens=4,
        held_out_samples=0,
        patience_rounds=2,
        on_decline=on_decline,
        solver=ReferenceSolver(),
        sandbox=SANDBOX,
    )


def test_a_decline_is_said_and_training_goes_on(
    tmp_path: Path, log_lines: pytest.LogCaptureFixture
) -> None:
    fit(tmp_path, recursion=declining("warn"), max_steps=10)
    records = records_in(tmp_path)
    assert [bool(r.note) for r in records] == [False, False, False, True, False]
    assert records[3].note.startswith("held-out pass@1 has fallen for 2 rounds")
    assert any("round 3: held-out pass@1 has fallen" in r.getMessage() for r in log_lines.records)


def test_a_decline_can_stop_the_run_after_its_round_is_saved(tmp_path: Path) -> None:
    trainer = fit(tmp_path, recursion=declining("stop"), max_steps=10)
    records = records_in(tmp_path)
    assert trainer.global_step == 8 and len(records) == 4
    assert "stopped" in records[-1].note
    assert os.readlink(tmp_path / "checkpoints" / "last.ckpt") == "round-0003.ckpt"


def test_a_collapse_that_is_only_warned_of_hides_no_decline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback_module, "collapse", lambda records: "the policy has collapsed")
    recursion = declining("stop")
    recursion.on_collapse = "warn"
    trainer = fit(tmp_path, recursion=recursion, max_steps=10)
    notes = [record.note for record in records_in(tmp_path)]
    assert trainer.global_step == 8
    assert notes[0] == "the policy has collapsed"
    assert "held-out pass@1 has fallen" in notes[-1]
    assert notes[-1].endswith("stopped (recursion.on_decline)")


def test_a_decline_can_bring_back_the_best_weights_and_their_pool(tmp_path: Path) -> None:
    class Weights(Watch):
        def __init__(self) -> None:
            super().__init__()
            self.weights: list[torch.Tensor] = []
            self.moments: list[list[torch.Tensor]] = []

        def on_train_batch_start(self, trainer: Any, pl_module: Any, *rest: Any) -> None:
            super().on_train_batch_start(trainer, pl_module, *rest)
            self.weights.append(pl_module.network.embed_tokens.weight.detach().clone())
            state = trainer.optimizers[0].state
            self.moments.append([s["exp_avg"].clone() for s in state.values()])

    watch = Weights()
    fit(tmp_path, watch, recursion=declining("roll_back"), max_steps=10)
    records = records_in(tmp_path)
    assert "went back to round-0001.ckpt" in records[3].note
    best = torch.load(tmp_path / "checkpoints" / "round-0001.ckpt", weights_only=True)
    # Step 8 is the first of the round after the decline, step 4 the first after the best round.
    assert torch.equal(watch.weights[8], best["state_dict"]["network.embed_tokens.weight"])
    assert torch.equal(watch.weights[8], watch.weights[4])
    for ours, saved in zip(watch.moments[8], watch.moments[4], strict=True):
        assert torch.equal(ours, saved)
    assert watch.versions == [1, 1, 2, 2, 3, 3, 4, 4, 3, 3]
    assert [r.pool_version for r in records] == [2, 3, 4, 5, 7]
    rounds = {sample.round for sample in samples_in(tmp_path, records[-1].pool_version)}
    assert rounds == {0, 1, 4}
    # The schedule goes on: it does not go back with the optimizer.
    assert watch.rates[2:] == sorted(watch.rates[2:], reverse=True)
    assert len(set(watch.rates[2:])) == len(watch.rates[2:])


def test_a_length_that_is_no_multiple_of_the_round_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"trainer\.max_steps \(5\).*\(2\), for example 4"):
        fit(tmp_path, max_steps=5)
    with pytest.raises(ValueError, match=r"trainer\.max_steps \(1\).*for example 2"):
        fit(tmp_path / "b", max_steps=1)
    assert not (tmp_path / POOL_FOLDER).exists()


def test_steps_without_a_row_for_samples_are_refused_before_the_first_of_them(
    tmp_path: Path,
) -> None:
    with pytest.raises(ValueError, match=r"data\.batch_size leaves no row .* step \(1\)") as caught:
        fit(tmp_path, data=make_data(batch_size=1))
    assert "data.labelled_share" in str(caught.value) and "\n" not in str(caught.value)
    assert records_in(tmp_path) == []


@pytest.mark.parametrize(
    ("recursion", "data"),
    [
        ({"num_problems": 0}, {}),
        # The last round's samples are trained on by nobody.
        ({"start_after_steps": 4}, {}),
        ({}, {"labelled_share": 1.0}),
    ],
)
def test_steps_of_one_row_are_enough_where_no_sample_is_trained_on(
    tmp_path: Path, recursion: dict[str, Any], data: dict[str, Any]
) -> None:
    fit(tmp_path, recursion=make_recursion(**recursion), data=make_data(batch_size=1, **data))
    assert len(records_in(tmp_path)) == 2


def test_a_resume_goes_on_and_refuses_rounds_of_another_size(tmp_path: Path) -> None:
    fit(tmp_path, max_steps=4)
    last = tmp_path / "checkpoints" / "last.ckpt"
    with pytest.raises(ValueError, match=r"recursion\.every_n_steps is 4.*have 2 steps") as caught:
        fit(tmp_path, recursion=make_recursion(every_n_steps=4), max_steps=8, ckpt_path=last)
    assert "\n" not in str(caught.value)
    fit(tmp_path, max_steps=8, ckpt_path=last)
    assert [r.round for r in records_in(tmp_path)] == [0, 1, 2, 3]
    assert len({r.run_id for r in records_in(tmp_path)}) == 1


def test_a_resume_from_an_old_checkpoint_does_its_later_rounds_again(tmp_path: Path) -> None:
    fit(tmp_path, max_steps=6)
    former = records_in(tmp_path)
    old = tmp_path / "checkpoints" / "round-0000.ckpt"
    fit(tmp_path, max_steps=6, ckpt_path=old)
    again = records_in(tmp_path)
    assert [r.round for r in again] == [0, 1, 2]
    assert [r.held_out for r in again] == [r.held_out for r in former]
    assert again[-1].pool_version > former[-1].pool_version
    ours = samples_in(tmp_path, again[-1].pool_version)
    assert ours == samples_in(tmp_path, former[-1].pool_version)
    superseded = tmp_path / "rounds" / "superseded"
    assert sorted(p.name for p in superseded.iterdir()) == ["0001.0.json", "0002.0.json"]


def test_a_resume_without_its_pool_is_refused(tmp_path: Path) -> None:
    fit(tmp_path, max_steps=2)
    (tmp_path / POOL_FOLDER).rename(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="is gone"):
        fit(tmp_path, max_steps=4, ckpt_path=tmp_path / "checkpoints" / "last.ckpt")


class RandomDraws(pl.Callback):
    """What the global generators would give next, before and after a round's end."""

    def __init__(self) -> None:
        self.states: list[tuple[Any, ...]] = []

    def _note(self) -> None:
        self.states.append(
            (
                torch.get_rng_state().tolist(),
                random.getstate(),
                numpy.random.get_state()[1].tolist(),
            )
        )

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self._note()

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if trainer.global_step:
            self._note()


def test_generating_leaves_global_random_state_and_training_mode_alone(tmp_path: Path) -> None:
    draws, watch = RandomDraws(), Watch()
    recursion = make_recursion(solver=ModelSolver(), held_out_samples=2)
    fit(tmp_path, draws, watch, recursion=recursion, max_steps=4)
    before, after, _ = draws.states
    assert before == after
    assert all(watch.modes)


def test_a_round_is_the_same_whatever_the_global_random_state_is(tmp_path: Path) -> None:
    class Disturb(pl.Callback):
        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            torch.manual_seed(99)
            random.seed(99)

    recursions = [make_recursion(solver=ModelSolver()) for _ in range(2)]
    fit(tmp_path / "a", recursion=recursions[0], max_steps=2)
    fit(tmp_path / "b", Disturb(), recursion=recursions[1], max_steps=2)
    assert samples_in(tmp_path / "a", 2) == samples_in(tmp_path / "b", 2)


def test_sampling_mode_puts_the_training_mode_back_also_after_an_error() -> None:
    module = make_module(make_data())
    for was_training in (True, False):
        module.train(was_training)
        with sampling_mode(module):
            assert not module.training and not torch.is_grad_enabled()
        assert module.training == was_training and torch.is_grad_enabled()
        with pytest.raises(KeyError), sampling_mode(module):
            raise KeyError
        assert module.training == was_training and torch.is_grad_enabled()


class SolverThatLooks(Solver):
    """Notes what a learner is given."""

    def __init__(self) -> None:
        self.seen: list[Problem] = []

    def solve(
        self,
        problems: Sequence[Problem],
        generator: TokenGenerator,
        tokenizer: CodeTokenizer,
        options: SamplingOptions,
        round: int,
    ) -> list[Draft]:
        self.seen += problems
        return []


class ModelSolverThatLooks(SolverThatLooks, ModelSolver):
    pass


def test_the_model_is_given_problems_without_their_solutions(tmp_path: Path) -> None:
    solver = ModelSolverThatLooks()
    fit(tmp_path, recursion=make_recursion(solver=solver), max_steps=2)
    assert len(solver.seen) == 4
    assert all(problem.reference is None for problem in solver.seen)
    other = SolverThatLooks()
    fit(tmp_path / "b", recursion=make_recursion(solver=other), max_steps=2)
    assert all(problem.reference for problem in other.seen)


def test_a_round_in_which_nothing_came_out_keeps_the_pool_as_it_is(tmp_path: Path) -> None:
    fit(tmp_path, recursion=make_recursion(solver=SolverThatLooks()))
    assert [(r.pool_version, r.totals.generated) for r in records_in(tmp_path)] == [(1, 0)] * 2


CHEATS = (
    "\n    import os; os._exit(0)\n",
    # Speaks in lone surrogates.
    "\n    return x\nraise ValueError('\\ud800\\x00')\n",
    "\n    return (\n",
)


def test_wrong_programs_never_enter_whatever_they_do_and_the_run_goes_on(tmp_path: Path) -> None:
    fit(tmp_path, recursion=make_recursion(solver=Writes(lambda _: CHEATS)))
    records = records_in(tmp_path)
    assert [r.pool_size for r in records] == [0, 0]
    assert [r.totals.generated for r in records] == [12, 12]
    statuses = {sample.status for sample in samples_in(tmp_path, 3)}
    assert {"error", "syntax_error"} <= statuses and "passed" not in statuses


def test_own_problems_that_do_not_fit_the_context_are_left_out_or_not_passed(
    tmp_path: Path, log_lines: pytest.LogCaptureFixture
) -> None:
    long = "# " + "why " * 200 + "\ndef f(x):\n"
    open_problems = write_problems(
        tmp_path / "open.jsonl",
        own_problem("long", 77, solved=False, prompt=long),
    )
    held_out = write_problems(
        tmp_path / "held_out.jsonl",
        own_problem("long held out", 78, solved=False, prompt=long),
    )
    data = make_data(problem_files=[open_problems], held_out_files=[held_out])
    recursion = make_recursion(solver=ModelSolver(), held_out_samples=2)
    fit(tmp_path, recursion=recursion, data=data, max_steps=2)
    (record,) = records_in(tmp_path)
    assert record.held_out is not None
    assert record.held_out.num_tasks == 3 and record.held_out.pass_at[1] < 0.7
    assert "long" not in {sample.task_id for sample in samples_in(tmp_path, 2)}
    lines = [line.getMessage() for line in log_lines.records]
    assert any("1 of 3 held-out prompts" in line for line in lines)
    assert any("1 prompts are empty or have no room" in line for line in lines)


def test_the_sandboxs_processes_end_with_the_run_and_with_an_exception(tmp_path: Path) -> None:
    class Break(pl.Callback):
        def on_train_batch_end(self, *_: Any) -> None:
            raise KeyError("broken")

    recursion = make_recursion()
    fit(tmp_path / "a", recursion=recursion, max_steps=2)
    assert recursion._runner is None
    with pytest.raises(KeyError):
        fit(tmp_path / "b", Break(), recursion=(recursion := make_recursion()), max_steps=2)
    assert recursion._runner is None


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("every_n_steps", 0),
        ("num_problems", -1),
        ("num_samples", 0),
        ("temperature", -1.0),
        ("top_p", 0.0),
        ("min_quality", 1.5),
        ("max_kept_per_problem", 0),
        ("patience_rounds", -1),
        ("held_out_samples", -1),
        ("held_out_samples", 1),
    ],
)
def test_an_impossible_option_is_refused_by_its_name(option: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"recursion\.{option} must be"):
        make_recursion(**{option: value})


def test_more_groups_than_a_round_can_draw_are_refused() -> None:
    with pytest.raises(ValueError, match=r"recursion\.min_groups \(6\) .* are 5 together"):
        make_recursion(min_groups=6, num_problems=3, max_extra_problems=2)


def test_groups_for_which_nothing_would_be_drawn_are_refused() -> None:
    with pytest.raises(ValueError, match=r"min_groups is 2 and recursion\.max_extra_problems 0"):
        make_recursion(min_groups=2, num_problems=3)


def test_rolling_back_without_held_out_problems_is_refused_at_the_start(tmp_path: Path) -> None:
    recursion = make_recursion(on_decline="roll_back")
    data = make_data(num_held_out=0)
    with pytest.raises(ValueError, match=r"on_decline roll_back.*data\.num_held_out") as caught:
        fit(tmp_path, recursion=recursion, data=data)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / POOL_FOLDER).exists()
    never = make_recursion(on_decline="roll_back", patience_rounds=0)
    fit(tmp_path / "b", recursion=never, data=make_data(num_held_out=0), max_steps=2)


def test_a_round_that_was_rolled_back_never_becomes_the_best(tmp_path: Path) -> None:
    class LossRises(RecursiveGenerationCallback):
        """pass@1 rises all the while; the validation loss says roll back in the last round."""

        def _measure(self, module: Any, data: Any) -> Any:
            score = super()._measure(module, data)
            assert score is not None
            score.pass_at[1] = (0.1, 0.2, 0.9, 0.15)[data.round]
            return score

        def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
            loss = (1.0, 2.0, 3.0, 2.5)[trainer.datamodule.round]
            trainer.callback_metrics["validation/loss"] = torch.tensor(loss)
            super().on_train_epoch_end(trainer, pl_module)

    recursion = LossRises(
        start_after_steps=0,
        every_n_steps=2,
        num_problems=0,
        held_out_samples=0,
        patience_rounds=2,
        on_decline="roll_back",
        sandbox=SANDBOX,
    )
    fit(tmp_path, recursion=recursion, max_steps=8)
    records = records_in(tmp_path)
    assert [r.rolled_back for r in records] == [False, False, True, False], records
    assert "went back to round-0001.ckpt" in records[2].note
    assert os.readlink(tmp_path / "checkpoints" / "best.ckpt") == "round-0001.ckpt"


def test_checkpoints_are_optional_where_the_loop_is_used_from_python(tmp_path: Path) -> None:
    assert RunCheckpoint().best_model_path == ""
