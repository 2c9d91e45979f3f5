"""What a TRM's repairs are held against: no network, no reading of the draft, more tries.

    repair_yardsticks(trained, problems, verifier)     # shares passed, by name

Random edits change one token of the draft, with as many verdicts as the TRM has answers. A table
from prompts to the answer that training had most often for them never reads the draft: where it
does as well as the network, functions were learned by heart, and nothing was repaired. The network
beside the draft of another problem shows the same from the other side.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from statistics import mean

from benchmarks.trm_curves import Trained
from lit_coder.problems.problem import Problem
from lit_coder.problems.repair import single_edits
from lit_coder.verification.verifier import Attempt, Verifier

NUM_STARTS = 8
NOISE = 0.3


def repair_yardsticks(
    trained: Trained, problems: Sequence[Problem], verifier: Verifier
) -> dict[str, float]:
    """The share of the problems that each way of answering solves."""
    starts = trained.best_of(problems, verifier, NUM_STARTS, NOISE)
    exchanged = with_other_drafts(problems)
    return {
        "first answer": starts.first,
        f"it or any of {NUM_STARTS - 1} noisy starts": starts.any,
        "1 random edit": random_edits(problems, verifier, 1),
        f"{NUM_STARTS} random edits": random_edits(problems, verifier, NUM_STARTS),
        "looked up by the prompt": looked_up(trained.data.problems.labelled, problems, verifier),
        "first answer, another problem's draft": trained.best_of(exchanged, verifier, 1).first,
    }


def random_edits(
    problems: Sequence[Problem], verifier: Verifier, num_tries: int, seed: int = 0
) -> float:
    """The share of problems that one of `num_tries` random single-token edits of the draft solves.

    The yardstick of repair: the same number of verdicts, no network. Edits of a problem differ.
    """
    random = Random(seed)
    attempts, counts = [], []
    for problem in problems:
        edits = list(single_edits(problem.draft))
        chosen = random.sample(edits, min(num_tries, len(edits)))
        attempts += [Attempt(problem, text) for text in chosen]
        counts.append(len(chosen))
    verdicts = iter(verifier.verify(attempts))
    solved = [any([next(verdicts).passed for _ in range(count)]) for count in counts]
    return mean(solved)


def looked_up(
    labelled: Sequence[Problem], problems: Sequence[Problem], verifier: Verifier
) -> float:
    """The share solved by the answer that a problem's prompt had most often in training."""
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for problem in labelled:
        answers[problem.prompt][problem.reference or ""] += 1
    attempts = [
        Attempt(problem, answers[problem.prompt].most_common(1)[0][0])
        for problem in problems
        if problem.prompt in answers
    ]
    passed = [verdict.passed for verdict in verifier.verify(attempts)] if attempts else []
    return sum(passed) / len(problems)


def with_other_drafts(problems: Sequence[Problem]) -> list[Problem]:
    """Each problem with the draft of the next one."""
    drafts = [problem.draft for problem in problems]
    return [
        replace(problem, draft=draft)
        for problem, draft in zip(problems, [*drafts[1:], drafts[0]], strict=True)
    ]
