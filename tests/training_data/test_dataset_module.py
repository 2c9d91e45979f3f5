"""Datasets in the DataModule: what is drawn how often, what the loop solves, what is resumed."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.dataset_choice import TRAINED_ON_KEY
from lit_coder.training_data.examples import IGNORED
from lit_coder.training_data.round_loader import RoundLoader
from tests.training_data.dataset_files import write_alpaca, write_mbpp, write_programs
from tests.training_data.parts import attached, checksum, tiny_data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of three datasets."""
    for write in (write_mbpp, write_alpaca, write_programs):
        write(tmp_path / "sets")
    return tmp_path


def data_of(folder: Path, *names: str, **changes: Any) -> CodeDataModule:
    options: dict[str, Any] = {
        "families": [],
        "datasets": list(names),
        "datasets_folder": str(folder / "sets"),
        "corpus_validation_share": 0.1,
        "max_sequence_length": 128,
        "cache_dir": str(folder / "cache"),
        "steps_per_round": 6,
    }
    return attached(tiny_data(**(options | changes)), folder)


def answers(data: CodeDataModule, loader: RoundLoader) -> list[str]:
    """What is learned in a round, without the end tokens."""
    decode = data.tokenizer.decode
    return [
        decode([label for label in labels_T if label not in (IGNORED, data.tokenizer.end_id)])
        for batch in loader
        for labels_T in batch["labels_BT"].tolist()
    ]


def test_only_answers_are_learned_and_sets_are_drawn_by_their_weights(folder: Path) -> None:
    data = data_of(folder, "mbpp_train:3", "alpaca_python", batch_size=64)
    learned = answers(data, data.train_dataloader())
    of_problems = sum(text.startswith("def plus_") for text in learned)
    assert of_problems + sum(text.startswith("def f()") for text in learned) == 6 * 64
    assert 0.65 < of_problems / len(learned) < 0.85
    assert data.validation_names == (
        "validation/loss",
        "validation/mbpp_train_loss",
        "validation/alpaca_python_loss",
    )


def test_problems_are_labelled_and_the_loops_to_solve(folder: Path) -> None:
    data = data_of(folder, "mbpp_train", "alpaca_python")
    problems = data.problems
    assert {p.source for p in problems.labelled} == {"mbpp_train"} and problems.untried
    assert set(problems.fresh(round=0, count=100)) == set(problems.unlabelled)
    # A reference that fails: the tests may be wrong, so nothing is learned from the problem.
    data.leave_out_labelled(frozenset({problems.labelled[0].task_id}))
    assert problems.labelled[0] not in {*data.problems.labelled, *data.problems.unlabelled}
    mixed = data_of(folder, "mbpp_train", families=["arithmetic"], num_labelled=12).problems
    sources = {p.source for p in mixed.labelled}
    assert sources == {"mbpp_train", "arithmetic"}


def test_programs_join_the_corpus(folder: Path) -> None:
    data = data_of(folder, "codeparrot_clean", "alpaca_python", max_samples_per_dataset=40)
    batch = next(iter(data.train_dataloader()))
    assert "documents_BT" in batch
    assert data.corpus is not None
    assert data.corpus.train.num_documents + data.corpus.validation.num_documents == 40


@pytest.mark.parametrize("names", [("mbpp_train", "alpaca_python:0.5"), ("codeparrot_clean",)])
@pytest.mark.parametrize("packed", [False, True])
def test_a_resume_goes_on_with_the_very_same_batches(
    folder: Path, names: tuple[str, ...], packed: bool
) -> None:
    names = (*names, "mbpp_validation")
    whole = data_of(folder, *names, pack_examples=packed).at_round(3, 1)
    expected = list(attached(whole, folder).train_dataloader())
    stopped = attached(data_of(folder, *names, pack_examples=packed).at_round(3, 1), folder)
    loader = stopped.train_dataloader()
    batches = iter(loader)
    seen = [next(batches) for _ in range(2)]
    state, cursor = stopped.state_dict(), loader.state_dict()
    resumed = data_of(folder, *names, pack_examples=packed)
    resumed.load_state_dict(state)
    rest = resumed.train_dataloader()
    rest.load_state_dict(cursor)
    assert checksum([*seen, *rest]) == checksum(expected)


def test_changed_data_are_said_where_a_run_goes_on(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = data_of(folder, "mbpp_train").state_dict()
    write_mbpp(folder / "sets", wrong=(605,))
    resumed = data_of(folder, "mbpp_train")
    resumed.load_state_dict(state)
    with caplog.at_level(logging.WARNING):
        resumed.train_dataloader()
    assert "data.datasets have changed since the checkpoint was written" in caplog.text


def test_references_that_failed_stay_out_without_being_run_again(folder: Path) -> None:
    begun = data_of(folder, "mbpp_train")
    assert begun.known_failing is None
    begun.leave_out_labelled(frozenset({"mbpp_train/605"}))
    state = begun.at_round(1, 1).state_dict()
    resumed = data_of(folder, "mbpp_train")
    resumed.load_state_dict(state)
    assert resumed.known_failing == {"mbpp_train/605"}
    write_mbpp(folder / "sets", wrong=(606,))
    changed = data_of(folder, "mbpp_train")
    changed.load_state_dict(state)
    assert changed.known_failing is None


def test_a_mark_of_benchmarks_rides_in_the_checkpoint(folder: Path) -> None:
    assert data_of(folder, "mbpp_train").state_dict()[TRAINED_ON_KEY] == []
    with pytest.raises(ValueError, match=r"data\.allow_benchmarks_in_training"):
        data_of(folder, "mbpp")
    marked = data_of(folder, "mbpp", "mbpp_train", allow_benchmarks_in_training=True)
    assert marked.state_dict()[TRAINED_ON_KEY] == ["mbpp"]


def test_options_that_do_not_fit_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"data\.max_samples_per_dataset must be 1 or more"):
        data_of(folder, "mbpp_train", max_samples_per_dataset=0)
    with pytest.raises(ValueError, match="datasets of programs"):
        data_of(folder, "codeparrot_clean", canvas_length=16)
    with pytest.raises(ValueError, match="no folder"):
        _ = data_of(folder, "mbpp_train", datasets_folder="nowhere").problems
