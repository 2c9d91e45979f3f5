from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lit_coder.commands.score_arguments import read_request
from lit_coder.commands.score_sandbox import StartingSandbox
from tests.commands.score_command import (
    CHEATING,
    RIGHT,
    WRONG,
    command,
    read_lines,
    score,
    write_benchmark,
    write_samples,
)
from tests.runs.harness import REPOSITORY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_benchmark(tmp_path)
    return tmp_path


def results_of(folder: Path) -> Path:
    return folder / "samples.jsonl_results.jsonl"


def test_lines_come_out_in_order_with_their_verdicts_and_their_own_keys(folder: Path) -> None:
    write_samples(folder / "samples.jsonl", RIGHT, WRONG, RIGHT, temperature=0.8)
    ended = score(folder)
    assert ended.status == 0
    lines = read_lines(results_of(folder))
    assert [line["passed"] for line in lines] == [True, False, True]
    assert [line["task_id"] for line in lines] == ["HumanEval/0", "HumanEval/1", "HumanEval/2"]
    assert list(lines[1]) == [
        *("task_id", "completion", "temperature"),
        *("passed", "status", "detail", "trusted", "seconds"),
    ]
    assert lines[1]["temperature"] == 0.8 and lines[1]["status"] == "failed"


def test_the_screen_says_what_was_scored_and_how(folder: Path) -> None:
    write_samples(folder / "samples.jsonl", RIGHT, WRONG, RIGHT)
    out = score(folder).out
    assert "humaneval@openai-v1" in out
    assert "sha256:" in out
    assert "3 of 3 tasks attempted, 1 sample of each" in out
    assert "66.7 %, 95 % interval 20.8 % to 93.9 %" in out
    assert "official: 2 passed, 1 failed" in out
    assert "3 of 3 verdicts: program and tests shared a process" in out
    assert "samples/s" in out


def test_the_status_is_that_of_scoring_not_of_the_programs(folder: Path) -> None:
    write_samples(folder / "samples.jsonl", WRONG)
    ended = score(folder)
    assert ended.status == 0
    assert "1 of 3 tasks attempted" in ended.out


def test_several_samples_of_a_task_give_pass_at_k(folder: Path) -> None:
    write_samples(folder / "samples.jsonl", *[RIGHT] * 3, *[WRONG] * 3)
    assert "pass@2     100.0 %" in score(folder).out
    ended = score(folder, "--k", "1,5")
    assert "pass@2" not in ended.out
    assert "pass@5: some tasks have only 2 samples" in ended.out


DAMAGED = {
    "unknown": (b'{"task_id": "HumanEval/99", "completion": ""}', "humaneval has no task"),
    "no completion": (b'{"task_id": "HumanEval/0"}', "completion is missing"),
    "no task": (b'{"completion": ""}', "task_id is missing"),
    "number": (b'{"task_id": "0", "completion": 5}', "completion must be text, not a number"),
    "another's": (b'{"task_id": "MBPP/1", "completion": ""}', "humaneval has no task 'MBPP/1'"),
    "bool": (b'{"task_id": true, "completion": ""}', "task_id must be text or a whole number"),
    "half": (
        b'{"task_id": 1.5, "completion": ""}',
        "task_id must be text or a whole number, not 1.5",
    ),
    "infinite": (
        b'{"task_id": Infinity, "completion": ""}',
        "task_id must be text or a whole number, not inf",
    ),
    "twins": (b'{"task_id": "0", "task_id": "1"}', "the key 'task_id' is given more than once"),
    "list": (b"[1]", "an object with task_id and completion is needed, not a list"),
    "words": (b"no JSON", "not valid JSON"),
    "bytes": (b'{"task_id": "\xff"}', "not UTF-8 text at byte 14"),
    "depth": (b"[" * 100_000, "not valid JSON: nested too deeply"),
}


@pytest.mark.parametrize("fault", DAMAGED)
def test_a_damaged_line_is_named_and_the_others_are_scored(folder: Path, fault: str) -> None:
    line, reason = DAMAGED[fault]
    path = write_samples(folder / "samples.jsonl", RIGHT, RIGHT)
    good = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([good[0], line, b"", good[1], b""]))
    ended = score(folder)
    assert ended.status == 1
    assert f"samples.jsonl, line 2: {reason}" in ended.err
    assert "1 line was not scored" in ended.err
    assert [each["passed"] for each in read_lines(results_of(folder))] == [True, True]


def test_a_task_may_be_a_number_with_a_point(folder: Path) -> None:
    write_samples(folder / "samples.jsonl", RIGHT, task_id=1.0)
    assert "1 of 3 tasks attempted" in score(folder).out


def test_a_result_that_is_replaced_is_said_so(folder: Path) -> None:
    write_samples(folder / "samples.jsonl", RIGHT)
    assert score(folder).out.endswith(f"written to {results_of(folder)}\n")
    assert score(folder).out.endswith(f"replaced {results_of(folder)}\n")


def test_a_torn_last_line_is_named_as_that(folder: Path) -> None:
    path = write_samples(folder / "samples.jsonl", RIGHT, RIGHT)
    path.write_bytes(path.read_bytes()[:-20])
    ended = score(folder)
    assert ended.status == 1
    assert "line 2: the file ends inside this line" in ended.err
    assert len(read_lines(results_of(folder))) == 1


def test_a_whole_last_line_needs_no_line_end(folder: Path) -> None:
    path = write_samples(folder / "samples.jsonl", RIGHT)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().rstrip(b"\n"))
    assert score(folder).status == 0


def test_packed_files_are_read_and_written(folder: Path) -> None:
    path = write_samples(folder / "samples.jsonl", RIGHT)
    packed = folder / "samples.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    output = folder / "results.jsonl.gz"
    ended = score(folder, "--samples", str(packed), "--output", str(output))
    assert ended.status == 0
    assert json.loads(gzip.decompress(output.read_bytes()))["passed"] is True


def test_a_torn_packed_file_is_scored_as_far_as_it_goes(folder: Path) -> None:
    lines = [json.dumps({"task_id": 0, "completion": f"{RIGHT}# {n}\n"}) for n in range(2000)]
    whole = gzip.compress("\n".join(lines).encode())
    (folder / "samples.jsonl").write_bytes(whole[: len(whole) // 2])
    ended = score(folder)
    assert ended.status == 1
    number = len(read_lines(results_of(folder)))
    assert 0 < number < 2000
    assert f"line {number + 1}: the gzip file is damaged or ends here" in ended.err


def test_nothing_to_score_is_a_failure_that_writes_nothing(folder: Path) -> None:
    (folder / "samples.jsonl").write_text("{}\n")
    results_of(folder).write_text("earlier")
    ended = score(folder)
    assert ended.status == 1
    assert "no line of" in ended.err and not ended.out
    assert results_of(folder).read_text() == "earlier"
    assert not list(folder.glob("*.partial"))


def test_without_a_sound_benchmark_there_is_no_score_and_the_earlier_one_survives(
    folder: Path,
) -> None:
    write_benchmark(folder, test="    assert candidate(3) == 10\n")
    write_samples(folder / "samples.jsonl", RIGHT)
    results_of(folder).write_text("earlier")
    ended = score(folder)
    assert ended.status == 1
    assert not ended.out
    assert "The self-check failed: the canonical solution of HumanEval/0" in ended.err
    assert results_of(folder).read_text() == "earlier"


def test_strict_lists_what_only_official_would_pass(folder: Path) -> None:
    write_samples(folder / "samples.jsonl", RIGHT, CHEATING, WRONG)
    ended = score(folder, "--verdict", "strict")
    assert ended.status == 0
    assert "1 that official would pass and strict does not: HumanEval/1 (line 2)" in ended.out
    assert "33.3 %" in ended.out
    right, cheating, wrong = read_lines(results_of(folder))
    assert "official_passed" not in right and right["trusted"]
    assert cheating["official_passed"] and not cheating["passed"]
    assert wrong["official_passed"] is False


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--benchmark", "humanevl"], "there is no 'humanevl'; choose from humaneval"),
        (["--protocol", "humaneval@opnai"], "did you mean humaneval@openai?"),
        (["--protocol", "mbpp@bigcode"], "is for the benchmark mbpp, not for humaneval"),
        (["--samples", "/nowhere/x.jsonl"], "there is no such file"),
        (["--samples", "/dev/null"], "is not a regular file, and it is read more than once"),
        (["--benchmark", "bigcodebench_hard", "--verdict", "strict"], "use --verdict official"),
        (["--output", "/nowhere/x.jsonl"], "there is no folder /nowhere"),
        (["--k", "1,x"], "--k must be whole numbers"),
        (["--verdict", "strikt"], "official"),
        (["--sandbox.wrkers", "2"], "did you mean sandbox.workers?"),
        (["surplus"], "'surplus' is one word too many"),
        (["--folder", "/nowhere"], "--folder /nowhere: there is no such folder"),
    ],
)
def test_a_mistake_is_one_sentence(folder: Path, words: list[str], sentence: str) -> None:
    write_samples(folder / "samples.jsonl", RIGHT)
    ended = score(folder, *words)
    assert ended.status == 2
    assert ended.err.count("\n") == 1
    assert sentence in ended.err


def test_a_benchmark_that_cannot_be_had_starts_no_sandbox(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_samples(folder / "samples.jsonl", RIGHT)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("LIT_CODER_DATA_DIR", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    request = read_request(["--benchmark", "mbpp", "--samples", str(path)])
    with pytest.raises(ValueError, match="mbpp is not on this machine"):
        StartingSandbox(request)


def test_the_samples_file_is_never_overwritten(folder: Path) -> None:
    path = write_samples(folder / "samples.jsonl", RIGHT)
    ended = score(folder, "--output", str(path))
    assert ended.status == 2
    assert "is the samples file itself" in ended.err


def test_what_is_missing_is_named() -> None:
    ended = command("--benchmark", "humaneval")
    assert ended.status == 2
    assert "samples" in ended.err


def test_the_sandboxs_section_of_a_configuration_holds_here(folder: Path) -> None:
    write_samples(folder / "samples.jsonl", RIGHT)
    config = folder / "config.yaml"
    config.write_text("sandbox:\n  backend: nothing\n")
    ended = score(folder, "--config", str(config))
    assert ended.status == 2
    assert "backend must be one of" in ended.err


def test_numpy_is_there_for_samples_that_speak_of_it(folder: Path) -> None:
    pytest.importorskip("numpy")
    write_samples(folder / "samples.jsonl", "    import numpy\n    return int(numpy.square(x))\n")
    assert score(folder).status == 0
    assert read_lines(results_of(folder))[0]["passed"]


def test_the_help_takes_less_than_half_a_second_of_processor() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(
        [sys.executable, "main.py", "score", "--help"], cwd=REPOSITORY, capture_output=True
    )
    assert ended.returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_a_score_loads_no_torch(folder: Path) -> None:
    write_samples(folder / "samples.jsonl", RIGHT)
    code = (
        "import sys; from lit_coder.__main__ import main; main(sys.argv[1:]); "
        "sys.exit('torch' in sys.modules or 'lit_coder.verification.scorer' not in sys.modules)"
    )
    words = ["score", "--benchmark", "humaneval", "--folder", str(folder)]
    ended = subprocess.run(
        [sys.executable, "-c", code, *words, "--samples", str(folder / "samples.jsonl")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + signal.SIGTERM)]
)
def test_a_stop_names_what_was_scored_so_far_and_leaves_no_process(
    folder: Path, number: signal.Signals, status: int
) -> None:
    hanging = [f"    while True: pass  # {n}\n" for n in range(300)]
    write_samples(folder / "samples.jsonl", RIGHT, *hanging)
    results_of(folder).write_text("earlier")
    words = ["--benchmark", "humaneval", "--samples", str(folder / "samples.jsonl")]
    process = subprocess.Popen(
        [sys.executable, "main.py", "score", *words, "--folder", str(folder)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    partial = folder / "samples.jsonl_results.jsonl.partial"
    deadline = time.monotonic() + 60
    while not (partial.exists() and partial.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert not out
    last = err.splitlines()[-1]
    assert last == f"lit-coder: stopped; what was scored so far stands in {partial}"
    assert results_of(folder).read_text() == "earlier"
    # The sandbox's processes are in the session too.
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
