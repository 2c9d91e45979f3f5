"""Counts of a round's decisions, for its record: by difficulty, of repairs, by benchmark.

    record = RoundRecord(..., counts=count(decisions), repairs=count_repairs(drafts, repairs, 0, 9))

What the numbers mean stands in `round_record`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from lit_coder.recursion.round_record import FilterCounts, RepairCounts
from lit_coder.recursion.selection import (
    BELOW_QUALITY,
    CONTAMINATED,
    DUPLICATE,
    NEAR_DUPLICATE,
    OVER_CAP,
    OVER_FAMILY_CAP,
    OVER_KIND_CAP,
    Decision,
    fingerprint,
)


def count(decisions: Sequence[Decision]) -> dict[int, FilterCounts]:
    """The counts of every filter by difficulty."""
    groups: dict[int, list[Decision]] = defaultdict(list)
    for decision in decisions:
        groups[decision.candidate.problem.difficulty].append(decision)
    return {difficulty: _count_one(groups[difficulty]) for difficulty in sorted(groups)}


def count_repairs(
    drafts: Sequence[Decision],
    repairs: Sequence[Decision],
    num_without_room: int,
    num_steps: int,
    num_hinted: int = 0,
    num_search_executions: int = 0,
) -> RepairCounts:
    """What repairs added to a round's drafts.

    Args:
        drafts: decisions on what the solver wrote.
        repairs: decisions on what the repairer made of some of it.
        num_without_room: drafts that did not fit its canvas.
        num_steps: supervision steps of all repairs.
        num_hinted: drafts of which it was shown a suspicious line.
        num_search_executions: runs in the sandbox that finding those took.
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
        hinted=num_hinted,
        search_executions=num_search_executions,
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
    reasons = Counter(decision.reason for decision in decisions)
    return FilterCounts(
        problems=len({c.problem.task_id for c in candidates}),
        solved_problems=len(_solved(decisions)),
        generated=len(candidates),
        ended=sum(c.ended for c in candidates),
        syntax_ok=len(parsed),
        executed=sum(c.verdict.status not in not_executed for c in candidates),
        passed_visible=len(passed),
        passed_hidden=sum(decision.candidate.verdict.passed for decision in passed),
        duplicates=reasons[DUPLICATE],
        over_cap=reasons[OVER_CAP],
        below_quality=reasons[BELOW_QUALITY],
        accepted=sum(decision.accepted for decision in decisions),
        distinct_fingerprints=len({(c.problem.task_id, fingerprint(c)) for c in parsed}),
        quality_sum=sum(decision.quality for decision in admitted),
        contaminated=sum(each.reason == CONTAMINATED for each in admitted),
        near_duplicates=reasons[NEAR_DUPLICATE],
        over_family_cap=reasons[OVER_FAMILY_CAP],
        over_kind_cap=reasons[OVER_KIND_CAP],
    )


def count_benchmarks(decisions: Sequence[Decision]) -> dict[str, int]:
    """How many samples were left out for each benchmark that holds them."""
    found = Counter(decision.task.benchmark for decision in decisions if decision.task)
    return dict(sorted(found.items()))
