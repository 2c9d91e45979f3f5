from __future__ import annotations

import logging
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from lit_coder.training_data.corpus_tokens import PreparedTokens
from lit_coder.training_data.data_module import POOL_FOLDER, CodeDataModule
from lit_coder.training_data.examples import IGNORED
from lit_coder.training_data.pool import SamplePool
from tests.training_data.parts import (
    attached,
    make_sample,
    tiny_data,
    tiny_tokenizer,
    write_corpus,
)

CORPUS_IDS, VALIDATION_IDS = range(400, 700), range(800, 900)


def with_corpus(folder: Path, **changes: Any) -> CodeDataModule:
    """A DataModule beside a corpus of ids that stand in no problem."""
    data = tiny_data(**{"corpus": ["given below"], "max_sequence_length": 64, **changes})
    data.__dict__["tokenizer"] = tokenizer = tiny_tokenizer()
    data.__dict__["corpus"] = PreparedTokens(
        train=write_corpus(folder / "train", [CORPUS_IDS] * 9, tokenizer.end_id),
        validation=write_corpus(folder / "validation", [VALIDATION_IDS] * 2, tokenizer.end_id),
    )
    return attached(data, folder)


def corpus_row_starts(data: CodeDataModule) -> list[int]:
    """The first id of each row that is the corpus's, in order."""
    return [
        int(ids[0])
        for batch in data.train_dataloader()
        for ids in batch["ids_BT"]
        if int(ids.max()) >= CORPUS_IDS.start
    ]


def write_programs(folder: Path, number: int) -> str:
    folder.mkdir(exist_ok=True)
    for n in range(number):
        text = f"def scaled_{n}(values):\n    return [{n} * value for value in values]\n" * 3
        (folder / f"program_{n}.py").write_text(text, encoding="utf-8")
    return str(folder)


def from_programs(folder: Path, corpus: str, **changes: Any) -> CodeDataModule:
    """A DataModule whose corpus is files."""
    options = {"corpus": [corpus], "cache_dir": str(folder / "cache"), "max_sequence_length": 64}
    return attached(tiny_data(**(options | changes)), folder)


def test_files_are_trained_on_and_others_of_them_measured(tmp_path: Path) -> None:
    corpus = write_programs(tmp_path / "programs", 60)
    data = from_programs(tmp_path, corpus, families=[], corpus_validation_share=0.3)
    texts = {"train": "", "validation": ""}
    for split, batches in (
        ("train", data.train_dataloader()),
        ("validation", data.val_dataloader()),
    ):
        for batch in batches:
            for ids in batch["ids_BT"]:
                texts[split] += data.tokenizer.decode(ids.tolist())
    names = {split: set(re.findall(r"def (\w+)\(", text)) for split, text in texts.items()}
    assert len(names["validation"]) > 5 and len(names["train"]) > 5
    assert not names["train"] & names["validation"]


def test_a_tokenizer_is_trained_on_the_corpus_as_well_as_on_the_problems(tmp_path: Path) -> None:
    corpus = write_programs(tmp_path / "programs", 60)
    data = from_programs(tmp_path, corpus, tokenizer_vocab_size=600)
    alone = tiny_data(tokenizer_vocab_size=600)
    program = (tmp_path / "programs" / "program_7.py").read_text(encoding="utf-8")
    assert 2 * len(data.tokenizer.encode(program)) < len(alone.tokenizer.encode(program))
    solution = data.problems.labelled[0].prompt
    assert len(data.tokenizer.encode(solution)) < 1.2 * len(alone.tokenizer.encode(solution))


def test_a_corpus_that_fills_no_row_is_refused(tmp_path: Path) -> None:
    corpus = write_programs(tmp_path / "programs", 1)
    with pytest.raises(ValueError, match=r"data\.max_sequence_length \(4096\)") as caught:
        from_programs(tmp_path, corpus, max_sequence_length=4096).train_dataloader()
    assert "data.corpus" in str(caught.value) and "\n" not in str(caught.value)


def test_a_corpus_that_has_changed_since_the_checkpoint_is_named(
    tmp_path: Path, log_lines: pytest.LogCaptureFixture
) -> None:
    corpus = write_programs(tmp_path / "programs", 20)
    tokenizer = tmp_path / "tokenizer.json"
    tiny_tokenizer().save(tokenizer)
    state = from_programs(tmp_path, corpus, tokenizer=str(tokenizer)).state_dict()
    for number, warnings in ((20, 0), (21, 1)):
        write_programs(tmp_path / "programs", number)
        resumed = from_programs(tmp_path, corpus, tokenizer=str(tokenizer))
        resumed.load_state_dict(state)
        resumed.train_dataloader()
        resumed.train_dataloader()
        lines = [r.getMessage() for r in log_lines.records if "has changed" in r.getMessage()]
        assert len(lines) == warnings


def test_beside_a_corpus_every_row_is_packed_and_the_shares_hold(tmp_path: Path) -> None:
    version = SamplePool.create(tmp_path / POOL_FOLDER, "run").commit([make_sample()], 1)
    data = with_corpus(tmp_path, batch_size=8).at_round(1, version)
    for batch in attached(data, tmp_path).train_dataloader():
        assert batch["ids_BT"].shape == batch["documents_BT"].shape == (8, 64)
        assert sum(int(ids.max()) >= CORPUS_IDS.start for ids in batch["ids_BT"]) == 4


def test_a_corpus_alone_is_enough_to_train_on(tmp_path: Path) -> None:
    data = with_corpus(tmp_path, families=[], num_held_out=0, num_validation=0)
    for batch in data.train_dataloader():
        assert bool((batch["labels_BT"] != IGNORED).any())
        assert all(int(ids.max()) >= CORPUS_IDS.start for ids in batch["ids_BT"])
    assert data.validation_names == ("validation/corpus_loss",)


def test_rounds_go_on_in_the_corpus_where_the_one_before_ended(tmp_path: Path) -> None:
    options: dict[str, Any] = {"families": [], "num_held_out": 0, "num_validation": 0}
    whole = corpus_row_starts(with_corpus(tmp_path, steps_per_round=6, **options))
    data = with_corpus(tmp_path, steps_per_round=2, **options)
    starts: list[int] = []
    for round in range(3):
        starts += corpus_row_starts(attached(data, tmp_path))
        data = data.at_round(round + 1, 1)
    assert starts == whole


def test_a_resumed_round_goes_on_in_the_corpus_where_it_was(tmp_path: Path) -> None:
    data = with_corpus(tmp_path)
    data.train_dataloader()
    later = attached(data.at_round(1, 1), tmp_path)
    resumed = with_corpus(tmp_path)
    resumed.load_state_dict(pickle.loads(pickle.dumps(later.state_dict())))
    assert corpus_row_starts(resumed) == corpus_row_starts(later)
    assert corpus_row_starts(resumed) != corpus_row_starts(data)


def test_the_corpus_is_opened_once_and_handed_on(tmp_path: Path) -> None:
    data = with_corpus(tmp_path)
    assert data.at_round(1, 1).corpus is data.corpus


def test_the_corpus_has_a_validation_loss_of_its_own_documents(tmp_path: Path) -> None:
    data = with_corpus(tmp_path)
    assert data.validation_names == ("validation/loss", "validation/corpus_loss")
    solutions, documents = data.val_dataloader()
    assert all(int(batch["ids_BT"].max()) < CORPUS_IDS.start for batch in solutions)
    for batch in documents:
        assert set(batch) == {"ids_BT", "labels_BT", "documents_BT"}
        assert int(batch["ids_BT"].min()) == data.tokenizer.end_id
        assert int(batch["ids_BT"].max()) == VALIDATION_IDS.stop - 1


def test_the_size_of_the_corpus_and_the_passes_over_it_are_said_once(
    tmp_path: Path, log_lines: pytest.LogCaptureFixture
) -> None:
    log_lines.set_level(logging.INFO, logger="lit_coder")
    data = with_corpus(tmp_path)
    data.train_dataloader()
    data.train_dataloader()
    attached(data.at_round(1, 1), tmp_path).train_dataloader()
    (line,) = [r.getMessage() for r in log_lines.records if "passes" in r.getMessage()]
    # 20 steps of 2 rows; 42 rows of 64 tokens.
    assert "2,709 tokens in 9 documents" in line and "1.0 passes in 20 steps" in line


def test_what_holds_a_benchmarks_task_has_one_switch() -> None:
    with pytest.raises(ValueError, match=r"set data\.decontaminate"):
        tiny_data(corpus=["stdlib"], cleaning={"decontaminate": False})


def test_filling_in_the_middle_without_a_corpus_is_refused() -> None:
    with pytest.raises(ValueError, match=r"data\.fim_rate .*data\.corpus"):
        tiny_data(fim_rate=0.5)


def test_a_canvas_beside_packed_rows_is_refused() -> None:
    for beside in ({"corpus": ["stdlib"]}, {"pack_examples": True}):
        with pytest.raises(ValueError, match=r"data\.canvas_length .*data\.corpus"):
            tiny_data(canvas_length=16, **beside)


def test_worker_processes_give_the_same_batches(tmp_path: Path) -> None:
    without, with_workers = with_corpus(tmp_path), with_corpus(tmp_path, num_workers=1)
    for ours, theirs in zip(
        without.train_dataloader(), with_workers.train_dataloader(), strict=True
    ):
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_validation_part_without_a_whole_row_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = with_corpus(tmp_path, max_sequence_length=512)
    with caplog.at_level(logging.WARNING):
        data.val_dataloader()
    assert data.validation_names == ("validation/loss",)
    assert "raise data.corpus_validation_share" in caplog.text
