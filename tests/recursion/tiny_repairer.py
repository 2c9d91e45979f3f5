"""A tiny TRM as a repairer that has learned nothing, and a gate that lets its repairs alone in.

path = save_trm(folder / "trm.ckpt")
make_recursion(repairer=str(path), solver=ModelSolver(), gate=RepairsOnly())
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch

from lit_coder.modules.trm_module import TRMModule
from lit_coder.problems.problem import Problem
from lit_coder.problems.registry import problem_family
from lit_coder.problems.sampling import fresh_problems
from lit_coder.recursion.gates import Gate
from lit_coder.recursion.repairer import REPAIR, Repairer
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.sample import Candidate
from tests.trained_model import save_checkpoint

TINY_TRM: dict[str, Any] = {
    "hidden_size": 16,
    "num_attention_heads": 2,
    "num_registers": 1,
    "num_outer_cycles": 1,
    "num_inner_cycles": 1,
    "supervision_steps": 2,
    "max_position_embeddings": 52,
    "canvas_length": 24,
}


class RepairsOnly(Gate):
    """A model this small repairs nothing: let its repairs in, right or wrong."""

    def admits(self, candidate: Candidate) -> bool:
        return candidate.origin == REPAIR

    def refusal(self, candidate: Candidate) -> str:
        return "no repair"


@cache
def repair_problems(count: int = 6) -> tuple[Problem, ...]:
    """Problems of the family `repair`, of two operations."""
    made = fresh_problems(
        [problem_family("repair")],
        round_index=0,
        count=count,
        seed=0,
        difficulties=(2,),
        excluded=frozenset(),
    )
    return tuple(made.problems)


@cache
def repair_tokenizer() -> CodeTokenizer:
    """What a TRM trained on such problems would have."""
    return CodeTokenizer.train([p.prompt + (p.reference or "") for p in repair_problems()], 300)


def make_trm(seed: int = 0, **changes: Any) -> TRMModule:
    torch.manual_seed(seed)
    tokenizer = repair_tokenizer()
    module = TRMModule(**TINY_TRM | {"vocab_size": tokenizer.vocab_size} | changes)
    module.tokenizer = tokenizer
    return module.eval()


def make_repairer(seed: int = 0, **changes: Any) -> Repairer:
    return Repairer("trm", make_trm(seed, **changes).generator(), repair_tokenizer())


def save_trm(path: Path, seed: int = 0) -> Path:
    """A checkpoint as a run of the command line writes it."""
    module = make_trm(seed)
    module.hparams["_class_path"] = f"{TRMModule.__module__}.{TRMModule.__qualname__}"
    return save_checkpoint(module, path)
