"""Reads HumanEval (openai/human-eval): 164 functions, each judged by a `check` program.

    problems = read_humaneval(find_benchmark_file("humaneval"))

The prompt stays raw, to the last character: stripping it changes scores. The judge's set-up is
the file's test source, which defines `check(candidate)`; the one visible test calls it with the
entry point, so a problem passes or fails as a whole. Four prompts (10, 32, 38, 50) hold a helper
function before the wanted one, and some tests use it: the prompt is also the judge's prelude.

The canonical solutions become references. Nothing is executed here.
"""

from __future__ import annotations

from pathlib import Path

from lit_coder.problems.json_lines import read_json_lines
from lit_coder.problems.problem import CheckProgram, Problem

_FIELDS = ("task_id", "prompt", "entry_point", "canonical_solution", "test")


def read_humaneval(path: str | Path) -> list[Problem]:
    """The problems of a `HumanEval.jsonl` or `HumanEval.jsonl.gz` file.

    Raises:
        ValueError: the file is missing, damaged, or no HumanEval file.
    """
    path = Path(path)
    problems = []
    for line, record in read_json_lines(path):
        for field in _FIELDS:
            if not isinstance(record.get(field), str):
                raise ValueError(
                    f"{path}, line {line}: the text field {field!r} is missing; "
                    "take HumanEval.jsonl.gz from openai/human-eval"
                )
        task_id, prompt, entry_point, solution, test = (str(record[field]) for field in _FIELDS)
        problems.append(
            Problem(
                task_id=task_id if task_id.startswith("HumanEval/") else f"HumanEval/{task_id}",
                prompt=prompt,
                entry_point=entry_point,
                tests=CheckProgram(visible=(f"check({entry_point})",), setup=test),
                kind="function",
                source="humaneval",
                reference=solution,
            )
        )
    return problems
