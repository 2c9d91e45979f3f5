"""Solvers: who writes the programs of a round.

    drafts = ModelSolver().solve(problems, generator, tokenizer, options, round=3)

`ModelSolver` samples from the model itself. `ReferenceSolver` hands in the known solutions of
the same problems: the upper bound ("gold") arm of `python -m benchmarks.self_improvement`.
A draft is not yet run or judged.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from lit_coder.generation.contract import SamplingOptions, TokenGenerator
from lit_coder.generation.sampling import stream_name
from lit_coder.problems.problem import Problem
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.problem_rows import prompt_of


@dataclass(frozen=True, slots=True)
class Draft:
    """A completion as written, before any verdict."""

    problem: Problem
    completion: str
    token_ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    ended: bool
    origin: str
    stream: str
    num_steps: int = 0


class Solver(ABC):
    """Writes completions for a round's problems."""

    @abstractmethod
    def solve(
        self,
        problems: Sequence[Problem],
        generator: TokenGenerator,
        tokenizer: CodeTokenizer,
        options: SamplingOptions,
        round: int,
    ) -> list[Draft]:
        """Drafts for every problem, those of one problem next to each other."""


class ModelSolver(Solver):
    """Samples `options.num_samples` completions of each problem from the model."""

    def solve(
        self,
        problems: Sequence[Problem],
        generator: TokenGenerator,
        tokenizer: CodeTokenizer,
        options: SamplingOptions,
        round: int,
    ) -> list[Draft]:
        """Sample; each problem's random stream is named after the round and the task."""
        prompts = [
            prompt_of(problem, tokenizer, f"{round}/{problem.task_id}") for problem in problems
        ]
        completions = generator.generate(prompts, options)
        return [
            Draft(
                problem=problem,
                completion=tokenizer.decode(completion.ids),
                token_ids=completion.ids,
                log_probabilities=completion.log_probabilities,
                ended=completion.ended,
                origin=generator.origin,
                stream=stream_name(
                    options.seed,
                    prompt.stream,
                    place if completion.sample is None else completion.sample,
                ),
                num_steps=completion.num_steps,
            )
            for problem, prompt, group in zip(problems, prompts, completions, strict=True)
            for place, completion in enumerate(group)
        ]


class ReferenceSolver(Solver):
    """Hands in each problem's reference solution. For measuring only."""

    def solve(
        self,
        problems: Sequence[Problem],
        generator: TokenGenerator,
        tokenizer: CodeTokenizer,
        options: SamplingOptions,
        round: int,
    ) -> list[Draft]:
        """One draft for each problem that has a reference."""
        return [
            Draft(problem, problem.reference, (), (), True, "reference", "")
            for problem in problems
            if problem.reference is not None
        ]
