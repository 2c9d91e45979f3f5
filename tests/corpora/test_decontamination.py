"""Benchmarks in texts: found by their words and by their renamed syntax, nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lit_coder.corpora.benchmark_fingerprints import (
    PACKAGED_FILE,
    BenchmarkFingerprints,
    packaged_fingerprints,
)
from lit_coder.corpora.decontamination import Decontaminator, Match, count_matches
from lit_coder.corpora.program_signs import program_signs
from lit_coder.corpora.rolling_hashes import RollingHashes, word_numbers
from lit_coder.corpora.run_index import RunIndex
from lit_coder.problems.benchmarks.benchmark import Benchmark, BenchmarkTask
from lit_coder.problems.problem import Cases, Problem

PROMPT = (
    "def mean_of_squares(numbers, weight):\n"
    '    """Give back the mean of the squares of all numbers that are larger than the weight."""\n'
)
SOLUTION = (
    "    chosen = [number for number in numbers if number > weight]\n"
    "    if not chosen:\n"
    "        return 0.0\n"
    "    return sum(number ** 2 for number in chosen) / len(chosen)\n"
)
RENAMED = (
    "import logging\n\nclass Table:\n  def spread(self, xs, least):\n"
    "    logging.info('spread')\n"
    "    kept = [ x for x in xs if x > least ]   # those that count\n\n"
    "    if not kept: return 0.0\n"
    "    return (sum(x ** 2 for x in kept)\n          / len(kept))\n"
)


def benchmark_of(prompt: str, solution: str) -> Benchmark:
    problem = Problem("Mine/0", prompt, "f", Cases(()), "function", "mine", reference=solution)
    return Benchmark("mine", (BenchmarkTask(problem, {}),), "sha256:0")


@pytest.fixture
def decontaminator() -> Iterator[Decontaminator]:
    fingerprints = BenchmarkFingerprints.of([benchmark_of(PROMPT, SOLUTION)])
    with Decontaminator([fingerprints]) as opened:
        yield opened


def detectors(found: tuple[Match, ...]) -> list[str]:
    return sorted(match.detector for match in found)


def test_a_solution_with_other_names_and_layout_is_found_by_its_syntax(
    decontaminator: Decontaminator,
) -> None:
    assert detectors(decontaminator.matches("x = 1\n" + RENAMED)) == ["syntax tree"]


def test_another_constant_is_another_program(decontaminator: Decontaminator) -> None:
    assert decontaminator.matches(RENAMED.replace("** 2", "** 3")) == ()


def test_a_statement_is_found_in_any_layout_and_its_half_by_runs_of_words(
    decontaminator: Decontaminator,
) -> None:
    statement = "the mean of the squares of all numbers that are larger than the weight"
    whole = "# def mean_of_squares(numbers, weight)\n# Give back " + statement.replace(" ", "\n# ")
    assert detectors(decontaminator.matches(whole)) == ["substring"]
    assert detectors(decontaminator.matches(f"'''{statement}'''")) == ["10-gram"]


def test_what_a_text_does_not_hold_is_not_found(decontaminator: Decontaminator) -> None:
    assert decontaminator.matches("def f(x, y):\n    return x + y\n") == ()
    assert decontaminator.matches("") == ()


def test_a_tiny_solution_is_not_looked_for_by_its_syntax() -> None:
    tiny = benchmark_of("def add(x, y):\n", "    return x + y\n")
    with Decontaminator([BenchmarkFingerprints.of([tiny])]) as opened:
        assert opened.matches("def plus(a, b):\n    return a + b\n") == ()


def test_the_strongest_match_is_the_reason(decontaminator: Decontaminator) -> None:
    found = decontaminator.match(PROMPT + SOLUTION)
    assert found == Match("mine", "Mine/0", "substring", 1.0)
    assert str(found) == "Mine/0 of mine by substring"
    assert decontaminator.match("pass") is None


def test_a_verdicts_fingerprint_tells_a_solution_without_its_text() -> None:
    fingerprints = BenchmarkFingerprints.of([benchmark_of(PROMPT, SOLUTION)])
    (program,) = fingerprints.programs
    with Decontaminator([fingerprints]) as opened:
        found = opened.match("", renamed_fingerprint=program + "0" * 16)
    assert found is not None and found.detector == "syntax tree"


def test_fingerprints_come_back_from_their_file(tmp_path: Path) -> None:
    fingerprints = BenchmarkFingerprints.of([benchmark_of(PROMPT, SOLUTION)])
    fingerprints.save(tmp_path / "one.npz")
    again = BenchmarkFingerprints.load(tmp_path / "one.npz")
    assert again.bodies == fingerprints.bodies
    assert again.benchmarks == fingerprints.benchmarks
    with Decontaminator([again]) as opened:
        assert detectors(opened.matches(PROMPT + RENAMED)) == ["substring", "syntax tree"]


def test_a_damaged_file_of_fingerprints_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(ValueError, match="cannot be read"):
        BenchmarkFingerprints.load(tmp_path / "bad.npz")


def test_what_comes_with_the_package_is_small_and_holds_no_text() -> None:
    packaged = packaged_fingerprints()
    assert {each.name for each in packaged.benchmarks} >= {"humaneval", "mbpp", "mbpp_plus"}
    assert PACKAGED_FILE.stat().st_size < 2_000_000
    assert b"def " not in PACKAGED_FILE.read_bytes()


def test_benchmarks_without_a_file_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIT_CODER_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with Decontaminator.of_this_machine() as opened:
        assert opened.about()["not_at_hand"] == ["humaneval_plus"]


def test_nothing_is_said_of_a_benchmark_whose_tasks_are_known_as_another_s(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Decontaminator([packaged_fingerprints()], ["humaneval_plus"]) as opened:
        opened.say_missing()
    assert not caplog.records
    with Decontaminator([BenchmarkFingerprints.of([])], ["humaneval_plus"]) as opened:
        opened.say_missing()
    assert "humaneval_plus" in caplog.text


def test_matches_are_counted_by_benchmark_and_detector() -> None:
    found = [Match("a", "A/1", "10-gram", 0.5), Match("a", "A/2", "10-gram", 0.4)]
    assert count_matches(found) == {"a": {"10-gram": 2}}


@pytest.mark.parametrize(
    "changed",
    [
        "def f(a, b):\n  if a:\n    return b[0]\n  else:\n    if b:\n      return 2\n",
        "def f(a,b):  # why\n  if (a): return (b[0])\n  elif b:\n    return 2\n",
        'def f(a, b):\n  """Docs: (1, 2)."""\n  if a:\n    return b[\n  0,\n ]\n  elif b: return 2',
    ],
)
def test_layout_comments_and_docstrings_change_no_sign(changed: str) -> None:
    plain = "def f(a, b):\n    if a:\n        return b[0]\n    elif b:\n        return 2\n"
    assert program_signs(changed).skeleton == program_signs(plain).skeleton
    assert list(program_signs(changed).shape) == list(program_signs(plain).shape)


def test_the_hash_of_a_run_does_not_depend_on_its_place() -> None:
    here = RollingHashes(word_numbers("one two three four"))
    there = RollingHashes(word_numbers("zero one two three"))
    assert here.of_length(3)[0] == there.of_length(3)[1]
    assert here.of_length(3)[0] != there.of_length(3)[0]


def test_an_index_knows_texts_too_short_for_runs_only_as_a_whole() -> None:
    index = RunIndex.of([(0, "write a function to sort the words")])
    search = RollingHashes(word_numbers("we write a function to sort the words here"))
    assert [(held.owner, held.is_whole) for held in index.search(search)] == [(0, True)]
    assert index.search(RollingHashes(word_numbers("write a function to sort words"))) == []
