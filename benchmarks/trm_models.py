"""A TRM and a GPT that are asked the same problems: what they read, and what memory they take.

    model = build(Wanted("TRM", "trm", "bfloat16", path="runs/trm_default"), device="cpu")
    completions = model.answer(problems, max_new_tokens=82)
    memory = memory_of(wanted, "cpu", problems, 82, batches=(1, 32))    # in a process of its own

Without a path the weights are random: a TRM of the published size, and a GPT of about as many
parameters. Both read and write 9x9 boards then, and the GPT never ends before its last token.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from lit_coder.generation import Completion, GPTGenerator, Prompt, SamplingOptions
from lit_coder.generation.quantization import weight_bytes
from lit_coder.generation.trm_generator import TRMGenerator
from lit_coder.modules.gpt_module import GPTModule
from lit_coder.modules.load import load_module
from lit_coder.modules.trm_module import TRMModule
from lit_coder.networks import GPT
from lit_coder.networks.trm import TRM
from lit_coder.problems.problem import Answer, Problem
from lit_coder.tokenizer import CodeTokenizer

CELLS = 81
GPT_SIZES: dict[str, Any] = {
    "hidden_size": 256,
    "num_hidden_layers": 9,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "intermediate_size": 704,
}
"""About as many parameters as the published TRM: 7 million."""


class Wanted(NamedTuple):
    """A model to be measured, as it is sent to a process of its own.

    Attributes:
        name: for the table.
        kind: trm or gpt.
        dtype: type of the products.
        path: a checkpoint or a run's folder; "" = random weights.
        steps: supervision steps, at most.
    """

    name: str
    kind: str
    dtype: str
    path: str = ""
    steps: int = 16


@dataclass
class Model:
    """A model that answers."""

    network: TRM | GPT
    generator: TRMGenerator | GPTGenerator
    tokenizer: CodeTokenizer

    def prompt(self, problem: Problem) -> Prompt:
        """The problem as this model reads it."""
        if isinstance(self.generator, TRMGenerator):
            draft_ids = tuple(self.tokenizer.encode(problem.draft))
            ids = tuple(self.tokenizer.encode(problem.prompt))
            return Prompt(ids, problem.task_id, draft_ids=draft_ids)
        return Prompt(tuple(self.tokenizer.encode(as_sequence(problem).prompt)), problem.task_id)

    def answer(self, problems: Sequence[Problem], max_new_tokens: int) -> list[Completion]:
        """Greedy answers to all of them at once."""
        prompts = [self.prompt(problem) for problem in problems]
        options = SamplingOptions(max_new_tokens=max_new_tokens, batch_size=len(prompts))
        return [group[0] for group in self.generator.generate(prompts, options)]


class Memory(NamedTuple):
    """Bytes: of the weights, and at most while so many problems are answered at once."""

    weights: int
    peaks: dict[int, int]


def as_sequence(problem: Problem) -> Problem:
    """The problem for a model that writes token after token: the draft ends the prompt."""
    assert isinstance(problem.tests, Answer), "a draft in front of a program would be run with it"
    return replace(problem, prompt=f"{problem.prompt}{problem.draft}\n", draft="")


def build(wanted: Wanted, device: str) -> Model:
    """The model, of a checkpoint or with random weights."""
    module = load_module(wanted.path) if wanted.path else random_module(wanted.kind)
    tokenizer, dtype = module.tokenizer, getattr(torch, wanted.dtype)
    assert tokenizer is not None
    if isinstance(module, TRMModule):
        module.network = module.averaged  # one copy of the weights is enough
        module.averaged.compute_dtype = dtype
        refining = module.to(device).generator()
        refining.options = replace(refining.options, max_steps=wanted.steps)
        return Model(module.averaged, refining, tokenizer)
    assert isinstance(module, GPTModule)
    network = module.network.to(device, dtype)
    # Random weights write as much as they may: an end outside the vocabulary is never chosen.
    end_id = tokenizer.end_id if wanted.path else -1
    writing = GPTGenerator(network, end_id, tokenizer.pad_id, tokenizer.special_ids)
    return Model(network, writing, tokenizer)


def random_module(kind: str) -> TRMModule | GPTModule:
    """A module with random weights that reads and writes boards."""
    torch.manual_seed(0)
    tokenizer = CodeTokenizer.train(["123456789."], vocab_size=261)
    words = tokenizer.vocab_size
    module: TRMModule | GPTModule
    if kind == "trm":
        module = TRMModule(vocab_size=words, max_position_embeddings=CELLS, canvas_length=CELLS)
    else:
        length = 2 * CELLS + 2
        module = GPTModule(**GPT_SIZES, vocab_size=words, max_position_embeddings=length)
    module.tokenizer = tokenizer
    return module.eval()


def resident(field: str) -> int:
    """Bytes of this process in memory: VmRSS now, VmHWM at most."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in lines if line.startswith(f"{field}:")]
    return int(line.split()[1]) * 1024


def memory_of(
    wanted: Wanted,
    device: str,
    problems: Sequence[Problem],
    max_new_tokens: int,
    batches: Sequence[int],
) -> Memory:
    """What a model takes in a process that does nothing else."""
    model = build(wanted, device)
    weights, peaks = weight_bytes(model.network), {}
    for batch in batches:
        answer = partial(model.answer, problems[:batch], max_new_tokens)
        # Kernels that a library makes at the first call, and keeps, are not the model's.
        answer()
        gc.collect()
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
        else:
            ctypes.CDLL(None).malloc_trim(0)  # memory that is free already is not counted
            before = resident("VmRSS")
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        answer()
        after = torch.cuda.max_memory_allocated() if device == "cuda" else resident("VmHWM")
        peaks[batch] = weights + after - before
    return Memory(weights, peaks)
