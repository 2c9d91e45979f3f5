"""lit_coder: a trainer for small code models that teach themselves.

    from lit_coder import Problem, Verifier, open_runner        # no torch is imported
    from lit_coder import CodeDataModule, GPTModule, RecursiveGenerationCallback
    from lit_coder import complete, load_module                 # a trained model, and its texts

The public names; each is imported from its room when it is first used, so that what needs no
model does not wait for torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lit_coder.generation.contract import SamplingOptions as SamplingOptions
    from lit_coder.modules.complete import complete as complete
    from lit_coder.modules.gpt_module import GPTModule as GPTModule
    from lit_coder.modules.load import load_module as load_module
    from lit_coder.modules.trm_module import TRMModule as TRMModule
    from lit_coder.problems.problem import Case as Case
    from lit_coder.problems.problem import Cases as Cases
    from lit_coder.problems.problem import CheckProgram as CheckProgram
    from lit_coder.problems.problem import Problem as Problem
    from lit_coder.recursion.callback import (
        RecursiveGenerationCallback as RecursiveGenerationCallback,
    )
    from lit_coder.sandbox.open_runner import open_runner as open_runner
    from lit_coder.sandbox.options import SandboxOptions as SandboxOptions
    from lit_coder.tokenizer import CodeTokenizer as CodeTokenizer
    from lit_coder.training_data.data_module import CodeDataModule as CodeDataModule
    from lit_coder.training_data.pool import SamplePool as SamplePool
    from lit_coder.verification.verifier import Attempt as Attempt
    from lit_coder.verification.verifier import Verifier as Verifier

_HOMES = {
    "Attempt": "lit_coder.verification.verifier",
    "Case": "lit_coder.problems.problem",
    "Cases": "lit_coder.problems.problem",
    "CheckProgram": "lit_coder.problems.problem",
    "CodeDataModule": "lit_coder.training_data.data_module",
    "CodeTokenizer": "lit_coder.tokenizer",
    "GPTModule": "lit_coder.modules.gpt_module",
    "Problem": "lit_coder.problems.problem",
    "RecursiveGenerationCallback": "lit_coder.recursion.callback",
    "SamplePool": "lit_coder.training_data.pool",
    "SamplingOptions": "lit_coder.generation.contract",
    "SandboxOptions": "lit_coder.sandbox.options",
    "TRMModule": "lit_coder.modules.trm_module",
    "Verifier": "lit_coder.verification.verifier",
    "complete": "lit_coder.modules.complete",
    "load_module": "lit_coder.modules.load",
    "open_runner": "lit_coder.sandbox.open_runner",
}

__all__ = [
    "Attempt",
    "Case",
    "Cases",
    "CheckProgram",
    "CodeDataModule",
    "CodeTokenizer",
    "GPTModule",
    "Problem",
    "RecursiveGenerationCallback",
    "SamplePool",
    "SamplingOptions",
    "SandboxOptions",
    "TRMModule",
    "Verifier",
    "complete",
    "load_module",
    "open_runner",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its room."""
    if name not in _HOMES:
        raise AttributeError(f"lit_coder has no public name {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return [*globals(), *_HOMES]
