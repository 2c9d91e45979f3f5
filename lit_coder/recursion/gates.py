"""Gates: which verified completions may train the model at all.

    gate.admits(candidate)       # a fact of the verdict, never a score

`VisibleTests` is the product's gate. `NoTests` exists to measure what the tests are worth: the
unverified arm of `python -m benchmarks.self_improvement` trains on whatever was generated.
Ranking and duplicates are `selection.py`'s work.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from lit_coder.training_data.sample import Candidate


class Gate(ABC):
    """Decides by facts whether a completion may enter the pool."""

    @abstractmethod
    def admits(self, candidate: Candidate) -> bool:
        """Whether the candidate may enter."""

    @abstractmethod
    def refusal(self, candidate: Candidate) -> str:
        """Why it may not, in a few words."""


class VisibleTests(Gate):
    """Admits what the model ended itself and what passes every visible test."""

    def admits(self, candidate: Candidate) -> bool:
        """Whether every visible test passed in a verdict that can be trusted."""
        verdict = candidate.verdict
        return candidate.ended and verdict.passed_visible and verdict.trusted

    def refusal(self, candidate: Candidate) -> str:
        """The verdict, or what kept it from counting."""
        if not candidate.ended:
            return "not ended"
        if candidate.verdict.passed_visible:
            return "verdict not trusted"
        return f"visible tests: {candidate.verdict.status}"


class NoTests(Gate):
    """Admits everything the model ended itself, right or wrong. For measuring only."""

    def admits(self, candidate: Candidate) -> bool:
        """Whether the completion ended."""
        return candidate.ended

    def refusal(self, candidate: Candidate) -> str:
        """The only ground there is."""
        return "not ended"
