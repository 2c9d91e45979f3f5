"""Whole rounds with a repairer: what it writes is pooled, counted and trained on."""

from __future__ import annotations

from pathlib import Path

import pytest

from lit_coder.problems.problem import Problem
from lit_coder.recursion.callback import RecursiveGenerationCallback
from lit_coder.recursion.repairer import REPAIR
from lit_coder.recursion.solvers import ReferenceSolver
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.sample import ACCEPTED
from tests.recursion.given_texts import Writes
from tests.recursion.tiny_repairer import RepairsOnly, save_trm
from tests.recursion.tiny_run import (
    fit,
    make_data,
    make_module,
    make_recursion,
    records_in,
    samples_in,
)


def wrong_drafts(problem: Problem) -> list[str]:
    """The text that the problem starts from, which fails, and one that is no program."""
    return [problem.draft, "\n    return x %"]


def repair_data(steps_per_round: int = 2) -> CodeDataModule:
    """Problems of two operations; the GPT reads signature and examples, and no draft."""
    return make_data(
        steps_per_round,
        families=["repair"],
        difficulties=[2],
        held_out_difficulties=[2],
    )


def repairing(path: Path, **changes: object) -> RecursiveGenerationCallback:
    options = {"solver": Writes(wrong_drafts), "gate": RepairsOnly(), "repairer": str(path)}
    return make_recursion(**options | changes)


@pytest.fixture(scope="module")
def trm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_trm(tmp_path_factory.mktemp("trm") / "trm.ckpt")


def test_repairs_enter_the_pool_with_their_origin_and_are_trained_on(
    trm: Path, tmp_path: Path
) -> None:
    data = repair_data()
    trainer = fit(tmp_path, recursion=repairing(trm), data=data)
    first, second = records_in(tmp_path)
    for record in (first, second):
        assert record.repairer.startswith(f"{trm} (sha256:")
        assert record.repairs is not None
        assert (record.repairs.problems, record.repairs.drafts) == (4, 8)
        assert record.repairs.without_room == record.repairs.fixed_problems == 0
        assert record.repairs.mean_steps == 2
        assert record.repairs.accepted > 0
        assert record.totals.generated == 8 and record.totals.accepted == 0
        assert set(record.seconds) > {"verifying", "repairing"}
    samples = samples_in(tmp_path, second.pool_version)
    assert len(samples) == 32
    repairs = [sample for sample in samples if sample.origin == REPAIR]
    assert {s.draft for s in repairs} >= {"\n    return x %"} and len(
        {s.draft for s in repairs}
    ) > 4
    for sample in repairs:
        assert sample.token_ids == sample.log_probabilities == ()
        assert (sample.temperature, sample.top_k, sample.top_p) == (0.0, 0, 1.0)
    drafts = [sample for sample in samples if sample.origin == "gpt"]
    assert {(s.reason, s.temperature) for s in drafts} == {("no repair", 0.8)}
    accepted = [sample for sample in samples if sample.reason == ACCEPTED]
    assert {sample.origin for sample in accepted} == {REPAIR}
    assert len(accepted) == second.pool_size
    # The model that is trained reads their texts, by its own tokenizer.
    module = trainer.lightning_module
    batch = next(iter(trainer.datamodule.train_dataloader()))  # type: ignore[attr-defined]
    texts = {data.tokenizer.decode([i for i in row if i >= 5]) for row in batch["ids_BT"].tolist()}
    assert any(text.endswith(sample.completion) for text in texts for sample in accepted)
    # The repairer is no part of it.
    assert not any("averaged" in name for name in module.state_dict())


def test_where_the_solver_solves_everything_there_is_nothing_to_repair(
    trm: Path, tmp_path: Path
) -> None:
    recursion = repairing(trm, solver=ReferenceSolver(), gate=None)
    fit(tmp_path, recursion=recursion, data=repair_data(), max_steps=2)
    (record,) = records_in(tmp_path)
    assert record.repairs is not None and record.repairs.drafts == 0
    assert record.totals.solved_problems == 4


def test_rounds_that_only_train_repair_nothing_and_say_that_there_is_a_repairer(
    trm: Path, tmp_path: Path
) -> None:
    fit(tmp_path, recursion=repairing(trm, start_after_steps=4), data=repair_data())
    first, second = records_in(tmp_path)
    assert first.repairer == second.repairer != ""
    assert first.repairs is None and second.repairs is not None


def test_a_run_that_was_stopped_goes_on_to_the_same_pool(trm: Path, tmp_path: Path) -> None:
    def seeing() -> RecursiveGenerationCallback:
        return repairing(trm, repairer_sees_suspects=True)

    fit(tmp_path / "whole", recursion=seeing(), data=repair_data())
    fit(tmp_path / "half", recursion=seeing(), data=repair_data(), max_steps=2)
    last = tmp_path / "half" / "checkpoints" / "last.ckpt"
    fit(tmp_path / "half", recursion=seeing(), data=repair_data(), ckpt_path=last)
    whole, half = (records_in(tmp_path / name) for name in ("whole", "half"))
    assert [r.repairs for r in whole] == [r.repairs for r in half]
    for record in whole:
        assert record.repairs is not None and record.repairs.drafts == 8
        # Of the four that parse a line was found and shown; the others cannot be followed.
        assert (record.repairs.hinted, record.repairs.search_executions) == (4, 12)
    whole_pool, half_pool = (
        samples_in(tmp_path / name, records[-1].pool_version)
        for name, records in (("whole", whole), ("half", half))
    )
    assert whole_pool == half_pool
    plain = "def f(x):\n    # 12468:12345"
    assert {len(sample.prompt) for sample in whole_pool} == {len(plain)}, "a hint was kept"


def test_suspects_that_nobody_would_see_are_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"recursion.repairer_sees_suspects is true, but there is"):
        make_recursion(repairer_sees_suspects=True)


def test_another_repairer_is_refused_where_a_run_goes_on(trm: Path, tmp_path: Path) -> None:
    data = repair_data()
    fit(tmp_path, recursion=repairing(trm), data=data, max_steps=2)
    last = tmp_path / "checkpoints" / "last.ckpt"
    other = save_trm(tmp_path / "other.ckpt", seed=1)
    for recursion in (
        repairing(other),
        make_recursion(solver=Writes(wrong_drafts), gate=RepairsOnly()),
    ):
        with pytest.raises(ValueError, match=r"recursion.repairer is .*a resume cannot change it"):
            fit(tmp_path, recursion=recursion, data=repair_data(), ckpt_path=last)


def test_a_repairer_does_not_change_what_the_run_draws(trm: Path, tmp_path: Path) -> None:
    losses = []
    for name, recursion in (
        ("with", repairing(trm, num_problems=0)),
        ("without", make_recursion(num_problems=0)),
    ):
        data = repair_data()
        fit(tmp_path / name, recursion=recursion, data=data, module=make_module(data))
        losses.append([record.train_loss for record in records_in(tmp_path / name)])
    assert losses[0] == losses[1]
