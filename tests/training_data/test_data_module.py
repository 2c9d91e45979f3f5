from __future__ import annotations

import hashlib
import logging
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch

from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data import data_module
from lit_coder.training_data.data_module import POOL_FOLDER, CodeDataModule
from lit_coder.training_data.examples import IGNORED
from lit_coder.training_data.pool import SamplePool
from tests.training_data.parts import (
    attached,
    checksum,
    make_sample,
    own_problem,
    tiny_data,
    tiny_tokenizer,
    write_problems,
)


def checksum_of_checksums(batches: Iterable[dict[str, torch.Tensor]]) -> str:
    return hashlib.sha256("".join(checksum([b]) for b in batches).encode()).hexdigest()[:16]


def learned_texts(data: CodeDataModule) -> set[str]:
    texts = set()
    for batch in data.train_dataloader():
        for labels in batch["labels_BT"]:
            texts.add(data.tokenizer.decode(labels[labels != IGNORED].tolist()))
    return texts


# What the quickstart's first rounds were given before there were corpora and several devices.
RECORDED = {
    "tokenizer": "b15d8023f0557079",
    "round 0": "80f7757625e8a0b4",
    "round 1": "18e2109113e14e35",
    "validation": "ec18ea5dd370ba1d",
}


def test_the_quickstarts_batches_never_change(tmp_path: Path) -> None:
    data = CodeDataModule(
        families=["arithmetic"],
        num_labelled=120,
        num_held_out=50,
        batch_size=32,
        max_sequence_length=128,
        steps_per_round=150,
        seed=1,
    )
    assert data.tokenizer.fingerprint[:16] == RECORDED["tokenizer"]
    assert checksum_of_checksums(attached(data, tmp_path).train_dataloader()) == RECORDED["round 0"]
    assert checksum_of_checksums(data.val_dataloader()) == RECORDED["validation"]
    samples = [
        make_sample(completion=f"    return x + {i}\n", difficulty=1 + i % 4) for i in range(50)
    ]
    version = SamplePool.create(tmp_path / POOL_FOLDER, "run").commit(samples, 1)
    later = attached(data.at_round(1, version), tmp_path)
    assert checksum_of_checksums(later.train_dataloader()) == RECORDED["round 1"]


def test_the_next_rounds_instance_is_a_new_one_of_the_same_class_and_hyper_parameters() -> None:
    data = tiny_data(seed=3)
    later = data.at_round(4, pool_version=7)
    assert later is not data and type(later) is type(data)
    assert dict(later.hparams) == dict(data.hparams)
    assert (later.round, later.pool_version, later.seed) == (4, 7, 3)
    assert (data.round, data.pool_version) == (0, 1)
    assert later.problems is data.problems and later.tokenizer is data.tokenizer
    assert later.at_round(5, 8).hparams == data.hparams


def test_entries_that_the_command_line_adds_are_no_obstacle_to_the_next_round() -> None:
    data = tiny_data()
    data.hparams["_instantiator"] = "lightning.pytorch.cli.instantiate_module"
    assert data.at_round(1, 2).round == 1


def test_round_and_version_are_state_and_not_options() -> None:
    data = tiny_data().at_round(4, 7)
    assert "round" not in data.hparams and "pool_version" not in data.hparams
    state = pickle.loads(pickle.dumps(data.state_dict()))
    other = tiny_data()
    other.load_state_dict(state)
    assert (other.round, other.pool_version) == (4, 7)
    assert other.state_dict() == state


def test_an_instance_that_loads_a_state_gives_the_batches_of_that_round(tmp_path: Path) -> None:
    pool = SamplePool.create(tmp_path / POOL_FOLDER, "run")
    version = pool.commit([make_sample()], 1)
    handed_over = attached(tiny_data().at_round(3, version), tmp_path)
    resumed = attached(tiny_data(), tmp_path)
    resumed.load_state_dict(handed_over.state_dict())
    for ours, theirs in zip(
        handed_over.train_dataloader(), resumed.train_dataloader(), strict=True
    ):
        assert torch.equal(ours["ids_BT"], theirs["ids_BT"])
        assert torch.equal(ours["labels_BT"], theirs["labels_BT"])


def test_a_round_has_a_micro_batch_for_each_accumulation(tmp_path: Path) -> None:
    data = attached(tiny_data(steps_per_round=3, accumulate_grad_batches=4), tmp_path)
    assert len(data.train_dataloader()) == 12


def test_the_first_round_trains_on_labelled_solutions_only(tmp_path: Path) -> None:
    data = attached(tiny_data(steps_per_round=20), tmp_path)
    assert learned_texts(data) == {p.reference for p in data.problems.labelled}


def test_a_round_is_pinned_at_its_version_of_the_pool(tmp_path: Path) -> None:
    pool = SamplePool.create(tmp_path / POOL_FOLDER, "run")
    first = pool.commit([make_sample(completion="    return 111\n")], 1)
    pool.commit([make_sample(completion="    return 222\n")], first)
    data = attached(tiny_data(steps_per_round=20).at_round(1, first), tmp_path)
    texts = learned_texts(data)
    assert "    return 111\n" in texts and "    return 222\n" not in texts


def test_a_rejected_sample_is_never_trained_on(tmp_path: Path) -> None:
    pool = SamplePool.create(tmp_path / POOL_FOLDER, "run")
    rejected = make_sample(completion="    return 0\n", accepted=False, reason="duplicate")
    version = pool.commit([make_sample(), rejected], 1)
    data = attached(tiny_data(steps_per_round=20).at_round(1, version), tmp_path)
    texts = learned_texts(data)
    assert make_sample().completion in texts and "    return 0\n" not in texts


def test_labelled_solutions_stay_in_every_batch_of_every_round(tmp_path: Path) -> None:
    pool = SamplePool.create(tmp_path / POOL_FOLDER, "run")
    version = pool.commit([make_sample(prompt="# pool\n")], 1)
    data = attached(
        tiny_data(steps_per_round=8, labelled_share=0.01).at_round(1, version), tmp_path
    )
    pool_start = data.tokenizer.encode("# pool\n")
    for batch in data.train_dataloader():
        from_pool = [row[: len(pool_start)].tolist() == pool_start for row in batch["ids_BT"]]
        assert 0 < sum(from_pool) < len(from_pool)


def test_the_tokenizer_is_trained_without_the_solution_of_any_unlabelled_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    train = CodeTokenizer.train

    def recorded(texts: Any, vocab_size: int, pattern: Any) -> CodeTokenizer:
        seen.extend(texts)
        return train(seen, vocab_size, pattern)

    monkeypatch.setattr(data_module.CodeTokenizer, "train", recorded)
    marked = own_problem("own", 5001, solved=False, prompt="def f(x):\n    # its prompt\n")
    path = write_problems(tmp_path / "own.jsonl", marked)
    data = tiny_data(problem_files=[path], difficulties=[2, 3], held_out_difficulties=[2, 3])
    assert data.tokenizer.vocab_size > 256
    labelled = {p.program(p.reference or "") for p in data.problems.labelled}
    unlabelled = data.problems.fresh(-1, 200)
    others = [t for t in seen if t not in labelled]
    assert labelled < set(seen)
    assert set(others) == {p.prompt for p in unlabelled}
    assert marked["prompt"] in others
    solved = [p for p in unlabelled if p.reference is not None]
    assert len(solved) > 90
    assert not [p for p in solved if any(p.reference in text for text in others)]
    measured = data.problems.held_out + data.problems.validation
    assert not {p.prompt for p in measured} & set(seen)


def test_the_pattern_of_whole_lines_writes_each_line_of_a_trace_in_two_tokens() -> None:
    shape = {"max_sequence_length": 16, "canvas_length": 16, "num_labelled": 400}
    of_lines = {"tokenizer_vocab_size": 283, "tokenizer_pattern": "line"}
    lines = {"difficulties": (3, 4, 5), "held_out_difficulties": (4, 5)}
    data = tiny_data(families=["tracing"], **lines, **shape, **of_lines)
    problem = data.problems.labelled[0]
    for text in (problem.draft, problem.reference):
        assert text is not None and len(text) > 0
        assert len(data.tokenizer.encode(text)) == 2 * text.count("\n")


def test_the_vocabulary_size_is_that_of_the_tokenizer_in_use(tmp_path: Path) -> None:
    data = tiny_data(tokenizer_vocab_size=100_000)
    assert data.vocab_size == data.tokenizer.vocab_size < 100_000
    largest = max(int(batch["ids_BT"].max()) for batch in attached(data, tmp_path).val_dataloader())
    assert largest < data.vocab_size
    data.tokenizer.save(tmp_path / "tokenizer.json")
    given = tiny_data(tokenizer=str(tmp_path / "tokenizer.json"), tokenizer_vocab_size=300)
    assert given.vocab_size == data.vocab_size


def test_a_pretrained_models_tokenizer_is_used_unless_another_is_given(tmp_path: Path) -> None:
    folder = tmp_path / "pretrained"
    folder.mkdir()
    (folder / "config.json").write_text("{}", encoding="utf-8")
    pretrained, other = tiny_tokenizer(), tiny_data().tokenizer
    pretrained.save(folder / "tokenizer.json")
    other.save(tmp_path / "other.json")
    data = tiny_data(pretrained=str(folder))
    assert data.tokenizer.fingerprint == pretrained.fingerprint
    assert data.at_round(1, 1).tokenizer is data.tokenizer
    given = tiny_data(pretrained=str(folder), tokenizer=str(tmp_path / "other.json"))
    assert given.tokenizer.fingerprint == other.fingerprint


def test_validation_solutions_are_never_among_the_labelled(tmp_path: Path) -> None:
    data = attached(tiny_data(steps_per_round=30, num_validation=4), tmp_path)
    validation = set()
    for batch in data.val_dataloader():
        for row in batch["ids_BT"]:
            validation.add(data.tokenizer.decode(row.tolist()))
    for batch in data.train_dataloader():
        for row in batch["ids_BT"]:
            assert data.tokenizer.decode(row.tolist()) not in validation


def test_without_validation_problems_there_is_no_validation_loader(tmp_path: Path) -> None:
    data = attached(tiny_data(num_validation=0), tmp_path)
    assert data.val_dataloader() == [] and data.validation_names == ()


def test_the_loss_on_validation_problems_has_a_name(tmp_path: Path) -> None:
    assert attached(tiny_data(), tmp_path).validation_names == ("validation/loss",)


def test_devices_and_accumulation_share_the_rows_of_a_step(tmp_path: Path) -> None:
    whole = attached(tiny_data(batch_size=8), tmp_path)
    texts = [learned_texts(whole)]
    for rank in range(2):
        part = tiny_data(batch_size=2, accumulate_grad_batches=2)
        texts.append(learned_texts(attached(part, tmp_path, world_size=2, rank=rank)))
    assert texts[0] == texts[1] | texts[2]


def test_packed_examples_fill_rows_of_the_sequence_length(tmp_path: Path) -> None:
    data = attached(tiny_data(pack_examples=True, max_sequence_length=128), tmp_path)
    learned = {p.reference for p in data.problems.labelled}
    for batch in data.train_dataloader():
        assert batch["ids_BT"].shape == (4, 128)
        for labels, documents in zip(batch["labels_BT"], batch["documents_BT"], strict=True):
            assert int(documents.max()) >= 2
            for document in range(int(documents.max())):
                own = labels[(documents == document) & (labels != IGNORED)].tolist()
                assert data.tokenizer.decode(own) in learned


def test_labelled_solutions_that_are_too_long_are_left_out_and_counted_in_a_warning(
    tmp_path: Path, log_lines: pytest.LogCaptureFixture
) -> None:
    long = own_problem("long", 9001, reference="    return x + 9001  # " + "why " * 90 + "\n")
    path = write_problems(tmp_path / "own.jsonl", long)
    data = attached(tiny_data(problem_files=[path], steps_per_round=30), tmp_path)
    assert not [text for text in learned_texts(data) if "9001" in text]
    (line,) = [r.getMessage() for r in log_lines.records if r.levelno == logging.WARNING]
    assert "1 of 13 labelled" in line and "data.max_sequence_length" in line


def test_validation_solutions_that_are_too_long_are_counted_in_a_warning(
    tmp_path: Path, log_lines: pytest.LogCaptureFixture
) -> None:
    data = attached(tiny_data(max_sequence_length=8), tmp_path)
    total = len(data.problems.validation)
    assert total and data.val_dataloader() == []
    (line,) = [r.getMessage() for r in log_lines.records if r.levelno == logging.WARNING]
    assert f"{total} of {total} validation" in line and "data.max_sequence_length" in line
    attached(data.at_round(1, 1), tmp_path).val_dataloader()
    assert len([r for r in log_lines.records if r.levelno == logging.WARNING]) == 1


def test_where_all_labelled_solutions_are_too_long_the_message_says_so(tmp_path: Path) -> None:
    data = attached(tiny_data(max_sequence_length=8), tmp_path)
    with pytest.raises(ValueError, match=r"data\.max_sequence_length"):
        data.train_dataloader()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("num_labelled", -1),
        ("num_held_out", -1),
        ("num_validation", -1),
        ("batch_size", 0),
        ("max_sequence_length", 7),
        ("labelled_share", 0),
        ("labelled_share", 1.1),
        ("corpus_share", 0),
        ("corpus_share", 1.5),
        ("corpus_validation_share", 1),
        ("max_corpus_documents", 0),
        ("fim_rate", -0.1),
        ("num_workers", -1),
    ],
)
def test_an_impossible_option_is_refused_by_its_name(option: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"data\.{option} must be .*{value}"):
        tiny_data(**{option: value})
