"""Writes problems as a `.jsonl` file that `problem_file.read_problems` reads.

    write_problems("held_out.jsonl", problems)      # then data.held_out_files=[held_out.jsonl]

Problems of a family become a file that stays as it is, whatever becomes of the family: they come
back with the same tests, draft, reference and difficulty, and the file's name as their source.
What the format cannot say, as text behind the completion, is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from lit_coder.problems.answer_record import default_puzzle
from lit_coder.problems.case_record import case_record
from lit_coder.problems.problem import Answer, Cases, CheckProgram, Problem


def write_problems(path: str | Path, problems: Iterable[Problem]) -> None:
    """One line for each problem; what was in the file is gone.

    Raises:
        ValueError: a problem cannot be written; the file is not touched then.
    """
    lines = [json.dumps(problem_record(problem), ensure_ascii=False) for problem in problems]
    Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def problem_record(problem: Problem) -> dict[str, object]:
    """The fields of one line.

    Raises:
        ValueError: the problem has text behind its completion, or cases that are neither calls of
            a function nor objects with calls of their methods.
    """
    if problem.suffix:
        raise ValueError(
            f"{problem.task_id} has text behind the completion, which a problem file cannot hold"
        )
    record: dict[str, object] = {"task_id": problem.task_id, "prompt": problem.prompt}
    if problem.entry_point:
        record["entry_point"] = problem.entry_point
    record |= _tests_fields(problem)
    for field, value in (
        ("draft", problem.draft),
        ("reference", problem.reference),
        ("difficulty", problem.difficulty),
    ):
        if value:
            record[field] = value
    if problem.language != "python":
        record["language"] = problem.language
    return record


def _tests_fields(problem: Problem) -> dict[str, object]:
    tests = problem.tests
    if isinstance(tests, Answer):
        answer: dict[str, str] = {"kind": tests.kind, "expected": tests.expected}
        if tests.puzzle != default_puzzle(tests.kind, problem.prompt, problem.draft):
            answer["puzzle"] = tests.puzzle
        return {"answer": answer}
    if isinstance(tests, CheckProgram):
        fields: dict[str, object] = {"tests": list(tests.visible)}
        if tests.hidden:
            fields["hidden_asserts"] = list(tests.hidden)
        return fields | ({"setup": tests.setup} if tests.setup else {})
    if isinstance(tests, Cases):
        visible, hidden = (
            [case_record(problem, case) for case in cases]
            for cases in (tests.visible, tests.hidden)
        )
        return {"cases": {"visible": visible, "hidden": hidden}}
    texts = (
        [{"stdin": case.stdin, "stdout": case.expected_stdout} for case in cases]
        for cases in (tests.visible, tests.hidden)
    )
    return {"stdio": dict(zip(("visible", "hidden"), texts, strict=True))}
