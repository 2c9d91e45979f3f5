"""A table of tokens without separators becomes texts that end where lines do."""

from __future__ import annotations

from pathlib import Path

import lance
import pyarrow
import pytest
from made_text_sets import byte_tokenizer, programs

from lit_coder.corpora.datasets import token_windows
from lit_coder.corpora.datasets.opening import detect, open_dataset, open_file


def write_tokens(folder: Path, tokens: list[int], column: str = "value") -> Path:
    table = pyarrow.table({column: pyarrow.array(tokens, pyarrow.int64())})
    lance.write_dataset(table, str(folder / "codeparrot.lance"))
    return folder / "codeparrot.lance"


def test_the_texts_put_together_are_the_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_windows, "WINDOW_TOKENS", 100)
    monkeypatch.setattr(token_windows, "_BATCH_ROWS", 333)
    tokenizer = byte_tokenizer(tmp_path / "tokenizer.json")
    table = write_tokens(tmp_path, tokenizer.encode(programs()).ids)
    assert [spec.name for spec in detect(table)] == ["codeparrot_1m"]
    dataset = open_dataset("codeparrot_1m", tmp_path)
    texts = [record.text for record in dataset.records()]
    assert len(texts) > 50
    assert "".join(texts) == programs()
    assert all(text.startswith("\n") for text in texts[1:])
    assert not any("\N{REPLACEMENT CHARACTER}" in text for text in texts)


def test_an_end_of_text_in_the_table_ends_a_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_windows, "WINDOW_TOKENS", 12)
    tokenizer = byte_tokenizer(tmp_path / "tokenizer.json")
    first, second = (tokenizer.encode(text).ids for text in ("value 1", "value 2\nvalue 3"))
    table = write_tokens(tmp_path, [*first, 0, *second, 0, *first])
    texts = [record.text for record in open_file(table).records()]
    assert texts[0] == "value 1"
    assert "".join(texts) == "value 1value 2\nvalue 3value 1"


def test_rows_of_tokens_and_rows_of_text_are_read_too(tmp_path: Path) -> None:
    tokenizer = byte_tokenizer(tmp_path / "tokenizer.json")
    rows = [tokenizer.encode(f"x = {number}\n").ids for number in range(50)]
    lance.write_dataset(pyarrow.table({"input_ids": rows}), str(tmp_path / "rows.lance"))
    texts = [record.text for record in open_file(tmp_path / "rows.lance").records()]
    assert texts == [f"x = {number}\n" for number in range(50)]


def test_without_its_tokenizer_a_table_says_where_to_put_one(tmp_path: Path) -> None:
    table = write_tokens(tmp_path, [1, 2, 3])
    with pytest.raises(ValueError, match="EleutherAI/gpt-neox-20b"):
        next(open_file(table).records())
    with pytest.raises(ValueError, match="there is no tokenizer file"):
        next(open_file(table, tmp_path / "none.json").records())
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(ValueError, match="cannot be read"):
        next(open_file(table, tmp_path / "broken.json").records())
