"""What a run's config.yaml says, what a resume may change of it, and how much a run says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from huggingface_hub import constants

from lit_coder.cli.run_changes import refuse_changed_files, refuse_changes
from lit_coder.cli.saved_config import absolute_corpus, take_saved_model
from tests.cli.command_line import TINY, CommandLine

CORPUS_OPTIONS = {
    "corpus": ["stdlib"],
    "corpus_share": 0.5,
    "corpus_validation_share": 0.01,
    "max_corpus_documents": None,
    "keep_only": "parses",
    "cleaning": None,
    "fim_rate": 0.0,
    "pack_examples": False,
}
OTHER: dict[str, Any] = {
    "corpus": ["site-packages"],
    "corpus_share": 0.25,
    "corpus_validation_share": 0.02,
    "max_corpus_documents": 9,
    "keep_only": "all",
    "cleaning": {"min_length": 3},
    "fim_rate": 0.5,
    "pack_examples": True,
}


def test_sources_of_a_corpus_are_saved_so_that_they_are_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for source in ("stdlib", "site-packages", "hf:owner/name:train:text", str(tmp_path / "a")):
        assert absolute_corpus(source) == source
    assert absolute_corpus("code") == str(tmp_path / "code")
    assert absolute_corpus("pool.lance:completion") == str(tmp_path / "pool.lance:completion")


def test_a_file_of_the_hub_that_is_another_now_ends_a_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "datasets--someone--boards"
    file = repository / "snapshots" / ("ab" * 20) / "train.csv"
    for path, text in ((repository / "refs" / "main", "ab" * 20), (file, "other")):
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    name = "hf:someone/boards/train.csv"
    config = {"data": {"problem_files": [f"{name}:100"], "held_out_files": None}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    environment = tmp_path / "environment.json"
    environment.write_text(json.dumps({"data_sha256": {name: "0" * 64}}), encoding="utf-8")
    with pytest.raises(ValueError, match=f"the problem file {name} has changed since the run"):
        refuse_changed_files(tmp_path)
    same = hashlib.sha256(b"other").hexdigest()
    environment.write_text(json.dumps({"data_sha256": {name: same}}), encoding="utf-8")
    refuse_changed_files(tmp_path)


@pytest.mark.parametrize("name", sorted(OTHER))
def test_a_resume_cannot_change_what_the_corpus_gives(name: str, tmp_path: Path) -> None:
    saved = {"data": CORPUS_OPTIONS}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(saved))
    refuse_changes(tmp_path, saved, "fit")
    changed = {"data": {**CORPUS_OPTIONS, name: OTHER[name]}}
    with pytest.raises(ValueError, match=rf"data\.{name} is .* a resume cannot change it"):
        refuse_changes(tmp_path, changed, "fit")
    refuse_changes(tmp_path, changed, "test")


def test_a_resume_takes_a_pretrained_network_from_its_checkpoint_and_not_from_the_hub() -> None:
    saved = {"hyper_parameters": {"hidden_size": 64, "pretrained": None, "learning_rate": 0.5}}
    model = {"hidden_size": 256, "pretrained": "owner/name", "learning_rate": 0.1}
    config = SimpleNamespace(
        model=SimpleNamespace(init_args=model), data=SimpleNamespace(pretrained="owner/name")
    )
    take_saved_model(saved, config)
    assert model == {"hidden_size": 64, "pretrained": None, "learning_rate": 0.1}
    assert config.data.pretrained is None


def test_how_much_is_said_is_an_option_and_its_word_is_checked(command: CommandLine) -> None:
    ended = command("fit", *TINY, "--log_level=error")
    assert ended.status == 0 and ended.err == ""
    run = command.folder / "runs" / "run"
    assert (run / "training.log").read_text() == ""
    assert yaml.safe_load((run / "config.yaml").read_text())["log_level"] == "error"
    ended = command("fit", "--ckpt_path=last", "--trainer.max_steps=6", "--log_level=debug")
    assert ended.status == 0
    assert " INFO lit_coder." in (run / "training.log").read_text()
    sentence = command.refused("fit", *TINY, "--log_level=loud")
    assert sentence.startswith("log_level must be one of debug, info, warning, error")
