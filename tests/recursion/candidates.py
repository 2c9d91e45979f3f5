"""Candidates with chosen verdicts, and records with chosen scores."""

from __future__ import annotations

from typing import Any

from lit_coder.problems.problem import Case, Cases, Problem, ProblemKind
from lit_coder.recursion.round_record import HeldOutScore, RoundRecord
from lit_coder.sandbox.contract import Features
from lit_coder.training_data.sample import Candidate
from lit_coder.verification.verdict import Verdict


def make_problem(
    name: str = "1", difficulty: int = 1, source: str = "arithmetic", kind: ProblemKind = "function"
) -> Problem:
    tests = Cases((Case.call("f", (1,), 2),), (Case.call("f", (5,), 6),))
    return Problem(f"{source}/{name}", "def f(x):\n", "f", tests, kind, source, difficulty)


def make_candidate(
    *,
    task: str = "1",
    difficulty: int = 1,
    source: str = "arithmetic",
    kind: ProblemKind = "function",
    shingles: str = "",
    num_dead: int = 0,
    complexity: int = 1,
    completion: str = "    return x + 1\n",
    fingerprint: str | None = "a",
    num_nodes: int = 10,
    num_unused: int = 0,
    visible: int = 1,
    hidden: int = 1,
    trusted: bool = True,
    ended: bool = True,
    **verdict: Any,
) -> Candidate:
    """A candidate of a problem with one visible and one hidden test."""
    features = None
    if fingerprint is not None:
        unused = tuple(f"unused_{i}" for i in range(num_unused))
        features = Features(
            fingerprint, fingerprint, num_nodes, 1, complexity, unused, num_dead, (), shingles
        )
    status = "passed" if visible and hidden else "failed"
    facts: dict[str, Any] = {"status": status, "trusted": trusted, "features": features} | verdict
    return Candidate(
        problem=make_problem(task, difficulty, source, kind),
        completion=completion,
        token_ids=(1, 2),
        log_probabilities=(-1.0, -0.5, -0.25),
        ended=ended,
        origin="gpt",
        stream="0/1",
        verdict=Verdict(
            visible_passed=visible, visible_total=1, hidden_passed=hidden, hidden_total=1, **facts
        ),
    )


def make_record(
    round: int, pass_at: dict[int, float] | None = None, validation_loss: float | None = None
) -> RoundRecord:
    score = None if pass_at is None else HeldOutScore(10, pass_at, (0.0, 1.0), {1: 0.5})
    return RoundRecord(
        round=round,
        global_step=10 * (round + 1),
        pool_version=round + 1,
        pool_size=0,
        run_id="run",
        seed=0,
        held_out=score,
        validation_loss=validation_loss,
    )
