"""Selection: which of a round's verified completions become training data.

    decisions = select(candidates, gate, known, max_kept_per_problem=4, min_quality=0.0)

Gate, then duplicates, then rank: the gate's facts are the only way in; the normalized AST tells
duplicates of a problem apart, within the round and against the pool; quality ranks what is left
and at most `max_kept_per_problem` stay, so that easy problems do not flood the pool.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from lit_coder.generation.contract import SamplingOptions
from lit_coder.recursion.gates import Gate
from lit_coder.recursion.round_record import FilterCounts, RepairCounts
from lit_coder.training_data.sample import ACCEPTED, Candidate, Sample

DUPLICATE = "duplicate"
OVER_CAP = "over the cap"
BELOW_QUALITY = "below min_quality"


@dataclass(frozen=True, slots=True)
class Decision:
    """A candidate, its quality, and why it was accepted or not."""

    candidate: Candidate
    quality: float
    reason: str

    @property
    def accepted(self) -> bool:
        """Whether it trains the model."""
        return self.reason == ACCEPTED

    @property
    def admitted(self) -> bool:
        """Whether the gate let it pass; only then it has a quality."""
        return self.reason in (ACCEPTED, DUPLICATE, OVER_CAP, BELOW_QUALITY)


def fingerprint(candidate: Candidate) -> str:
    """What makes two completions of a problem the same program.

    The normalized AST where the program parses, else a hash of the text.
    """
    if candidate.verdict.features is not None:
        return candidate.verdict.features.fingerprint
    return "text:" + hashlib.sha256(candidate.completion.encode()).hexdigest()[:32]


def quality(candidate: Candidate, shortest_num_nodes: int) -> float:
    """Rank score in [0, 1]: brevity against the shortest admitted solution, no unused names.

    It orders programs that passed; it can never admit one.
    """
    features = candidate.verdict.features
    if features is None:
        return 0.0
    brevity = min(1.0, shortest_num_nodes / max(1, features.num_nodes))
    tidiness = 1.0 / (1 + len(features.unused_names))
    return 0.5 * brevity + 0.5 * tidiness


def select(
    candidates: Sequence[Candidate],
    gate: Gate,
    known: Mapping[str, Set[str]],
    max_kept_per_problem: int,
    min_quality: float,
) -> list[Decision]:
    """Decide on every candidate, in the order given.

    Args:
        candidates: a round's verified completions.
        gate: facts that admit.
        known: fingerprints that the pool already holds, by task.
        max_kept_per_problem: accepted samples of one problem in this round.
        min_quality: admitted samples below this rank score are left out.
    """
    by_task: dict[str, list[int]] = defaultdict(list)
    for index, candidate in enumerate(candidates):
        by_task[candidate.problem.task_id].append(index)
    decisions: dict[int, Decision] = {}
    for task_id, indices in by_task.items():
        admitted = [index for index in indices if gate.admits(candidates[index])]
        sizes = [f.num_nodes for i in admitted if (f := candidates[i].verdict.features)]
        shortest = min(sizes, default=1)
        scores = {index: quality(candidates[index], shortest) for index in admitted}
        seen = set(known.get(task_id, ()))
        kept = 0
        for index in indices:
            if index not in scores:
                refusal = gate.refusal(candidates[index])
                decisions[index] = Decision(candidates[index], 0.0, refusal)
        # The best first; the earlier sample wins a tie, so the order is the same in every run.
        for index in sorted(admitted, key=lambda i: (-scores[i], i)):
            mark = fingerprint(candidates[index])
            if mark in seen:
                reason = DUPLICATE
            elif scores[index] < min_quality:
                reason = BELOW_QUALITY
            elif kept >= max_kept_per_problem:
                reason = OVER_CAP
            else:
                reason, kept = ACCEPTED, kept + 1
            seen.add(mark)
            decisions[index] = Decision(candidates[index], scores[index], reason)
    return [decisions[index] for index in range(len(candidates))]


def to_sample(decision: Decision, sampling: SamplingOptions, round: int, model_step: int) -> Sample:
    """The pool's row of a decision."""
    candidate, verdict = decision.candidate, decision.candidate.verdict
    return Sample(
        round=round,
        model_step=model_step,
        task_id=candidate.problem.task_id,
        source=candidate.problem.source,
        difficulty=candidate.problem.difficulty,
        prompt=candidate.problem.prompt,
        completion=candidate.completion,
        token_ids=candidate.token_ids,
        log_probabilities=candidate.log_probabilities,
        ended=candidate.ended,
        origin=candidate.origin,
        temperature=sampling.temperature,
        top_k=sampling.top_k,
        top_p=sampling.top_p,
        stream=candidate.stream,
        status=verdict.status,
        # A program's own words may hold what no UTF-8 can: lone surrogates.
        detail=verdict.detail.encode("utf-8", "backslashreplace").decode(),
        passed_visible=verdict.passed_visible,
        passed=verdict.passed,
        trusted=verdict.trusted,
        fingerprint=fingerprint(candidate),
        quality=decision.quality,
        accepted=decision.accepted,
        reason=decision.reason,
        draft=candidate.problem.draft,
    )


def count(decisions: Sequence[Decision]) -> dict[int, FilterCounts]:
    """The counts of every filter by difficulty."""
    groups: dict[int, list[Decision]] = defaultdict(list)
    for decision in decisions:
        groups[decision.candidate.problem.difficulty].append(decision)
    return {difficulty: _count_one(groups[difficulty]) for difficulty in sorted(groups)}


def count_repairs(
    drafts: Sequence[Decision], repairs: Sequence[Decision], num_without_room: int, num_steps: int
) -> RepairCounts:
    """What repairs added to a round's drafts.

    Args:
        drafts: decisions on what the solver wrote.
        repairs: decisions on what the repairer made of some of it.
        num_without_room: drafts that did not fit its canvas.
        num_steps: supervision steps of all repairs.
    """
    passed = [decision for decision in repairs if decision.candidate.verdict.passed_visible]
    return RepairCounts(
        problems=len({decision.candidate.problem.task_id for decision in repairs}),
        drafts=len(repairs),
        without_room=num_without_room,
        steps=num_steps,
        passed_visible=len(passed),
        passed_hidden=sum(decision.candidate.verdict.passed for decision in passed),
        accepted=sum(decision.accepted for decision in repairs),
        fixed_problems=len(_solved(repairs) - _solved(drafts)),
    )


def _solved(decisions: Sequence[Decision]) -> set[str]:
    """The tasks of which one passed every visible test."""
    candidates = [decision.candidate for decision in decisions]
    return {each.problem.task_id for each in candidates if each.verdict.passed_visible}


def _count_one(decisions: Sequence[Decision]) -> FilterCounts:
    candidates = [decision.candidate for decision in decisions]
    parsed = [c for c in candidates if c.verdict.features is not None]
    not_executed = {"syntax_error", "error", "protocol_error", "unsupported", "crashed"}
    passed = [decision for decision in decisions if decision.candidate.verdict.passed_visible]
    admitted = [decision for decision in decisions if decision.admitted]
    return FilterCounts(
        problems=len({c.problem.task_id for c in candidates}),
        solved_problems=len(_solved(decisions)),
        generated=len(candidates),
        ended=sum(c.ended for c in candidates),
        syntax_ok=len(parsed),
        executed=sum(c.verdict.status not in not_executed for c in candidates),
        passed_visible=len(passed),
        passed_hidden=sum(decision.candidate.verdict.passed for decision in passed),
        duplicates=sum(decision.reason == DUPLICATE for decision in decisions),
        over_cap=sum(decision.reason == OVER_CAP for decision in decisions),
        below_quality=sum(decision.reason == BELOW_QUALITY for decision in decisions),
        accepted=sum(decision.accepted for decision in decisions),
        distinct_fingerprints=len({(c.problem.task_id, fingerprint(c)) for c in parsed}),
        quality_sum=sum(decision.quality for decision in admitted),
    )
