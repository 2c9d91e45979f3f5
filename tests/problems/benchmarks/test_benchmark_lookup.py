"""Where benchmark files are looked for, and which of several is taken."""

from pathlib import Path

import pytest

from lit_coder.problems.benchmarks.files import DATA_FOLDER_VARIABLE, data_places, file_by_name
from lit_coder.problems.benchmarks.registry import BENCHMARK_NAMES
from lit_coder.problems.benchmarks.sources import SOURCES


@pytest.fixture(autouse=True)
def empty_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(DATA_FOLDER_VARIABLE, raising=False)


def put(*paths: str) -> None:
    for path in map(Path, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(name: str) -> Path | None:
    return file_by_name(name, Path("data"))


def test_the_given_folder_comes_before_the_variable_s_and_that_before_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert data_places() == (Path("data"),)
    monkeypatch.setenv(DATA_FOLDER_VARIABLE, "variable")
    assert data_places("given") == (Path("given"), Path("variable"), Path("data"))


def test_a_file_may_lie_one_folder_down() -> None:
    assert found("mbpp") is None
    put("data/any/mbpp.jsonl")
    assert found("mbpp") == Path("data/any/mbpp.jsonl")


def test_the_newest_version_of_a_file_is_taken() -> None:
    for version in ("v0.1.9", "v0.1.10", "v0.1.2"):
        put(f"data/HumanEvalPlus-{version}.jsonl.gz")
    put("data/HumanEvalPlus-Mini-v0.2.0.jsonl")
    assert found("humaneval_plus") == Path("data/HumanEvalPlus-v0.1.10.jsonl.gz")


def test_a_common_file_name_counts_only_in_the_benchmark_s_own_folder() -> None:
    put("data/other/test6.jsonl", "data/other/test.jsonl")
    assert found("livecodebench") is None
    assert found("cruxeval") is None
    put("data/livecodebench/test.jsonl", "data/livecodebench/test5.jsonl")
    assert found("livecodebench") == Path("data/livecodebench/test5.jsonl")
    put("data/livecodebench/test6.jsonl")
    assert found("livecodebench") == Path("data/livecodebench/test6.jsonl")


def test_the_sanitized_file_is_not_taken_for_the_whole_set() -> None:
    put("data/sanitized-mbpp.json")
    assert found("mbpp") is None
    assert found("mbpp_sanitized") == Path("data/sanitized-mbpp.json")


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(ValueError, match="no benchmark is called 'apps'; choose from humaneval, "):
        found("apps")


def test_every_benchmark_that_can_be_read_has_a_source() -> None:
    assert set(BENCHMARK_NAMES) == set(SOURCES)
    for source in SOURCES.values():
        assert source.usual_name == source.file_names[0] and "/" in source.hub.repository
        assert all(len(checksum) == 64 for checksum in source.releases)
