"""Small datasets in the true formats, as users place them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_mbpp(folder: Path, num_tasks: int = 12, wrong: tuple[int, ...] = ()) -> None:
    """Tasks 595 on: some of them of the split validation, the others of train, as published."""
    write_lines(
        folder / "mbpp" / "mbpp.jsonl",
        [
            {
                "text": f"Write a function to add {number} to a number.",
                "code": f"def plus_{number}(x):\r\n    return x + {number - (number in wrong)}",
                "task_id": number,
                "test_setup_code": "",
                "test_list": [f"assert plus_{number}({x}) == {x + number}" for x in (1, 2, 3)],
                "challenge_test_list": [],
            }
            for number in range(595, 601 + num_tasks)
        ],
    )


def write_alpaca(folder: Path, num_rows: int = 60) -> None:
    """Rows as of python_code_instructions_18k_alpaca, a few of them twice."""
    rows = [
        {
            "instruction": f"Return the number {number}.",
            "input": "" if number % 2 else "Not applicable",
            "output": f"def f():\n    return {number}",
            "prompt": "Below is an instruction that describes a task.",
        }
        for number in range(num_rows)
    ]
    write_lines(folder / "alpaca_python" / "train.jsonl", [*rows, *rows[:5]])


def write_programs(folder: Path, num_rows: int = 60) -> None:
    """Rows of CodeParrot clean."""
    write_lines(
        folder / "codeparrot" / "file-000000000001.jsonl",
        [
            {
                "repo_name": "a/b",
                "path": f"m{number}.py",
                "copies": "1",
                "size": "40",
                "content": f"def f_{number}(x):\n    return x * {number} + {number}\n",
                "license": "mit",
                "hash": -(2**62) + number,
            }
            for number in range(num_rows)
        ],
    )
