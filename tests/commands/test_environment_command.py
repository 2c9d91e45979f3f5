"""`main.py environment` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("gymnasium")

from lit_coder.environment.episode_log import EpisodeLog
from tests.commands.generation_command import Ended, command
from tests.trained_model import save_checkpoint, trained_module, untrained_module


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")


def environment(*words: str) -> Ended:
    return command("environment", "--sandbox.workers", "1", *words)


def test_the_reference_plays_and_leaves_a_log() -> None:
    words = ["--solver", "reference", "--problems", "2", "--source", "loops", "--difficulty", "1,2"]
    ended = environment(*words, "--log", "episodes.jsonl", "--show")
    assert ended.status == 0, ended.err
    assert "2 of 2 solved" in ended.out and "lines in question" in ended.out
    assert ended.out.count("accept: accepted") == 2
    logs = [EpisodeLog.from_json(line) for line in Path("episodes.jsonl").read_text().splitlines()]
    assert [log.draw for log in logs] == [0, 1] and logs[0].actions[-1] == ("accept", "")
    again = environment(*words, "--log", "episodes.jsonl")
    assert again.status == 2 and "--log episodes.jsonl exists" in again.sentence


def test_a_model_plays() -> None:
    save_checkpoint(trained_module(), Path("tiny.ckpt"))
    words = ["--problems", "1", "--source", "arithmetic", "--difficulty", "1", "--max_steps", "3"]
    ended = environment("--ckpt_path", "tiny.ckpt", *words, "--max_new_tokens", "8")
    assert ended.status == 0, ended.err
    assert "0 of 1 solved" in ended.out


def test_a_prompt_that_is_too_long_is_named_and_what_was_played_is_kept() -> None:
    save_checkpoint(untrained_module(), Path("tiny.ckpt"))
    names = {"short": "", "long": "# " + 200 * "x" + "\n"}
    problems = [
        {"task_id": name, "prompt": f"{start}def f(x):\n", "entry_point": "f", "asserts": tests}
        for tests in [["assert f(1) == 2", "assert f(2) == 4"]]
        for name, start in names.items()
    ]
    Path("two.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in problems))
    words = ["--source", "two.jsonl", "--problems", "2", "--max_steps", "2"]
    ended = environment("--ckpt_path", "tiny.ckpt", *words, "--log", "log.jsonl")
    assert ended.status == 2
    assert "long of --source two.jsonl: prompt 0 has" in ended.err and "0 of 1 solved" in ended.out
    assert len(Path("log.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--source", "lops"), "--source: no problem family is called 'lops'"),
        (("--source", "loops", "--difficulty", "9"), "--difficulty: problem family 'loops'"),
        (("--difficulty", "x"), "--difficulty must be whole numbers"),
        (("--problems", "0"), "--problems must be at least 1, not 0"),
        (("--max_steps", "0"), "--max_steps must be at least 1"),
        (("--ckpt_path", "x"), "--solver reference needs no model"),
        (("--temperature", "0"), "--solver reference needs no model: leave --temperature out"),
        (("--log", "no/log"), "--log no/log: there is no folder"),
    ],
)
def test_a_mistake_is_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    ended = environment("--solver", "reference", *words)
    assert ended.status == 2 and ended.sentence.startswith(sentence)
