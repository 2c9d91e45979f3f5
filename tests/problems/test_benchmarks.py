"""The readers of HumanEval and MBPP, on small files of their form and on the real ones."""

import gzip
import json
from pathlib import Path

import pytest

from lit_coder.problems.benchmark_files import DATA_FOLDER_VARIABLE, find_benchmark_file
from lit_coder.problems.humaneval import read_humaneval
from lit_coder.problems.mbpp import read_mbpp
from lit_coder.problems.problem import CheckProgram, Problem

HUMANEVAL = {
    "task_id": "HumanEval/7",
    "prompt": "def helper():\n    return 1\n\ndef g(x):\n    ''' double '''\n",
    "entry_point": "g",
    "canonical_solution": "    return 2 * x\n",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n",
}
MBPP = {
    "text": "Double it.",
    "code": "def helper(x):\r\n\treturn 2*x\r\ndef g(x):\r\n\treturn helper(x) ",
    "task_id": 11,
    "test_setup_code": "",
    "test_list": ["assert set(g([1])) == {1}", "assert g(2) == 4 \r\n"],
    "challenge_test_list": ["assert g(0) == 0"],
}


def real_file(name: str) -> Path:
    path = find_benchmark_file(name)
    if path is None:
        pytest.skip(f"{name} is not on this machine; set {DATA_FOLDER_VARIABLE} to its folder")
    return path


def run_in_process(problem: Problem) -> None:
    """Trusted text only: the canonical solution, then set-up, then tests."""
    assert isinstance(problem.tests, CheckProgram) and problem.reference is not None
    namespace: dict[str, object] = {}
    exec(problem.program(problem.reference), namespace)
    exec(problem.tests.setup, namespace)
    for test in problem.tests.visible:
        exec(test, namespace)


def test_a_humaneval_prompt_stays_raw_and_check_is_called(tmp_path: Path) -> None:
    path = tmp_path / "HumanEval.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(HUMANEVAL).encode()))
    (problem,) = read_humaneval(path)
    assert problem.prompt == HUMANEVAL["prompt"]
    assert problem.tests == CheckProgram(("check(g)",), setup=HUMANEVAL["test"])
    run_in_process(problem)


def test_another_file_is_not_taken_for_humaneval(tmp_path: Path) -> None:
    path = tmp_path / "HumanEval.jsonl"
    path.write_text(json.dumps(MBPP))
    with pytest.raises(ValueError, match=r"line 1: the text field 'task_id' is missing"):
        read_humaneval(path)


def test_mbpp_text_has_no_carriage_returns_and_names_the_function(tmp_path: Path) -> None:
    path = tmp_path / "mbpp.jsonl"
    path.write_text(json.dumps(MBPP))
    (problem,) = read_mbpp(path)
    assert problem.entry_point == "g"
    assert problem.prompt == '"""\nDouble it.\nassert set(g([1])) == {1}\n"""\n'
    assert problem.reference is not None and "\r" not in problem.reference
    assert isinstance(problem.tests, CheckProgram)
    assert problem.tests.visible == ("assert set(g([1])) == {1}", "assert g(2) == 4 \n")
    assert problem.tests.hidden == ()


def test_an_mbpp_split_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no split 'dev'; choose from prompt, test"):
        read_mbpp(tmp_path / "mbpp.jsonl", split="dev")  # type: ignore[arg-type]


def test_another_file_is_not_taken_for_mbpp(tmp_path: Path) -> None:
    path = tmp_path / "mbpp.jsonl"
    path.write_text(json.dumps(HUMANEVAL))
    with pytest.raises(ValueError, match="line 1: no MBPP task"):
        read_mbpp(path)


def test_a_benchmark_is_found_in_the_given_folder_before_the_variable_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(DATA_FOLDER_VARIABLE, raising=False)
    assert find_benchmark_file("mbpp") is None
    for folder in ("data", "variable/mbpp", "given"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "mbpp.jsonl").touch()
    assert find_benchmark_file("mbpp") == Path("data/mbpp.jsonl")
    monkeypatch.setenv(DATA_FOLDER_VARIABLE, str(tmp_path / "variable"))
    assert find_benchmark_file("mbpp") == tmp_path / "variable/mbpp/mbpp.jsonl"
    assert find_benchmark_file("mbpp", tmp_path / "given") == tmp_path / "given/mbpp.jsonl"


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(ValueError, match="no benchmark is called 'apps'"):
        find_benchmark_file("apps")


def test_the_real_humaneval_holds_164_problems_with_their_entry_points() -> None:
    problems = read_humaneval(real_file("humaneval"))
    assert len(problems) == 164
    assert all(f"def {problem.entry_point}(" in problem.prompt for problem in problems)
    for problem in problems[:20]:
        run_in_process(problem)


def test_the_real_mbpp_splits_have_their_published_sizes() -> None:
    path = real_file("mbpp")
    sizes = {split: len(read_mbpp(path, split)) for split in ("prompt", "test", "validation")}  # type: ignore[arg-type]
    assert sizes == {"prompt": 10, "test": 500, "validation": 90}
    assert len(read_mbpp(path, "train")) == 374


@pytest.mark.filterwarnings("ignore")
def test_set_up_code_runs_after_the_solution_in_the_real_mbpp() -> None:
    problems = {problem.task_id: problem for problem in read_mbpp(real_file("mbpp"), "all")}
    with_setup = [p.task_id for p in problems.values() if p.tests.setup]  # type: ignore[union-attr]
    assert with_setup == ["MBPP/367", "MBPP/927"]
    for task_id in (*with_setup, "MBPP/11", "MBPP/12"):
        run_in_process(problems[task_id])
