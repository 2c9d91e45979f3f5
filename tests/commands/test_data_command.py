"""`main.py data list` and `data inspect` as a user runs them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from lit_coder.__main__ import main
from lit_coder.commands import data as data_command

ROOT = Path(__file__).parent.parent.parent


class Ended(NamedTuple):
    """How a command ended and what it wrote."""

    status: int
    out: str
    err: str


def data(*words: str) -> Ended:
    """Run the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(["data", *words])
        except SystemExit as end:
            status = int(end.code or 0)
    return Ended(status, out.getvalue(), err.getvalue())


def glaive_file(folder: Path) -> Path:
    """Fifty rows of which one is empty, one does not run and one rings the terminal's bell."""
    path = folder / "train.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["", "question", "answer"])
        for number in range(50):
            writer.writerow(
                [number, f"Print\x07 {number}?", f"So:\n```python\nprint({number})\n```"]
            )
        writer.writerow([50, "Why?", ""])
        writer.writerow([51, "Why?", "```python\nprint(\n```"])
    return path


def test_list_shows_every_dataset_and_where_it_is(tmp_path: Path) -> None:
    glaive_file(tmp_path)
    ended = data("list", "--folder", str(tmp_path))
    lines = {line.split()[0]: line for line in ended.out.splitlines() if line.strip()}
    assert ended.status == 0
    assert "train.csv" in lines["glaive_qa"] and "Apache-2.0" in lines["glaive_qa"]
    assert lines["humaneval"].endswith("-")
    assert "1 of them here" in ended.out
    assert f"Looked into: {tmp_path}." in ended.out


def test_a_data_folder_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIT_CODER_DATA_DIR", "mistyped")
    assert "Looked into: mistyped (not there), data (not there)." in data("list").out


def test_list_says_all_that_is_known_of_one() -> None:
    ended = data("list", "taco-train")
    assert ended.status == 0
    for part in ("25,443", "BAAI/TACO", "Apache-2.0", "test cases", "input_output"):
        assert part in ended.out


def test_inspect_shows_what_a_file_holds_and_how_much_of_it(tmp_path: Path) -> None:
    path = glaive_file(tmp_path)
    ended = data("inspect", str(path), "--show", "1", "--workers", "1")
    assert ended.status == 0, ended.err
    for part in (
        "glaive_qa: Glaive code assistant",
        "columns    question, answer",
        "52 rows, 1 of them skipped; published: 136k",
        "1 answer is empty (train.csv, row 51)",
        "not a known one",
        "50 of 51 rows that were checked (98.0 %), by question-answer",
        "1 does not parse",
        "--- row 1 (question-answer, python)",
    ):
        assert part in ended.out
    assert "\x07" not in ended.out


def test_inspect_looks_at_the_first_rows_and_counts_the_rest(tmp_path: Path) -> None:
    glaive_file(tmp_path)
    ended = data("inspect", "glaive_qa", "--folder", str(tmp_path), "--rows", "5", "--no-run")
    assert ended.status == 0
    assert "52 rows, 1 of them skipped" in ended.out
    assert "looked at  5 rows" in ended.out
    assert "holds" not in ended.out


def test_a_known_file_says_what_it_is_known_as(tmp_path: Path) -> None:
    import os

    if not os.environ.get("LIT_CODER_DATA_DIR"):
        pytest.skip("LIT_CODER_DATA_DIR is not set")
    ended = data("inspect", "humaneval", "--rows", "20", "--show", "0", "--workers", "1")
    assert "known: openai/human-eval 6d43fb9" in ended.out
    assert "164 rows, 0 of them skipped; as published" in ended.out
    assert "20 of 20 rows that were checked (100.0 %), by unit tests" in ended.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "data needs to be told what to do; choose from list, download"),
        (["lst"], "there is no data lst; did you mean list?"),
        (["inspect"], "the following arguments are required: NAME_OR_FILE"),
        (["inspect", "apss", "--folder", "."], "there is no dataset 'apss'; did you mean apps?"),
        (["inspect", "none.csv"], "there is no file none.csv"),
        (["inspect", "apps", "--folder", "none"], "there is no folder none"),
        (["inspect", "apps", "--rws", "3"], "there is no option --rws; did you mean --rows?"),
        (["inspect", "apps", "--rows", "-1"], "--rows must not be negative, not -1"),
        (["inspect", "apps", "--timeout", "0"], "--timeout must be positive"),
        (["inspect", "apps", "--packages", "none"], "--packages names 'none'"),
        (["inspect", "."], "holds no file of a dataset that is known here"),
        (["inspect", ".", "--folder", "."], "--folder goes with a dataset's name"),
        (["list", "apss"], "there is no dataset 'apss'; did you mean apps?"),
    ],
)
def test_a_mistake_is_one_sentence(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = data(*words)
    assert ended.status == 2
    assert sentence in ended.err
    assert ended.err.count("\n") == 1 and ended.out == ""


def test_a_folder_with_several_datasets_asks_for_one_of_them(tmp_path: Path) -> None:
    glaive_file(tmp_path)
    rows = [{"instruction": "Print.", "response": "print(1)"}]
    (tmp_path / "evol.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ended = data("inspect", str(tmp_path))
    assert ended.status == 2
    assert "holds glaive_qa, magicoder_evol_instruct; name one of them" in ended.err


def test_the_help_names_every_action() -> None:
    ended = data("--help")
    assert ended.status == 0
    assert all(f"\n{action} " in ended.out for action in data_command.ACTIONS)


def test_list_answers_without_torch_and_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from lit_coder.__main__ import main; "
        f"main(['data', 'list', '--folder', {str(tmp_path)!r}]); "
        "assert not {'torch', 'pyarrow', 'lance'} & set(sys.modules)"
    )
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)
    assert time.perf_counter() - started < 10
