"""`data prepare`: what it writes is what a run reads, and a mistake is one sentence."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import yaml

from lit_coder.commands import data
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.corpus_opening import CorpusOpening
from lit_coder.training_data.data_module import CodeDataModule


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(6):
        body = "".join(f"    total += {number} * item_{line}\n" for line in range(number + 2))
        (folder / f"{number}.py").write_text(f"def add_{number}(total):\n{body}    return total\n")
    (folder / "again.py").write_text("# again\n" + (folder / "5.py").read_text())
    return folder


def test_a_run_reads_what_was_prepared(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "prepared"
    words = ["prepare", str(corpus), "--output", str(output), "--vocab-size", "300"]
    assert data.run([*words, "--validation-share", "0.2"]) == 0
    said = capsys.readouterr().out
    assert "same program" in said and "again.py: 5.py" in said
    (manifest,) = output.rglob("manifest.json")
    (source,) = json.loads(manifest.read_text())["sources"]
    assert source["num_documents"] == 6 and source["removed"] == {"same program": 1}
    tokenizer = CodeTokenizer.from_file(manifest.parent / "tokenizer.json")
    opening = CorpusOpening((str(corpus),), 0.2, None, str(output))
    assert opening.prepare(tokenizer, 8).train.folder == manifest.parent / "train"


def test_the_options_that_are_printed_read_what_was_prepared_of_a_dataset(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "sets" / "codeparrot_clean"
    folder.mkdir(parents=True)
    rows = [
        {
            "repo_name": "a",
            "path": f"{n}.py",
            "license": "mit",
            "content": f"x_{n} = {n} * y + sum(z)\n",
        }
        for n in range(9)
    ]
    rows[2]["content"] = "print 'as of old'\n"
    (folder / "file-1.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ["CodeParrot-clean", str(corpus), "--folder", str(folder.parent)]
    words += ["--output", str(tmp_path / "prepared"), "--vocab-size", "300"]
    words += ["--no-decontaminate", "--max-line-length", "2000"]
    assert data.run(["prepare", *words, "--max-documents", "5"]) == 0
    *_, said = capsys.readouterr().out.splitlines()
    options = dict(word[7:].split("=", 1) for word in shlex.split(said) if "--data." in word)
    module = CodeDataModule(**{name: yaml.safe_load(text) for name, text in options.items()})
    (manifest,) = (tmp_path / "prepared").rglob("manifest.json")
    assert module.corpus is not None
    assert module.corpus.train.folder == manifest.parent / "train"
    sources = json.loads(manifest.read_text())["sources"]
    assert [each["removed"].get("does not parse", 0) for each in sources] == [0, 1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--max-line-length", "-3"], "--max-line-length must be 1 or more"),
        (["--max-line-lenght", "3"], "did you mean --max-line-length?"),
        (["--near-duplicates", "x"], "--near-duplicates must be a number, or none"),
        (["--max-documents", "0"], "--max-documents must be 1 or more"),
        (["--vocab-size", "3"], "--vocab-size must be at least"),
        (["--max-length", "10"], "hold no document to train on: 7 length were left out"),
        (["mbpp_train"], "fit takes it in data.datasets"),
        (["mbpp_test"], "SOURCE mbpp_test holds problems, which are no corpus; leave it out"),
        (["stdlb"], "SOURCE: 'stdlb' is nothing that can be read"),
    ],
)
def test_a_mistake_is_one_sentence(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    output = ["--output", str(tmp_path / "prepared")]
    try:
        status = data.run(["prepare", str(corpus), *output, *words])
    except SystemExit as end:
        status = int(str(end.code))
    error = capsys.readouterr().err
    assert status == 2
    assert said in error
    assert error.count("\n") == 1
