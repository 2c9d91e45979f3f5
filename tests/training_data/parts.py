"""Small real parts: a sample, a tokenizer, a DataModule, a file of problems."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import lance

from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.problem_set import ProblemOptions
from lit_coder.training_data.sample import Sample

A_SAMPLE = Sample(
    round=0,
    model_step=6,
    task_id="arithmetic/1",
    source="arithmetic",
    difficulty=1,
    prompt='def f(x):\n    """add 1"""\n',
    completion="    return x + 1\n",
    token_ids=(5, 6, 7),
    log_probabilities=(-0.5, -0.25, -1.0, 0.0),
    ended=True,
    origin="gpt",
    temperature=0.75,
    top_k=0,
    top_p=1.0,
    stream="0/0/arithmetic/1/0",
    status="passed",
    detail="",
    passed_visible=True,
    passed=True,
    trusted=True,
    fingerprint="f1",
    quality=1.0,
    accepted=True,
    reason="accepted",
)


def make_sample(**changes: Any) -> Sample:
    return dataclasses.replace(A_SAMPLE, **changes)


def tiny_tokenizer() -> CodeTokenizer:
    return CodeTokenizer.train(["def f(x):\n    return x + 1\n"] * 3, 280)


def problem_options(**changes: Any) -> ProblemOptions:
    options = ProblemOptions(
        families=("arithmetic",),
        difficulties=(1, 2),
        num_labelled=12,
        held_out_difficulties=(1, 2),
        num_held_out=3,
        num_validation=2,
    )
    return dataclasses.replace(options, **changes)


def tiny_data(**changes: Any) -> CodeDataModule:
    options: dict[str, Any] = {
        "difficulties": [1, 2],
        "num_labelled": 12,
        "held_out_difficulties": [1, 2],
        "num_held_out": 2,
        "num_validation": 1,
        "tokenizer_vocab_size": 300,
        "batch_size": 4,
        "max_sequence_length": 64,
        "steps_per_round": 2,
    }
    return CodeDataModule(**(options | changes))


def own_problem(name: str, added: int, solved: bool = True, **changes: Any) -> dict[str, Any]:
    """A line of a problem file: f adds a number."""
    record = {
        "task_id": name,
        "prompt": f'def f(x):\n    """plus {added}"""\n',
        "entry_point": "f",
        "cases": [{"arguments": [x], "expected": x + added} for x in (0, 5, -3)],
        "difficulty": 1,
    }
    if solved:
        record["reference"] = f"    return x + {added}\n"
    return record | changes


def write_problems(path: Path, *records: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


def newest_version(path: Path) -> int:
    """The number of a pool's newest version."""
    return int(lance.dataset(str(path)).version)
