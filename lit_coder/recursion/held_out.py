"""Measures the current weights on held-out problems: greedy pass@1, sampled pass@k.

    score = measure(problems, generator, data.tokenizer, verifier, options, seed, data.rows.fits)

Greedy pass@1 is measured on every problem; pass@k needs `num_samples` completions at a
temperature, from the whole distribution: the loop's top_k and top_p do not apply. Verdicts count
visible and hidden tests together: this is a score, not a gate. Several processes share the
problems, and each gets the score of all.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lit_coder.generation.contract import Prompt, SamplingOptions, TokenGenerator
from lit_coder.problems.problem import Problem
from lit_coder.recursion.processes import Processes
from lit_coder.recursion.round_record import HeldOutScore
from lit_coder.tokenizer import CodeTokenizer
from lit_coder.training_data.problem_rows import prompt_of
from lit_coder.verification.pass_at_k import mean_with_interval, pass_at_k
from lit_coder.verification.verifier import Attempt, Verifier

logger = logging.getLogger("lit_coder.recursion")


@dataclass(frozen=True, slots=True)
class HeldOutOptions:
    """How held-out problems are measured.

    Args:
        num_samples: completions of each problem for pass@k with k = num_samples; 0 = greedy only.
        temperature: of those samples: recursion.temperature, or 0.8 where that is 0.
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
    fits: Callable[[Prompt], bool],
    processes: Processes | None = None,
) -> HeldOutScore | None:
    """The held-out score, or None where there are no problems.

    A prompt that does not fit - empty, or too long for the context - cannot be completed: its
    problem counts as not passed.
    """
    if not problems:
        return None
    unfit = sum(not fits(prompt_of(problem, tokenizer, "")) for problem in problems)
    if unfit:
        logger.warning(
            "%d of %d held-out prompts are empty or have no room in data.max_sequence_length (a "
            "TRM's canvas included); they count as not passed",
            unfit,
            len(problems),
        )
    greedy = SamplingOptions(
        max_new_tokens=options.max_new_tokens, batch_size=options.batch_size, seed=seed
    )
    processes = processes or Processes()
    own = processes.share(problems)
    rows = processes.all_interleaved(_passed(own, generator, tokenizer, verifier, greedy, fits))
    greedy_passed = [row[0] for row in rows]
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
        rows = processes.all_interleaved(
            _passed(own, generator, tokenizer, verifier, sampled, fits)
        )
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
    fits: Callable[[Prompt], bool],
) -> list[list[bool]]:
    """For each problem whether each of its samples passed every test."""
    asked = [prompt_of(problem, tokenizer, f"held out/{problem.task_id}") for problem in problems]
    fitting = [i for i, prompt in enumerate(asked) if fits(prompt)]
    completions = generator.generate([asked[i] for i in fitting], options)
    attempts = [
        Attempt(problems[i], tokenizer.decode(completion.ids))
        for i, group in zip(fitting, completions, strict=True)
        for completion in group
    ]
    verdicts = iter(verifier.verify(attempts))
    passed = [[False] * options.num_samples for _ in problems]
    for i, group in zip(fitting, completions, strict=True):
        passed[i] = [next(verdicts).passed for _ in group]
    return passed
