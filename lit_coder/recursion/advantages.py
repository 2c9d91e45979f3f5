"""From the rewards of a round's completions to the advantages of their tokens.

    learning = RolloutLearning(AllVisibleTests(), GroupAdvantages("grpo"))
    samples, counts = learning.weighed(samples, candidates)     # once a round, over all of it

Advantages are part of the pool's rows from then on: a round that is resumed trains on the same
numbers. Which completions exist and what became of them is decided before.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import torch

from lit_coder.objectives.generalized_advantages import generalized_advantages, whitened
from lit_coder.objectives.group_advantages import AdvantageKind, group_advantages
from lit_coder.recursion.rewards import Reward
from lit_coder.recursion.selection import CONTAMINATED, Contamination, held_by_benchmark
from lit_coder.training_data.sample import Candidate, Sample


class Advantages(ABC):
    """How much better each token was than expected."""

    wants_values = False
    """Whether a value head must have foretold the rewards."""

    @abstractmethod
    def weigh(self, samples: Sequence[Sample]) -> list[Sample]:
        """The samples with advantages; all of them have a reward."""


class GroupAdvantages(Advantages):
    """Compares a completion with the others of its problem.

    A problem whose completions all earned the same has nothing to tell: they are not trained on.

    Args:
        kind: grpo divides the difference to the group's mean by its deviation; rloo is the
            difference to the mean of the others; mean is the difference alone.
    """

    def __init__(self, kind: AdvantageKind = "grpo") -> None:
        self.kind = kind
        # Refuses what it is not.
        group_advantages(torch.zeros(1), torch.zeros(1), kind)

    def weigh(self, samples: Sequence[Sample]) -> list[Sample]:
        """See the class."""
        if not samples:
            return []
        rewards_N = torch.tensor([sample.reward for sample in samples], dtype=torch.float32)
        advantages_N = group_advantages(rewards_N, _groups(samples), self.kind)
        spread = _with_spread(samples)
        return [
            dataclasses.replace(sample, advantages=(advantage,) * len(sample.log_probabilities))
            if sample.task_id in spread
            else sample
            for sample, advantage in zip(samples, advantages_N.tolist(), strict=True)
        ]


class ValueAdvantages(Advantages):
    """Compares with what a value head foretold (generalized advantage estimation, PPO).

    Args:
        trace_decay: lambda: 0 trusts the value head, 1 the rewards.
        discount: gamma, of the next token's value.
        whiten: scale the advantages of a round to mean 0 and deviation 1.

    Raises:
        ValueError: a value that is not possible.
    """

    wants_values = True

    def __init__(
        self, trace_decay: float = 0.95, discount: float = 1.0, whiten: bool = True
    ) -> None:
        for name, value in (("trace_decay", trace_decay), ("discount", discount)):
            if not 0 <= value <= 1:
                raise ValueError(f"recursion.advantages: {name} must be from 0 to 1, not {value}")
        self.trace_decay = trace_decay
        self.discount = discount
        self.whiten = whiten

    def weigh(self, samples: Sequence[Sample]) -> list[Sample]:
        """See the class."""
        if not samples:
            return []
        lengths = [len(sample.log_probabilities) for sample in samples]
        shape = (len(samples), max(lengths))
        rewards_BT, values_BT, mask_BT, ends_BT = (torch.zeros(shape) for _ in range(4))
        for row, sample, length in zip(count(), samples, lengths, strict=False):
            assert len(sample.values) == length, "the value head has foretold each token"
            assert sample.reward is not None
            rewards_BT[row, length - 1] = sample.reward
            values_BT[row, :length] = torch.tensor(sample.values)
            mask_BT[row, :length] = 1
            ends_BT[row, length - 1] = 1
        advantages_BT, returns_BT = generalized_advantages(
            rewards_BT, values_BT, mask_BT, ends_BT, self.discount, self.trace_decay
        )
        if self.whiten:
            advantages_BT = whitened(advantages_BT, mask_BT)
        return [
            dataclasses.replace(
                sample,
                advantages=tuple(advantages_BT[row, :length].tolist()),
                returns=tuple(returns_BT[row, :length].tolist()),
            )
            for row, sample, length in zip(count(), samples, lengths, strict=False)
        ]


@dataclass(frozen=True, slots=True)
class RolloutCounts:
    """What a round's rollouts were, for its record.

    Attributes:
        rollouts: completions with a reward.
        dropped: completions without one.
        groups: problems.
        without_spread: problems whose completions all earned the same.
        reward_mean, reward_deviation: over completions.
        mean_length: sampled tokens of a completion.
        truncated: completions that were cut.
        further_problems: problems that were drawn because too few had spread.
    """

    rollouts: int
    dropped: int
    groups: int
    without_spread: int
    reward_mean: float
    reward_deviation: float
    mean_length: float
    truncated: int
    further_problems: int = 0


@dataclass(frozen=True, slots=True)
class RolloutLearning:
    """What a policy is told of its round.

    Attributes:
        reward: of a completion.
        advantages: what it is compared with.
        keeps_all: problems without spread are trained on, too, with advantages of 0: a value that
            learns to foretell rewards is to meet all of them.
    """

    reward: Reward
    advantages: Advantages
    keeps_all: bool = False

    def has_spread(
        self, group: Sequence[Candidate], contamination: Contamination | None = None
    ) -> bool:
        """Whether two completions of a problem earned differently that can be learned from.

        Args:
            group: of the problem.
            contamination: finds what a benchmark holds, which is not learned from.
        """
        earned = [(self.reward(each), each) for each in group if _is_rollout(each)]
        if len({reward for reward, _ in earned} - {None}) < 2:
            return False
        known = {
            reward for reward, each in earned if held_by_benchmark(each, contamination) is None
        }
        return len(known - {None}) > 1

    def weighed(
        self, samples: Sequence[Sample], candidates: Sequence[Candidate]
    ) -> tuple[list[Sample], RolloutCounts]:
        """The samples with rewards and advantages, and counts of them.

        Args:
            samples: all of a round.
            candidates: what each was made of.
        """
        rewarded: dict[int, Sample] = {}
        for place, (sample, candidate) in enumerate(zip(samples, candidates, strict=True)):
            reward = self.reward(candidate) if _is_rollout(candidate) else None
            if reward is not None and sample.reason != CONTAMINATED:
                rewarded[place] = dataclasses.replace(sample, reward=reward)
        weighed = self.advantages.weigh(list(rewarded.values()))
        if self.keeps_all:
            weighed = [each if each.advantages else _without_advantage(each) for each in weighed]
        found = dict(zip(rewarded, weighed, strict=True))
        counts = _counts(weighed, len(samples) - len(weighed))
        return [found.get(place, sample) for place, sample in enumerate(samples)], counts


def _is_rollout(candidate: Candidate) -> bool:
    """Whether the policy drew it: each token has its probability, and the end where there is one.

    An answer that fills a canvas to its last position has ended without an end token.
    """
    num_further = len(candidate.log_probabilities) - len(candidate.token_ids)
    return len(candidate.log_probabilities) > 0 and num_further in {0, int(candidate.ended)}


def _without_advantage(sample: Sample) -> Sample:
    return dataclasses.replace(sample, advantages=(0.0,) * len(sample.log_probabilities))


def _groups(samples: Sequence[Sample]) -> torch.Tensor:
    numbers: dict[str, int] = {}
    return torch.tensor([numbers.setdefault(each.task_id, len(numbers)) for each in samples])


def _with_spread(samples: Sequence[Sample]) -> set[str]:
    rewards: dict[str, set[float | None]] = {}
    for sample in samples:
        rewards.setdefault(sample.task_id, set()).add(sample.reward)
    return {task_id for task_id, found in rewards.items() if len(found) > 1}


def _counts(samples: Sequence[Sample], dropped: int) -> RolloutCounts:
    rewards = torch.tensor([sample.reward for sample in samples], dtype=torch.float64)
    lengths = [len(sample.log_probabilities) for sample in samples]
    number = len(samples)
    groups = {sample.task_id for sample in samples}
    return RolloutCounts(
        rollouts=number,
        dropped=dropped,
        groups=len(groups),
        without_spread=len(groups) - len(_with_spread(samples)),
        reward_mean=float(rewards.mean()) if number else 0.0,
        reward_deviation=float(rewards.std(correction=0)) if number else 0.0,
        mean_length=sum(lengths) / number if number else 0.0,
        truncated=sum(not sample.ended for sample in samples),
    )
