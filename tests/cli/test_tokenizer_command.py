"""`main.py tokenizer train` and `inspect`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lit_coder.__main__ import main
from lit_coder.tokenizer import CodeTokenizer

PROGRAM = "def add(x, y):\n    return x + y\n" * 20


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.py").write_text(PROGRAM)
    line = json.dumps({"prompt": "def twice(number):\n", "reference": "    return 2 * number\n"})
    (tmp_path / "problems.jsonl").write_text(f"{line}\n" * 3)
    return tmp_path


def test_training_reads_folders_and_problems(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["tokenizer", "train", "corpus", "problems.jsonl", "--output", "t.json"]
    assert main([*arguments, "--vocab-size", "300"]) == 0
    tokenizer = CodeTokenizer.from_file("t.json")
    assert len(tokenizer.encode(" number")) == 1
    assert "--data.tokenizer t.json" in capsys.readouterr().out


def test_inspecting_shows_vocabulary_special_tokens_and_pieces(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tokenizer = CodeTokenizer.train([PROGRAM], 300)
    tokenizer.save("t.json")
    assert main(["tokenizer", "inspect", "t.json", "--text", "def add"]) == 0
    out = capsys.readouterr().out
    assert f"{tokenizer.vocab_size} tokens" in out and tokenizer.fingerprint in out
    assert f"<|end|> = {tokenizer.end_id}" in out and "def| add" in out
    assert main(["tokenizer", "inspect", "t.json", "--file", "corpus/a.py"]) == 0
    assert "return" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "nowhere", "--output", "t.json"], "nowhere"),
        (["train", "corpus", "--output", "problems.jsonl"], "exists"),
        (["train", "corpus", "--output", "t.json", "--vocab-size", "5"], "--vocab-size"),
        (["train", "corpus", "--output", "no/t.json"], "no folder no"),
        (["inspect", "problems.jsonl"], "problems.jsonl"),
        (["inspect", "nowhere.json"], "nowhere.json"),
        (["inspect", "t.json", "--txt", "x"], "--txt"),
        (["train", "corpus"], "--output"),
        (["train", "corpus", "--output", "t.json", "--vocab_sze", "300"], "did you mean --vocab-s"),
        (["train", "corpus", "--ouput=t.json"], "did you mean --output?"),
        (["inspect", "t.json", "--fil", "x"], "did you mean --file?"),
    ],
)
def test_a_mistake_is_one_sentence_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    try:
        status = main(["tokenizer", *arguments])
    except SystemExit as stop:
        status = int(stop.code or 0)
    sentence = capsys.readouterr().err
    assert status == 2 and said in sentence and sentence.count("\n") == 1
    assert not (folder / "t.json").exists()
