"""Data sets in the hub's format, read from a folder; what the hub is asked, and when."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import constants

from lit_coder.corpora.open_sources import open_source
from lit_coder.corpora.source import SourceError

CARD = """---
license: mit
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train.jsonl
  - split: test
    path: data/test.jsonl
---
"""


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    pytest.importorskip("datasets", reason="the extra hub is not installed")
    (tmp_path / "data").mkdir()
    (tmp_path / "README.md").write_text(CARD)
    for split in ("train", "test"):
        rows = [{"id": number, "content": f"{split} = {number}\r\n"} for number in range(3)]
        (tmp_path / f"data/{split}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in rows)
        )
    return tmp_path


@pytest.mark.parametrize(
    ("rest", "split"), [("", "train"), (":test", "test"), (":test:content", "test")]
)
def test_split_and_column_may_be_named(dataset: Path, rest: str, split: str) -> None:
    source = open_source(f"hf:{dataset}{rest}")
    texts = [document.text for document in source.documents()]
    assert texts == [f"{split} = {number}\n" for number in range(3)]
    assert source.licence == "mit"


def test_a_folder_s_fingerprint_is_its_content_and_what_is_read_of_it(
    dataset: Path, tmp_path: Path
) -> None:
    before = {open_source(f"hf:{dataset}:{split}").fingerprint() for split in ("train", "test")}
    assert len(before) == 2
    with (dataset / "data/train.jsonl").open("a") as stream:
        stream.write('{"id": 9, "content": "more"}\n')
    assert open_source(f"hf:{dataset}:train").fingerprint() not in before


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        (":nope", r"Bad split: nope\. Available splits: \['train', 'test'\]"),
        (":train:nope", r"no column 'nope'; its columns are id \(int\), content \(str\)"),
        (":train:id", "the column 'id' .* holds no text"),
    ],
)
def test_a_wrong_split_or_column_names_those_that_are_there(
    dataset: Path, rest: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        open_source(f"hf:{dataset}{rest}")
    assert not isinstance(caught.value, SourceError)


@pytest.mark.parametrize("content", ["", '{"content": "a"}\n{bro'])
def test_a_damaged_data_set_is_one_that_is_left_out(dataset: Path, content: str) -> None:
    (dataset / "data/train.jsonl").write_text(content)
    with pytest.raises(SourceError, match=r"is empty|broke off"):
        open_source(f"hf:{dataset}")


def test_code_of_a_data_set_is_never_run(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="the extra hub is not installed")
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "hostile.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    with pytest.raises(ValueError, match=r"data\.corpus|cannot be read"):
        open_source(f"hf:{folder}")
    assert not (tmp_path / "ran").exists()


def test_a_name_without_network_is_left_out_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("datasets", reason="the extra hub is not installed")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SourceError, match=r"^hf:owner/name is not read: HF_HUB_OFFLINE is set$"):
        open_source("hf:owner/name")


def test_commit_and_column_together_ask_the_hub_nothing_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("datasets", reason="the extra hub is not installed")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    commit = "0123456789" * 4
    source = open_source(f"hf:owner/name/python@{commit}:test:code")
    assert source.fingerprint() == f"owner/name/{commit}/python/test/code"
