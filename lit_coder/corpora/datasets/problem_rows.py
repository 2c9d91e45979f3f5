"""Reads rows of problems with tests for training: APPS, TACO, CodeContests, opc-sft, AceCode, ...

    record = apps_record(Cells(row, number=1))
    record.problem.tests, record.problem.reference

Each becomes a `Problem` with cases, texts on standard input, or asserts, and a reference where a
solution in Python 3 is published. Which solutions are Python 3 is looked for in their text, which
is not parsed here; whether one passes is `validation.py`'s to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from lit_coder.corpora.datasets.cells import Cells, RowFault
from lit_coder.corpora.datasets.fences import python_blocks
from lit_coder.corpora.datasets.judged_tests import JudgedBy, assert_tests, stdio_cases, tests_of
from lit_coder.corpora.datasets.record import Record
from lit_coder.problems.benchmarks.records import unix_lines
from lit_coder.problems.problem import Problem, StdioCase, StdioCases

_DIFFICULTIES = {
    "introductory": 1,
    "easy": 1,
    "medium": 2,
    "medium_hard": 3,
    "interview": 2,
    "hard": 3,
    "very_hard": 4,
    "competition": 3,
}
# As the publisher's schema numbers the languages: 0 unknown, 1 Python 2, 2 C++, 4 Java.
_PYTHON_3 = 3
_PYTHON_2 = re.compile(
    r"""^\s*print\s+[^\s(=]|^\s*print\s*$|\braw_input\s*\(|\bxrange\s*\(|^\s*except\s+[\w.]+\s*,"""
    r"""|\bunicode\s*\(|\.has_key\s*\(|\bfrom\s+itertools\s+import\s+.*\bizip\b|<>""",
    re.MULTILINE,
)
# What LeetCode imports before a class `Solution`, which its solutions count on.
_CLASS_PRELUDE = """\
import bisect, collections, functools, heapq, itertools, math, operator, random, re, string
from bisect import bisect_left, bisect_right, insort
from collections import Counter, OrderedDict, defaultdict, deque
from functools import lru_cache, reduce
from heapq import heapify, heappop, heappush
from math import ceil, floor, gcd, inf, sqrt
from typing import Any, Dict, List, Optional, Set, Tuple

"""


def apps_record(cells: Cells) -> Record:
    """APPS: solutions and tests are JSON in texts; the tests may be an empty text."""
    name = cells.name("problem_id", "id")
    return _contest_record(cells, "apps", name, cells.filled("question"))


def taco_record(cells: Cells) -> Record:
    """TACO: as APPS, with more columns and fewer ids."""
    return _contest_record(cells, "taco", f"row {cells.number}", cells.filled("question"))


def code_contests_record(cells: Cells) -> Record:
    """CodeContests: public and private tests are visible, generated ones hidden."""
    name, question = cells.filled("name").strip(), cells.filled("description")
    if cells.text("input_file", default="").strip():
        raise RowFault("its programs read a file")
    public, private, generated = (
        _published_tests(cells, column)
        for column in ("public_tests", "private_tests", "generated_tests")
    )
    tests = StdioCases(public + private, generated)
    if not tests.visible:
        tests = StdioCases(generated, ())
    if not tests.visible:
        raise RowFault("there are no tests")
    reference = _first_python_3(_numbered_solutions(cells.value("solutions", default={})))
    judged = JudgedBy(tests, "", "program")
    return _record(name, "code_contests", question, judged, reference)


def opc_record(cells: Cells) -> Record:
    """opc-sft: rows with `testcase` are problems, the others questions with answers."""
    instruction = cells.filled("instruction")
    name = cells.name("seq_id")
    if "testcase" not in cells.row:
        return Record(name, "question-answer", instruction, cells.filled("output"))
    code = cells.filled("code")
    judged = assert_tests(cells.texts("testcase"))
    entry_point = cells.text("entry_point", default="") or judged.entry_point
    return _record(name, "opc_sft", instruction, judged._replace(entry_point=entry_point), code)


def ace_code_record(cells: Cells) -> Record:
    """AceCode: a question and asserts, no solution."""
    judged = assert_tests(cells.texts("test_cases"))
    return _record(cells.name("id"), "ace_code", cells.filled("question"), judged, None)


def verifiable_record(cells: Cells) -> Record:
    """SYNTHETIC-1: tests stand in `verification_info`, each with its kind."""
    information = cells.value("verification_info", default={})
    published = information.get("test_cases") if isinstance(information, dict) else None
    if not isinstance(published, list) or not all(isinstance(t, dict) for t in published):
        raise RowFault("verification_info holds no list of tests")
    language = str(information.get("language", "python")).lower()
    if language != "python":
        raise RowFault(f"is to be solved in {language}")
    functions = {str(test.get("fn_name") or "") for test in published}
    if len(functions) > 1:
        raise RowFault("its tests call several functions")
    object_ = {
        "fn_name": "".join(functions),
        "inputs": [test.get("input") for test in published],
        "outputs": [test.get("output") for test in published],
    }
    judged = tests_of(object_, cells.text("starter_code", default=""))
    solution = cells.text("gold_standard_solution", default="")
    blocks = python_blocks(solution)
    solutions = [(_PYTHON_3, blocks[0] if blocks else solution)] if solution.strip() else []
    name = cells.name("problem_id", "task_id")
    reference = _first_python_3(solutions)
    return _record(name, "verifiable_coding_problems", cells.filled("prompt"), judged, reference)


PROBLEM_READERS: dict[str, Callable[[Cells], Record]] = {
    "apps": apps_record,
    "taco": taco_record,
    "code_contests": code_contests_record,
    "opc_sft": opc_record,
    "ace_code": ace_code_record,
    "verifiable_coding_problems": verifiable_record,
}


def _contest_record(cells: Cells, source: str, name: str, question: str) -> Record:
    starter = cells.text("starter_code", default="")
    judged = tests_of(cells.value("input_output"), starter)
    solutions = [(_PYTHON_3, text) for text in cells.texts("solutions")]
    difficulty = _DIFFICULTIES.get(str(cells.row.get("difficulty") or "").lower(), 0)
    asked = f"{question.rstrip()}\n\n{starter.rstrip()}\n" if starter.strip() else question
    return _record(name, source, asked, judged, _first_python_3(solutions), difficulty)


def _record(
    name: str,
    source: str,
    instruction: str,
    judged: JudgedBy,
    reference: str | None,
    difficulty: int = 0,
) -> Record:
    problem = Problem(
        task_id=f"{source}/{name}",
        prompt=_CLASS_PRELUDE if judged.kind == "class" else "",
        entry_point=judged.entry_point,
        tests=judged.tests,
        kind=judged.kind,
        source=source,
        difficulty=difficulty,
        reference=reference,
    )
    return Record(name, "problem", instruction, reference or "", problem)


def _first_python_3(solutions: Sequence[tuple[int, str]]) -> str | None:
    """The first solution that is Python and does not look like Python 2, in its own line ends."""
    for language, text in solutions:
        if language == _PYTHON_3 and text.strip() and not _PYTHON_2.search(text):
            return unix_lines(text).rstrip("\n") + "\n"
    return None


def _numbered_solutions(value: Any) -> list[tuple[int, str]]:
    """Language and text of each: columns side by side, or a list of pairs."""
    if isinstance(value, dict):
        languages, texts = value.get("language"), value.get("solution")
        if isinstance(languages, list) and isinstance(texts, list):
            return [
                (_language(number), text)
                for number, text in zip(languages, texts, strict=False)
                if isinstance(text, str)
            ]
    if isinstance(value, list):
        return [
            (_language(entry.get("language")), entry["solution"])
            for entry in value
            if isinstance(entry, dict) and isinstance(entry.get("solution"), str)
        ]
    raise RowFault("solutions are no languages and texts")


def _language(value: Any) -> int:
    """The number of a language, which some exports write as its name."""
    if isinstance(value, int):
        return value
    return _PYTHON_3 if str(value).upper() in ("PYTHON3", "PYTHON", "3") else 0


def _published_tests(cells: Cells, column: str) -> tuple[StdioCase, ...]:
    value = cells.value(column, default={})
    if not isinstance(value, dict):
        raise RowFault(f"{column} is no object of inputs and outputs")
    inputs, outputs = value.get("input") or [], value.get("output") or []
    if not isinstance(inputs, list) or not isinstance(outputs, list):
        raise RowFault(f"{column} is no object of inputs and outputs")
    return tuple(stdio_cases(inputs, outputs))
