"""A sample: one completion of one problem with its verdict and where it came from.

Samples are the rows of the pool, accepted and rejected alike. They are plain containers: every
field is a str, int, float, bool or a tuple of numbers, so a row is the same in Lance, in JSON
and in a checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from lit_coder.problems.problem import Problem
from lit_coder.verification.verdict import Verdict

ACCEPTED = "accepted"
"""The `reason` of an accepted sample."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of the pool.

    Attributes:
        round: the round whose end produced it.
        model_step: optimizer steps the sampling weights had taken.
        task_id, source, difficulty, prompt: of the problem.
        completion: text after the prompt.
        token_ids, log_probabilities: as sampled (the end token's log-probability last if ended);
            empty where something else than the model that is trained wrote it.
        ended: the model ended the completion itself.
        origin: what wrote it ("gpt", "trm", "trm repair", "reference").
        temperature, top_k, top_p, stream: how it was sampled; the stream names its random numbers.
        status, detail: the verdict's; of a contaminated sample the benchmark's task.
        passed_visible, passed, trusted: the verdict's; `passed_visible` is the gate.
        fingerprint: normalized-AST fingerprint, "" where the program does not parse.
        quality: rank score in [0, 1]; never admits a sample.
        accepted, reason: whether it trains the model, and why not.
        draft: what stood in place of the completion: the problem's own, or what was repaired.
        shingles: hashes of pieces of its normalized AST, as `Features` has them; only of accepted
            samples, for near-duplicates of later rounds.
        visible_passed, visible_total: the verdict's counts of visible tests.
        reward: what an objective that learns from rollouts made of the verdict; None where there
            is no such objective, and of a sample that says nothing of the policy.
        advantages: of each sampled token, one for each log-probability; empty where the sample
            does not train the policy.
        values, returns: of each token, what a value head foretold and should have foretold; empty
            where there is none.
        num_steps: supervision steps that it took a TRM to write it; else 0.
    """

    round: int
    model_step: int
    task_id: str
    source: str
    difficulty: int
    prompt: str
    completion: str
    token_ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    ended: bool
    origin: str
    temperature: float
    top_k: int
    top_p: float
    stream: str
    status: str
    detail: str
    passed_visible: bool
    passed: bool
    trusted: bool
    fingerprint: str
    quality: float
    accepted: bool
    reason: str
    draft: str = ""
    shingles: str = ""
    visible_passed: int = 0
    visible_total: int = 0
    reward: float | None = None
    advantages: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    returns: tuple[float, ...] = ()
    num_steps: int = 0


class KnownProgram(NamedTuple):
    """What tells an accepted sample from others."""

    task_id: str
    fingerprint: str
    shingles: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A verified completion that selection has yet to decide on.

    `values` are of each sampled token, where a value head foretold any; `num_steps` is a TRM's.
    """

    problem: Problem
    completion: str
    token_ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]
    ended: bool
    origin: str
    stream: str
    verdict: Verdict
    values: tuple[float, ...] = ()
    num_steps: int = 0
