"""Small real parts: a sample, a tokenizer, a DataModule, a file of problems."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lance
import numpy
import torch

from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.data_module import CodeDataModule
from lit_coder.training_data.examples import Example, ExampleGroup
from lit_coder.training_data.problem_set import ProblemOptions
from lit_coder.training_data.sample import Sample
from lit_coder.training_data.token_shards import ShardWriter, TokenCorpus

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


def sudoku_data(**changes: Any) -> CodeDataModule:
    """4x4 boards, which fill a canvas that is the whole row, a token a character."""
    options: dict[str, Any] = {
        "families": ["sudoku"],
        "difficulties": [1],
        "held_out_difficulties": [1],
        "tokenizer_vocab_size": 261,
        "max_sequence_length": 16,
        "canvas_length": 16,
    }
    return tiny_data(**(options | changes))


def attached(
    data: CodeDataModule, folder: Path, world_size: int = 1, rank: int = 0
) -> CodeDataModule:
    """The DataModule as it stands in a Trainer whose run has this folder."""
    data.trainer = SimpleNamespace(  # type: ignore[assignment]
        default_root_dir=str(folder),
        world_size=world_size,
        global_rank=rank,
        max_steps=20,
        strategy=SimpleNamespace(root_device=torch.device("cpu")),
    )
    return data


def example_group(examples: Iterable[tuple[Sequence[int], int]]) -> ExampleGroup:
    """Examples given as ids and number of prompt tokens."""
    return ExampleGroup(Example(tuple(ids), prompt) for ids, prompt in examples)


def write_corpus(folder: Path, documents: Iterable[Sequence[int]], end_id: int = 1) -> TokenCorpus:
    """A corpus of documents that are given as ids."""
    with ShardWriter(folder, vocab_size=1000, end_id=end_id) as writer:
        for document in documents:
            writer.add(numpy.array(document, numpy.int64))
    return TokenCorpus(folder)


def checksum(batches: Iterable[dict[str, torch.Tensor]]) -> str:
    """Of the ids and labels of batches, their shapes and types."""
    digest = hashlib.sha256()
    for batch in batches:
        for name in ("ids_BT", "labels_BT"):
            tensor = batch[name]
            digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
            digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()[:16]


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
