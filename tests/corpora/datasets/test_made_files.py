"""Files in the published formats with their traps: every good row is read, every bad one named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import made_problem_sets as problem_sets
import made_text_sets as text_sets
import pytest
from made_problem_sets import HUGE, Made

from lit_coder.corpora.datasets.opening import detect, open_dataset, open_file
from lit_coder.corpora.datasets.record import Record
from lit_coder.problems.problem import Cases, CheckProgram, Construct, StdioCases

MADE: list[tuple[str, Callable[[Path], Made]]] = [
    ("humaneval", problem_sets.humaneval_csv),
    ("mbpp", problem_sets.mbpp_csv),
    ("apps", problem_sets.apps_lines),
    ("taco", problem_sets.taco_arrow),
    ("code_contests", problem_sets.code_contests_parquet),
    ("code_contests", problem_sets.code_contests_csv),
    ("livecodebench", problem_sets.livecodebench_lines),
    ("opc_sft", problem_sets.opc_parquet),
    ("verifiable_coding_problems", problem_sets.verifiable_parquet),
    ("ace_code", problem_sets.ace_code_parquet),
    ("alpaca_python", text_sets.alpaca_json),
    ("alpaca_python", text_sets.alpaca_csv),
    ("glaive_qa", text_sets.glaive_csv),
    ("codeparrot_clean", text_sets.codeparrot_lines),
    ("magicoder_oss_instruct", text_sets.oss_instruct_lines),
    ("evol_instruct_code", text_sets.evol_json),
    ("magicoder_evol_instruct", text_sets.magicoder_evol_lines),
    ("codesearchnet", text_sets.code_search_parquet),
    ("codesearchnet", text_sets.code_search_lines),
    ("the_stack_smol", text_sets.stack_json),
    ("starcoderdata", text_sets.starcoder_parquet),
]


def records_of(made: Made) -> dict[int, Record]:
    """The records by the numbers of their rows, from 0."""
    dataset = open_file(made.path)
    records = list(dataset.records())
    assert dataset.num_rows_read == made.num_rows
    return dict(enumerate(records))


@pytest.mark.parametrize(("name", "make"), MADE, ids=[make.__name__ for _, make in MADE])
def test_a_file_is_known_by_its_columns_and_every_row_is_read_or_named(
    name: str, make: Callable[[Path], Made], tmp_path: Path
) -> None:
    made = make(tmp_path)
    assert made.num_rows >= 50
    assert detect(made.path)[0].name == name
    dataset = open_dataset(name, tmp_path)
    assert dataset.files == [made.path]
    records = list(dataset.records())
    assert dict(dataset.skipped.counts) == made.skipped
    assert dataset.num_rows_read == made.num_rows
    assert len(records) == made.num_rows - sum(made.skipped.values())
    assert len({record.name for record in records}) == len(records)
    assert not any("\r" in record.text + record.instruction for record in records)


def test_apps_has_programs_functions_and_methods_with_solutions_in_python_3(tmp_path: Path) -> None:
    problem_sets.apps_lines(tmp_path)
    by_name = {record.name: record for record in open_dataset("apps", tmp_path).records()}
    program = by_name["0"].problem
    assert program is not None and isinstance(program.tests, StdioCases)
    assert (len(program.tests.visible), len(program.tests.hidden)) == (4, 2)
    assert program.tests.visible[0].stdin == "0\n"
    assert program.reference is not None and "raw_input" not in program.reference
    assert by_name["2"].problem is not None and by_name["2"].problem.reference is None
    function = by_name["3"].problem
    assert function is not None and isinstance(function.tests, Cases)
    assert function.tests.visible[1].expected == (HUGE,)
    assert "def twice(n):" in by_name["3"].instruction
    method = by_name["4"].problem
    assert method is not None and isinstance(method.tests, Cases)
    assert isinstance(method.tests.visible[0].operations[0], Construct)
    assert method.tests.visible[0].expected == (None, 3)
    lines = by_name["5"].problem
    assert lines is not None and isinstance(lines.tests, StdioCases)
    assert lines.tests.visible[0].stdin == "1\n2\n"


def test_a_training_split_is_named_by_its_files(tmp_path: Path) -> None:
    problem_sets.apps_lines(tmp_path / "", "train.jsonl", num_rows=50)
    problem_sets.apps_lines(tmp_path / "", "test.jsonl", num_rows=55)
    both, train = open_dataset("apps", tmp_path), open_dataset("apps_train", tmp_path)
    assert [path.name for path in both.files] == ["test.jsonl", "train.jsonl"]
    assert [path.name for path in train.files] == ["train.jsonl"]
    assert (len([*both.records()]), len([*train.records()])) == (105 - 8, 50 - 4)
    (tmp_path / "train.jsonl").rename(tmp_path / "rows.jsonl")
    (tmp_path / "test.jsonl").unlink()
    with pytest.raises(ValueError, match="does not say by its name"):
        open_dataset("apps_train", tmp_path)


def test_the_first_python_3_solution_of_a_contest_is_its_reference(tmp_path: Path) -> None:
    for make in (problem_sets.code_contests_parquet, problem_sets.code_contests_csv):
        record = next(open_file(make(tmp_path).path).records())
        assert record.text == "print(int(input()) ** 2)\n"
        assert record.problem is not None and isinstance(record.problem.tests, StdioCases)
        assert (len(record.problem.tests.visible), len(record.problem.tests.hidden)) == (3, 6)


def test_private_tests_are_read_and_a_hostile_pickle_creates_nothing(tmp_path: Path) -> None:
    made = problem_sets.livecodebench_lines(tmp_path)
    by_name = {record.name: record for record in open_file(made.path).records()}
    assert not (tmp_path / "created").exists()
    program = by_name["LiveCodeBench/abc0_a"].problem
    assert program is not None and isinstance(program.tests, StdioCases)
    assert [case.expected_stdout for case in program.tests.hidden] == ["1\n", "2\n"]
    method = by_name["LiveCodeBench/abc1_a"].problem
    assert method is not None and isinstance(method.tests, Cases)
    assert method.tests.visible[0].expected[1] == HUGE


def test_rows_of_opc_with_tests_are_problems(tmp_path: Path) -> None:
    records = list(open_file(problem_sets.opc_parquet(tmp_path).path).records())
    assert records[0].problem is not None and isinstance(records[0].problem.tests, CheckProgram)
    assert records[1].problem is not None and records[1].problem.entry_point == "add"


def test_the_asserted_function_is_found_inside_other_calls(tmp_path: Path) -> None:
    record = next(open_file(problem_sets.ace_code_parquet(tmp_path).path).records())
    assert record.problem is not None
    assert (record.problem.entry_point, record.problem.reference) == ("add", None)


def test_an_alpaca_row_asks_with_its_input_and_loses_its_fence(tmp_path: Path) -> None:
    by_name = {r.name: r for r in open_file(text_sets.alpaca_json(tmp_path).path).records()}
    assert by_name["row 1"].instruction == "Print 0."
    assert by_name["row 1"].text == "print(0)\n"
    assert by_name["row 2"].text == "print(1)\n"
    assert by_name["row 6"].instruction == "Print 5.\n\nInput:\n[5, 2]"


def test_an_answer_stays_whole_and_its_fences_say_its_language(tmp_path: Path) -> None:
    rows = list(open_file(text_sets.glaive_csv(tmp_path).path).records())
    assert rows[0].text == 'Like this, "easily":\n\n```python\nprint(0)\n```\nDone.'
    assert len(rows[1].text) > len(text_sets.LONG) > 2**17
    assert [row.language for row in rows[:4]] == ["python", "python", "java", "python"]
    assert {row.kind for row in rows} == {"question-answer"}


def test_a_row_of_codeparrot_has_its_own_licence(tmp_path: Path) -> None:
    rows = list(open_file(text_sets.codeparrot_lines(tmp_path).path).records())
    assert (rows[0].name, rows[0].licence) == ("owner/project0/a/b.py", "gpl-3.0")
    assert rows[0].text == "x = 0\ny = 2\n"


def test_a_program_with_prose_is_an_answer_and_alone_an_instruction(tmp_path: Path) -> None:
    evol = next(open_file(text_sets.evol_json(tmp_path).path).records())
    alone = next(open_file(text_sets.magicoder_evol_lines(tmp_path).path).records())
    assert (evol.kind, alone.kind) == ("question-answer", "instruction")
    languages = [
        r.language for r in open_file(text_sets.oss_instruct_lines(tmp_path).path).records()
    ]
    assert languages[:4] == ["cpp", "python", "python", "cpp"]


def test_a_question_left_out_is_looked_up_where_it_stands(tmp_path: Path) -> None:
    made = text_sets.reasoning_parquet(tmp_path / "open_code_reasoning")
    problem_sets.taco_arrow(tmp_path / "taco")
    dataset = open_dataset("open_code_reasoning", tmp_path)
    records = list(dataset.records())
    assert dict(dataset.skipped.counts) == made.skipped
    assert (records[0].text, records[0].licence) == ("print(0)\n", "cc-by-4.0")
    assert records[1].instruction == "Add the two numbers (4)."
