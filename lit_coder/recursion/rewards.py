"""Rewards: what a verdict is worth to a policy that is trained on all that it wrote.

    AllVisibleTests()(candidate)          # 1.0, 0.0, or None: it says nothing of the policy

Only visible tests count, and only facts of the verdict: hidden tests are never learned from. A
failure of the sandbox is an exception and has no verdict, so it is no reward either. What the
other completions of a problem earned is compared in `advantages`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal, get_args

from lit_coder.training_data.sample import Candidate

Truncated = Literal["zero", "mask"]


class Reward(ABC):
    """What a completion earned.

    Args:
        truncated: a completion that was cut earns nothing (zero), or is not trained on (mask).

    Raises:
        ValueError: `truncated` is neither.
    """

    def __init__(self, truncated: Truncated = "zero") -> None:
        if truncated not in get_args(Truncated):
            raise ValueError(f"recursion.reward: truncated must be zero or mask, not {truncated}")
        self.truncated = truncated

    def __call__(self, candidate: Candidate) -> float | None:
        """The reward; None where the completion is not to be trained on."""
        if not candidate.verdict.trusted:
            return None
        if not candidate.ended:
            return 0.0 if self.truncated == "zero" else None
        return self.of_ended(candidate)

    @abstractmethod
    def of_ended(self, candidate: Candidate) -> float:
        """What a completion earned that the model ended itself."""


class AllVisibleTests(Reward):
    """1 where every visible test passed, else 0."""

    def of_ended(self, candidate: Candidate) -> float:
        """See the class."""
        return float(candidate.verdict.passed_visible)


class ShareOfVisibleTests(Reward):
    """The share of visible tests that passed.

    Earlier to be had than all of them, and easier to win without solving: programs that answer
    some cases by luck or by a constant earn, too.
    """

    def of_ended(self, candidate: Candidate) -> float:
        """See the class."""
        verdict = candidate.verdict
        return verdict.visible_passed / verdict.visible_total if verdict.visible_total else 0.0


class ShapedByExecution(Reward):
    """1 where every visible test passed; less for what fails, least for what does not parse.

    The steps are those of CodeRL (Le et al., arXiv:2207.01780). It helps a model that solves
    nothing yet. The risk: programs that run and do nothing earn more than attempts that crash, so
    that a policy may settle for these; watch held-out pass@1.

    Args:
        truncated: a completion that was cut earns as little as one that does not parse (zero), or
            is not trained on (mask).
        unparsable: of what is no program.
        stopped: of what does not run to its end.
        wrong: of what runs and fails a test.

    Raises:
        ValueError: a better outcome would earn less.
    """

    def __init__(
        self,
        truncated: Truncated = "zero",
        unparsable: float = -1.0,
        stopped: float = -0.6,
        wrong: float = -0.3,
    ) -> None:
        super().__init__(truncated)
        if not unparsable <= stopped <= wrong <= 1.0:
            raise ValueError(
                "recursion.reward: unparsable, stopped and wrong must rise in this order up to 1, "
                f"not {unparsable}, {stopped}, {wrong}"
            )
        self.unparsable = unparsable
        self.stopped = stopped
        self.wrong = wrong

    def __call__(self, candidate: Candidate) -> float | None:
        """See the class."""
        reward = super().__call__(candidate)
        is_cut = reward is not None and not candidate.ended
        return self.unparsable if is_cut else reward

    def of_ended(self, candidate: Candidate) -> float:
        """See the class."""
        verdict = candidate.verdict
        if verdict.passed_visible:
            return 1.0
        if verdict.features is None:
            return self.unparsable
        return self.wrong if verdict.status in ("failed", "passed") else self.stopped
