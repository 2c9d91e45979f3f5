"""The score of a set of verdicts: pass@k over tasks.

    score = score_verdicts({"HumanEval/0": [verdict, ...], ...}, ks=(1, 10))
    score.pass_at[1], score.interval[1]

It counts `passed`, visible and hidden tests together; never the gate. It takes an untrusted
verdict as it is and says how many there were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lit_coder.verification.pass_at_k import mean_with_interval, pass_at_k
from lit_coder.verification.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Score:
    """How a set of completions did.

    Attributes:
        pass_at: pass@k for each k, averaged over tasks.
        interval: the 95% bounds for each k, by a bootstrap over tasks.
        num_tasks: tasks.
        num_samples: completions in all.
        num_untrusted: completions whose tests shared a process with the program.
    """

    pass_at: dict[int, float]
    interval: dict[int, tuple[float, float]]
    num_tasks: int
    num_samples: int
    num_untrusted: int


def score_verdicts(verdicts: Mapping[str, Sequence[Verdict]], ks: Sequence[int] = (1,)) -> Score:
    """Score the verdicts of each task.

    Raises:
        ValueError: no tasks, or a task with fewer samples than a `k`.
    """
    pass_at: dict[int, float] = {}
    interval: dict[int, tuple[float, float]] = {}
    for k in ks:
        estimate = mean_with_interval(
            [
                pass_at_k(len(samples), sum(verdict.passed for verdict in samples), k)
                for samples in verdicts.values()
            ]
        )
        pass_at[k] = estimate.mean
        interval[k] = (estimate.low, estimate.high)
    everything = [verdict for samples in verdicts.values() for verdict in samples]
    return Score(
        pass_at=pass_at,
        interval=interval,
        num_tasks=len(verdicts),
        num_samples=len(everything),
        num_untrusted=sum(not verdict.trusted for verdict in everything),
    )
