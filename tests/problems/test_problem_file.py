"""A user's own problems: what is read, and what is said where a file is wrong."""

import gzip
import json
from pathlib import Path

import pytest

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.problem import (
    Answer,
    Case,
    Cases,
    CheckProgram,
    Construct,
    MethodCall,
    StdioCase,
    StdioCases,
)
from lit_coder.problems.problem_file import FIELDS, read_problems

DATA = Path(__file__).parents[2] / "data"
GOOD = {"prompt": "def f(x):\n", "entry_point": "f", "asserts": ["assert f(1) == 2"]}


def write(path: Path, *records: object) -> Path:
    path.write_text(
        "".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records),
        encoding="utf-8",
    )
    return path


def test_the_example_file_shows_every_kind_of_test() -> None:
    problems = read_problems(DATA / "problems")
    assert {type(problem.tests) for problem in problems} == {Cases, CheckProgram, StdioCases}
    assert {problem.kind for problem in problems} == {"function", "class", "program"}
    assert len({behaviour(problem) for problem in problems}) == len(problems)


def test_the_page_on_data_names_every_field() -> None:
    page = (DATA / "README.md").read_text(encoding="utf-8")
    assert [field for field in FIELDS if f"`{field}`" not in page] == []


def test_the_json_lines_of_the_page_on_data_are_problems(tmp_path: Path) -> None:
    page = (DATA / "README.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in page.split("```json\n")[1:]]
    (tmp_path / "page.jsonl").write_text("".join(blocks), encoding="utf-8")
    assert len(read_problems(tmp_path)) == 7


def test_cases_hold_typed_values(tmp_path: Path) -> None:
    case = {"arguments": [[1, 2], {"set": [3]}], "expected": {"tuple": [1, 2.0]}}
    record = {"prompt": "def f(a, b):\n", "entry_point": "f", "cases": {"visible": [case]}}
    (problem,) = read_problems(write(tmp_path / "mine.jsonl", record))
    assert problem.tests == Cases((Case.call("f", ([1, 2], {3}), (1, 2.0)),))
    assert (problem.kind, problem.source, problem.difficulty) == ("function", "mine", 0)


BOX = {"prompt": 'class Box:\n    """Adds up."""\n', "entry_point": "Box"}
CALLS = [{"method": "add", "arguments": [2], "expected": 5}, {"method": "total", "expected": 5}]


def test_a_class_is_tested_by_objects_and_calls_of_their_methods(tmp_path: Path) -> None:
    record = BOX | {"cases": {"visible": [{"build": [3], "calls": CALLS}]}}
    (problem,) = read_problems(write(tmp_path / "mine.jsonl", record))
    operations = (Construct("Box", (3,)), MethodCall("add", (2,)), MethodCall("total", ()))
    assert problem.tests == Cases((Case(operations, (None, 5, 5)),))
    assert (problem.kind, problem.entry_point) == ("class", "Box")


def test_a_problem_may_be_in_another_language(tmp_path: Path) -> None:
    record = {
        "prompt": "class Counter {}\nfunction f(a) {\n",
        "entry_point": "f",
        "cases": {"visible": [{"arguments": [1], "expected": 2}]},
        "reference": "return a + 1 }",
        "language": "javascript",
    }
    (problem,) = read_problems(write(tmp_path / "mine.jsonl", record))
    assert (problem.language, problem.reference) == ("javascript", "return a + 1 }")


def test_a_solution_that_repeats_the_prompt_is_cut_to_a_completion(tmp_path: Path) -> None:
    record = GOOD | {"solution": "def f(x):\n    return x + 1\n"}
    (problem,) = read_problems(write(tmp_path / "a.jsonl", record))
    assert problem.reference == "    return x + 1\n"


def test_a_whole_program_needs_no_entry_point(tmp_path: Path) -> None:
    record = {"prompt": "# n + 1\n", "stdio": [{"stdin": "1", "stdout": "2\n"}]}
    (problem,) = read_problems(write(tmp_path / "a.jsonl", record))
    assert problem.tests == StdioCases((StdioCase("1", "2\n"),))
    assert (problem.kind, problem.entry_point) == ("program", "")


def test_a_packed_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(GOOD).encode()))
    assert len(read_problems(path)) == 1


def test_a_draft_stands_beside_any_tests(tmp_path: Path) -> None:
    record = GOOD | {"draft": "    return x + 2\n"}
    plain, drafted = read_problems(write(tmp_path / "a.jsonl", GOOD, record))
    assert (plain.draft, drafted.draft) == ("", "    return x + 2\n")
    assert behaviour(plain) == behaviour(drafted)


def test_an_answer_needs_no_prompt_beside_a_draft(tmp_path: Path) -> None:
    answer = {"kind": "sudoku", "expected": "1324421331422431"}
    (problem,) = read_problems(
        write(tmp_path / "a.jsonl", {"draft": "....4....1.2..3.", "answer": answer})
    )
    assert (problem.prompt, problem.entry_point, problem.kind) == ("", "", "answer")
    assert problem.tests == Answer("sudoku", problem.draft, answer["expected"])


def test_exact_answers_to_different_questions_are_different_problems(tmp_path: Path) -> None:
    answer = {"kind": "exact", "expected": "7"}
    records = [{"prompt": prompt, "answer": answer} for prompt in ("# 3 + 4\n", "# 2 + 5\n")]
    one, other = read_problems(write(tmp_path / "a.jsonl", *records))
    assert behaviour(one) != behaviour(other)


SUDOKU = {"draft": "....4....1.2..3."}
MAZE = {"draft": "S.##.G..."}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        pytest.param("{not json", "line 2: not valid JSON", id="damaged line"),
        pytest.param("[1, 2]", "line 2: a list where an object is needed", id="no object"),
        pytest.param(GOOD | {"promt": "x"}, "line 2: the field 'promt' is unknown", id="unknown"),
        pytest.param({"prompt": "x"}, "line 2: .* exactly one of", id="no tests"),
        pytest.param(GOOD | {"cases": []}, "line 2: .* exactly one of", id="two kinds of tests"),
        pytest.param(GOOD | {"asserts": []}, "line 2: asserts is no list", id="empty tests"),
        pytest.param(GOOD | {"asserts": ["assert ("]}, "line 2: .* no Python", id="damaged test"),
        pytest.param(GOOD | {"language": "javascript"}, "asserts judge Python alone", id="judge"),
        pytest.param(GOOD | {"difficulty": "2"}, "line 2: difficulty is '2'", id="difficulty"),
        pytest.param(GOOD | {"prompt": 3}, "line 2: prompt is 3", id="prompt is no text"),
        pytest.param(GOOD | {"prompt": ""}, "line 2: the prompt is empty", id="empty prompt"),
        pytest.param(
            {"prompt": "", "stdio": [{"stdin": "1", "stdout": "2"}]},
            "line 2: the prompt is empty",
            id="empty prompt of a program",
        ),
        pytest.param(
            {"prompt": "class Box:\n", "entry_point": "Box", "asserts": ["assert Box()"]},
            "line 2: the entry_point 'Box' is a class, .* put a function that builds",
            id="class with asserts",
        ),
        pytest.param(
            {"prompt": "import math\n\nclass Box:\n", "entry_point": "Box", "tests": ["Box()"]},
            "line 2: the entry_point 'Box' is a class",
            id="class with tests",
        ),
        pytest.param(
            {
                "prompt": "class Box:\n",
                "entry_point": "Box",
                "cases": [{"arguments": [], "expected": 1}],
            },
            "line 2: the entry_point 'Box' is a class",
            id="class with cases",
        ),
        pytest.param(
            {
                "prompt": "# A class Box.\n",
                "entry_point": "Box",
                "asserts": ["assert Box()"],
                "reference": "class Box:\n    pass\n",
            },
            "line 2: the entry_point 'Box' is a class",
            id="class in the reference",
        ),
        pytest.param(
            {"prompt": "x", "asserts": ["assert f()"]},
            "line 2: the field 'entry_point' is missing; add it",
            id="no entry point",
        ),
        pytest.param(
            {"prompt": "x", "entry_point": "f", "cases": [{"arguments": 3, "expected": 3}]},
            "line 2: the arguments 3 are no list",
            id="arguments are no list",
        ),
        pytest.param(
            {"prompt": "x", "entry_point": "f", "cases": [{"arguments": [3]}]},
            "line 2: the case .* is not",
            id="no expected value",
        ),
        pytest.param(
            {"prompt": "x", "entry_point": "f", "cases": {"visible": []}},
            "line 2: cases has no visible test",
            id="no visible test",
        ),
        pytest.param(
            {"prompt": "x", "entry_point": "f", "cases": {"public": []}},
            "line 2: cases is no list and not",
            id="unknown group",
        ),
        pytest.param(
            {"prompt": "x", "stdio": [{"stdin": "1"}]}, "line 2: the stdio test", id="no stdout"
        ),
        pytest.param(
            {"prompt": "x", "stdio": [{"stdin": "", "stdout": ""}], "setup": "a = 1"},
            "line 2: 'setup' belongs to tests or asserts",
            id="setup without test code",
        ),
        pytest.param(
            GOOD | {"reference": "a", "solution": "b"}, "line 2: reference and", id="two solutions"
        ),
        pytest.param(GOOD | {"draft": 3}, "line 2: draft is 3", id="draft is no text"),
        pytest.param(
            SUDOKU | {"answer": "1324421331422431"}, "line 2: the answer .* is not", id="no object"
        ),
        pytest.param(
            SUDOKU | {"answer": {"kind": "chess", "expected": "e4"}},
            "line 2: no answer is of kind 'chess'; choose sudoku, maze, exact",
            id="unknown kind of answer",
        ),
        pytest.param(
            SUDOKU | {"answer": {"kind": "sudoku", "expected": "1324421331422413"}},
            "line 2: .* does not solve the puzzle",
            id="a wrong solution",
        ),
        pytest.param(
            {"draft": "1..x", "answer": {"kind": "sudoku", "expected": "1324"}},
            "line 2: the puzzle '1..x' is no Sudoku",
            id="no board",
        ),
        pytest.param(
            {"draft": "S.##.G..", "answer": {"kind": "maze", "expected": ""}},
            "line 2: the puzzle 'S.##.G..' is no maze",
            id="no maze",
        ),
        pytest.param(
            MAZE | {"answer": {"kind": "maze", "expected": "S.##.G..."}},
            "line 2: .* is not the maze with .* on a shortest path",
            id="no path",
        ),
        pytest.param(
            MAZE | {"answer": {"kind": "maze", "expected": "So##.Go.."}},
            "line 2: .* is not the maze with .* on a shortest path",
            id="too long a path",
        ),
        pytest.param(
            MAZE | {"answer": {"kind": "maze", "expected": "S.##oG..."}},
            "line 2: .* is not the maze with .* on a shortest path",
            id="a path with a gap",
        ),
        pytest.param(
            {"prompt": "x", "answer": {"kind": "exact", "expected": " "}},
            "line 2: the expected answer is empty",
            id="an empty answer",
        ),
        pytest.param(
            MAZE | {"answer": {"kind": "maze", "expected": ""}, "language": "javascript"},
            "line 2: an answer has no language",
            id="an answer in a language",
        ),
        pytest.param(
            BOX | {"cases": [{"build": [1], "calls": CALLS}, {"arguments": [], "expected": 1}]},
            'line 2: some cases have "build" and some have not',
            id="two forms of cases",
        ),
        pytest.param(
            BOX | {"cases": [{"build": [1], "calls": []}]},
            "line 2: the case .* with at least one call",
            id="an object without calls",
        ),
        pytest.param(
            BOX | {"cases": [{"build": [1], "calls": [{"method": "add"}]}]},
            "line 2: the call .* is not",
            id="a call without expected value",
        ),
        pytest.param(
            BOX | {"cases": [{"build": 1, "calls": CALLS}]},
            "line 2: the arguments 1 are no list",
            id="no list to build from",
        ),
        pytest.param(GOOD | {"task_id": "one"}, "line 2: the task_id 'one' is taken", id="twice"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(
    tmp_path: Path, record: object, message: str
) -> None:
    path = write(tmp_path / "mine.jsonl", GOOD | {"task_id": "one"}, record)
    with pytest.raises(ValueError, match=message) as caught:
        read_problems(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_missing_file_an_empty_folder_and_an_empty_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no file .*none\.jsonl"):
        read_problems(tmp_path / "none.jsonl")
    with pytest.raises(ValueError, match=r"holds no \.jsonl file"):
        read_problems(tmp_path)
    with pytest.raises(ValueError, match="holds no problem"):
        read_problems(write(tmp_path / "empty.jsonl"))


def test_a_damaged_archive_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(GOOD).encode())[:-9])
    with pytest.raises(ValueError, match="cannot be read"):
        read_problems(path)
