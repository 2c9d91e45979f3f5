"""Measures the current weights on held-out problems: greedy pass@1, sampled pass@k.

    score = measure(problems, generator, tokenizer, verifier, HeldOutOptions(num_samples=4), seed)

Greedy pass@1 is measured on every problem; pass@k needs `num_samples` completions at a
temperature. Verdicts count visible and hidden tests together: this is a score, not a gate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from lit_coder.generation.contract import Prompt, SamplingOptions, TokenGenerator
from lit_coder.problems.problem import Problem
from lit_coder.recursion.round_record import HeldOutScore
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.verification.pass_at_k import mean_with_interval, pass_at_k
from lit_coder.verification.verifier import Attempt, Verifier


@dataclass(frozen=True, slots=True)
class HeldOutOptions:
    """How held-out problems are measured.

    Args:
        num_samples: completions of each problem for pass@k with k = num_samples; 0 = greedy only.
        temperature: of those samples.
        max_new_tokens: tokens of a completion.
        batch_size: rows decoded at the same time.
    """

    num_samples: int
    temperature: float
    max_new_tokens: int
    batch_size: int


def measure(
    problems: Sequence[Problem],
    generator: TokenGenerator,
    tokenizer: CodeTokenizer,
    verifier: Verifier,
    options: HeldOutOptions,
    seed: int,
) -> HeldOutScore | None:
    """The held-out score, or None where there are no problems."""
    if not problems:
        return None
    greedy = SamplingOptions(
        max_new_tokens=options.max_new_tokens, batch_size=options.batch_size, seed=seed
    )
    greedy_passed = [row[0] for row in _passed(problems, generator, tokenizer, verifier, greedy)]
    groups: dict[int, list[bool]] = defaultdict(list)
    for problem, passed in zip(problems, greedy_passed, strict=True):
        groups[problem.difficulty].append(passed)
    estimate = mean_with_interval([float(passed) for passed in greedy_passed])
    pass_at = {1: estimate.mean}
    if options.num_samples > 1:
        sampled = SamplingOptions(
            num_samples=options.num_samples,
            max_new_tokens=options.max_new_tokens,
            temperature=options.temperature,
            batch_size=options.batch_size,
            seed=seed,
        )
        rows = _passed(problems, generator, tokenizer, verifier, sampled)
        k = options.num_samples
        rates = [pass_at_k(len(row), sum(row), k) for row in rows]
        pass_at[k] = sum(rates) / len(rates)
    by_difficulty = {level: sum(groups[level]) / len(groups[level]) for level in sorted(groups)}
    interval = (estimate.low, estimate.high)
    return HeldOutScore(len(problems), pass_at, interval, by_difficulty)


def _passed(
    problems: Sequence[Problem],
    generator: TokenGenerator,
    tokenizer: CodeTokenizer,
    verifier: Verifier,
    options: SamplingOptions,
) -> list[list[bool]]:
    """For each problem whether each of its samples passed every test."""
    prompts = [
        Prompt(tuple(tokenizer.encode(problem.prompt)), f"held out/{problem.task_id}")
        for problem in problems
    ]
    completions = generator.generate(prompts, options)
    attempts = [
        Attempt(problem, tokenizer.decode(completion.ids))
        for problem, group in zip(problems, completions, strict=True)
        for completion in group
    ]
    verdicts = iter(verifier.verify(attempts))
    return [[next(verdicts).passed for _ in group] for group in completions]
