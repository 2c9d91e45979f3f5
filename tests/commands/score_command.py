"""Runs `main.py score ...` as a user does, on a small benchmark in HumanEval's own format."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lit_coder.__main__ import main
from tests.commands.sandbox_command import Ended

RIGHT = "    return x * x\n"
WRONG = "    return x + x + 1\n"
CHEATING = "    return type('Same', (), {'__eq__': lambda self, other: True})()\n"
NUM_TASKS = 3


def write_benchmark(folder: Path, test: str = "    assert candidate(3) == 9\n") -> Path:
    """`HumanEval.jsonl` with a few tasks that are alike but for their names."""
    records = [
        {
            "task_id": f"HumanEval/{number}",
            "prompt": 'def square(x):\n    """The square of x."""\n',
            "entry_point": "square",
            "canonical_solution": RIGHT,
            "test": f"def check(candidate):\n{test}",
        }
        for number in range(NUM_TASKS)
    ]
    path = folder / "HumanEval.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def write_samples(path: Path, *completions: str, **others: Any) -> Path:
    """A samples file with one sample for each completion, task after task."""
    with path.open("w") as stream:
        for number, completion in enumerate(completions):
            line = {"task_id": f"HumanEval/{number % NUM_TASKS}", "completion": completion}
            stream.write(json.dumps(line | others) + "\n")
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a results file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def score(folder: Path, *words: str) -> Ended:
    """Score `samples.jsonl` of the folder, whose benchmark file lies beside it."""
    given = ["--benchmark", "humaneval", "--samples", str(folder / "samples.jsonl")]
    return command(*given, "--folder", str(folder), "--sandbox.workers", "2", *words)


def command(*words: str) -> Ended:
    """Run the command."""
    out, err = io.StringIO(), io.StringIO()
    with _log_as_before(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(["score", *words])
        except SystemExit as end:
            status = int(end.code or 0)
    return Ended(status, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _log_as_before() -> Iterator[None]:
    logger = logging.getLogger("lit_coder")
    former = logger.level, logger.propagate, list(logger.handlers)
    try:
        yield
    finally:
        logger.setLevel(former[0])
        logger.propagate, logger.handlers[:] = former[1], former[2]
