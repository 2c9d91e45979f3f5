"""Reads a user's own problems: a `.jsonl` file, a `.csv` file of Sudoku, or a folder of them.

    problems = read_problems("my_problems.jsonl")

One line is one problem. Fields (data/README.md shows each):

    prompt                                not empty, unless a draft says everything
    draft                                 text to be made right in the completion's place
    entry_point                           the tested function, or the class whose objects `cases`
                                          build; not with `stdio` or `answer`
    cases | tests | asserts | stdio | answer    exactly one: how a completion is judged
    hidden_asserts                        with `tests` or `asserts`: counted, never admit a sample
    setup                                 with `tests` or `asserts`: code before the tests
    reference | solution                  a completion that passes; may repeat the prompt
    task_id, difficulty                   a unique name; a whole number, 1 = easiest
    language                              with `cases` or `stdio`: "python", or "javascript"

Solutions are not run here, and problems with few distinct outputs are not refused: a predicate
is a fair problem. Where anything is wrong with a file, the error says which line and what to do.
What a case says is in `case_record.py`, what a `.csv` file holds in `sudoku_file.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lit_coder.problems.answer_record import answer_from_record
from lit_coder.problems.case_record import builds_objects, case_from_record
from lit_coder.problems.family import prompt_task_id
from lit_coder.problems.json_lines import read_json_lines
from lit_coder.problems.problem import (
    Cases,
    CheckProgram,
    Problem,
    ProblemKind,
    StdioCase,
    StdioCases,
    Tests,
)
from lit_coder.problems.python_text import parse_quietly
from lit_coder.problems.sudoku_file import COLUMNS, has_sudoku_columns, read_sudoku_file

FIELDS = (
    "task_id",
    "prompt",
    "entry_point",
    "cases",
    "tests",
    "asserts",
    "hidden_asserts",
    "stdio",
    "answer",
    "draft",
    "setup",
    "reference",
    "solution",
    "difficulty",
    "language",
)

_TEST_FIELDS = ("cases", "tests", "asserts", "stdio", "answer")
_KINDS: dict[str, ProblemKind] = {"stdio": "program", "answer": "answer"}


def problem_paths(path: Path) -> list[Path]:
    """The files that a path of problems stands for; a folder is searched, a file may be missing."""
    if not path.is_dir():
        return [path]
    sudoku = (file for file in path.glob("*.csv") if has_sudoku_columns(file))
    return sorted([*path.glob("*.jsonl"), *sudoku])


def read_problems(path: str | Path) -> list[Problem]:
    """The problems of a file, or of every problem file of a folder in the order of their names.

    Raises:
        ValueError: something is wrong; one sentence with file, line and remedy.
    """
    path = Path(path)
    files = problem_paths(path)
    if not files:
        raise ValueError(
            f"the folder {path} holds no .jsonl file and no .csv file with the columns "
            f"{','.join(COLUMNS)}; put your problems into one"
        )
    problems: list[Problem] = []
    first_place: dict[str, str] = {}
    for file in files:
        for place, problem in _placed(file):
            if problem.task_id in first_place:
                raise ValueError(
                    f"{place}: the task_id {problem.task_id!r} is taken by "
                    f"{first_place[problem.task_id]}; give every problem its own"
                )
            first_place[problem.task_id] = place
            problems.append(problem)
    if not problems:
        raise ValueError(f"{path} holds no problem; write one JSON object a line")
    return problems


def _placed(file: Path) -> Iterator[tuple[str, Problem]]:
    """The problems of one file, each with its place for people."""
    if file.suffix == ".csv":
        for problem in read_sudoku_file(file):
            yield str(file), problem
        return
    if file.name.lower().endswith((".csv", ".csv.gz")):
        raise ValueError(
            f"the name of {file} does not end in .csv, as that of a file of Sudoku puzzles does; "
            "unpack or rename it"
        )
    for line, record in read_json_lines(file):
        place = f"{file}, line {line}"
        try:
            yield place, problem_from_record(record, source=file.stem)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error


def problem_from_record(record: dict[str, object], source: str) -> Problem:
    """The problem of one parsed line.

    Raises:
        ValueError: a field is missing, unknown or of a wrong type.
    """
    for field in record:
        if field not in FIELDS:
            raise ValueError(f"the field {field!r} is unknown; use {', '.join(FIELDS)}")
    given = [field for field in _TEST_FIELDS if field in record]
    if len(given) != 1:
        raise ValueError(
            f"a problem has exactly one of {', '.join(_TEST_FIELDS)}, not {given or 'none'}; "
            "keep or add one"
        )
    (field,) = given
    draft = _text(record, "draft", default="")
    prompt = _text(record, "prompt", default="" if draft and field == "answer" else None)
    if not prompt and not draft:
        raise ValueError(
            "the prompt is empty, so there is nothing to complete; write what is asked for, as a "
            "signature with a docstring or a comment"
        )
    kind = _kind(record[field], field)
    has_name = kind in ("function", "class")
    entry_point = _text(record, "entry_point", default=None if has_name else "")
    reference = _reference(record, prompt)
    language = _text(record, "language", default="python")
    if language != "python" and field == "answer":
        raise ValueError(f"an answer has no language, and {language!r} is given; remove it")
    if language != "python" and field in ("tests", "asserts"):
        raise ValueError(
            f"{field} judge Python alone, and the language is {language!r}; give cases or stdio"
        )
    if kind == "function" and language == "python":
        _refuse_class(prompt + (reference or ""), entry_point, field)
    difficulty = record.get("difficulty", 0)
    if type(difficulty) is not int or difficulty < 0:
        raise ValueError(f"difficulty is {difficulty!r}; give a whole number, 1 = easiest")
    return Problem(
        task_id=_text(record, "task_id", default=prompt_task_id(source, prompt + draft)),
        prompt=prompt,
        entry_point=entry_point,
        tests=_tests(record, field, entry_point),
        kind=kind,
        source=source,
        difficulty=difficulty,
        language=language,
        reference=reference,
        draft=draft,
    )


def _kind(tests: object, field: str) -> ProblemKind:
    """What kind of problem has these tests."""
    if field == "cases":
        visible, hidden = _visible_and_hidden(tests, field)
        return "class" if builds_objects([*visible, *hidden]) else "function"
    return _KINDS.get(field, "function")


def _tests(record: dict[str, object], field: str, entry_point: str) -> Tests:
    """The tests that the record's field `field` describes."""
    if field in ("tests", "asserts"):
        return CheckProgram(
            visible=_codes(record, field),
            hidden=_codes(record, "hidden_asserts") if "hidden_asserts" in record else (),
            setup=_code(record.get("setup", ""), "setup"),
        )
    for other in ("hidden_asserts", "setup"):
        if other in record:
            raise ValueError(f"{other!r} belongs to tests or asserts, not to {field}; remove it")
    if field == "answer":
        prompt, draft = (_text(record, name, default="") for name in ("prompt", "draft"))
        return answer_from_record(record[field], prompt, draft)
    visible, hidden = _visible_and_hidden(record[field], field)
    if field == "cases":
        return Cases(
            tuple(case_from_record(entry, entry_point) for entry in visible),
            tuple(case_from_record(entry, entry_point) for entry in hidden),
        )
    return StdioCases(
        tuple(_stdio_case(entry) for entry in visible),
        tuple(_stdio_case(entry) for entry in hidden),
    )


def _visible_and_hidden(value: object, field: str) -> tuple[list[object], list[object]]:
    """A list is all visible; an object names its two lists."""
    groups = {"visible": value} if isinstance(value, list) else value
    if not isinstance(groups, dict) or not groups.keys() <= {"visible", "hidden"}:
        raise ValueError(
            f'{field} is no list and not {{"visible": [...], "hidden": [...]}}; write one of them'
        )
    visible, hidden = groups.get("visible"), groups.get("hidden", [])
    if not isinstance(visible, list) or not isinstance(hidden, list) or not visible:
        raise ValueError(f"{field} has no visible test in a list; give at least one")
    return visible, hidden


def _stdio_case(entry: object) -> StdioCase:
    """One input text with its expected output."""
    if (
        not isinstance(entry, dict)
        or entry.keys() != {"stdin", "stdout"}
        or not all(isinstance(text, str) for text in entry.values())
    ):
        raise ValueError(f'the stdio test {entry!r} is not {{"stdin": "...", "stdout": "..."}}')
    return StdioCase(entry["stdin"], entry["stdout"])


def _codes(record: dict[str, object], field: str) -> tuple[str, ...]:
    """A list of test texts."""
    texts = record[field]
    if not isinstance(texts, list) or not texts:
        raise ValueError(f'{field} is no list of tests; write ["assert f(1) == 2", ...]')
    return tuple(_code(text, field) for text in texts)


def _code(text: object, field: str) -> str:
    """Test code, parsed but not executed: better a message now than every sample failing."""
    if not isinstance(text, str):
        raise ValueError(f"{field} holds {text!r}; write code as a string")
    try:
        parse_quietly(text)
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            f"{field} holds {text!r}, which is no Python ({error}); repair it"
        ) from error
    return text


def _reference(record: dict[str, object], prompt: str) -> str | None:
    """The known solution as a completion: where it repeats the prompt, without it."""
    if "reference" in record and "solution" in record:
        raise ValueError("reference and solution are two names of one field; keep one of them")
    field = "solution" if "solution" in record else "reference"
    if record.get(field) is None:
        return None
    return _text(record, field).removeprefix(prompt)


def _refuse_class(program: str, entry_point: str, field: str) -> None:
    """A class as what is called: no test could pass, for objects stay in the program's process."""
    if re.search(rf"^class {re.escape(entry_point)}\b", program, re.MULTILINE):
        remedy = 'write each case as {"build": [...], "calls": [...]}'
        if field != "cases":
            remedy = (
                'give cases with "build" and "calls", or put a function that builds and uses one '
                "into the prompt and name that function"
            )
        raise ValueError(
            f"the entry_point {entry_point!r} is a class, whose objects cannot cross to the tests; "
            f"{remedy}"
        )


def _text(record: dict[str, object], field: str, default: str | None = None) -> str:
    """A field that holds text."""
    value = record.get(field, default)
    if value is None:
        raise ValueError(f"the field {field!r} is missing; add it")
    if not isinstance(value, str):
        raise ValueError(f"{field} is {value!r}; write it as a string")
    return value
