from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.generation.contract import SamplingOptions
from lit_coder.recursion.gates import NoTests, VisibleTests
from lit_coder.recursion.round_record import FilterCounts, RepairCounts
from lit_coder.recursion.selection import (
    BELOW_QUALITY,
    DUPLICATE,
    OVER_CAP,
    Decision,
    count,
    count_repairs,
    fingerprint,
    quality,
    select,
    to_sample,
)
from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.sample import ACCEPTED, Candidate
from tests.recursion.candidates import make_candidate

CANDIDATES = st.builds(
    make_candidate,
    task=st.sampled_from("12"),
    difficulty=st.just(1),
    completion=st.sampled_from(["a", "b", "c", "d"]),
    # As in life: the same program has the same facts.
    fingerprint=st.sampled_from(["a", "b", "c", "d", None]),
    num_nodes=st.just(10),
    num_unused=st.integers(0, 3),
    visible=st.integers(0, 1),
    hidden=st.integers(0, 1),
    trusted=st.booleans(),
    ended=st.booleans(),
)
ROUNDS = st.lists(CANDIDATES, max_size=14)


def choose(candidates: list[Candidate], **changes: Any) -> list[Decision]:
    options: dict[str, Any] = {
        "gate": VisibleTests(),
        "known": {},
        "max_kept_per_problem": 4,
        "min_quality": 0.0,
    }
    return select(candidates, **(options | changes))


def reasons(candidates: list[Candidate], **changes: Any) -> list[str]:
    return [decision.reason for decision in choose(candidates, **changes)]


@given(ROUNDS, st.integers(1, 5), st.floats(0, 1))
@settings(max_examples=150)
def test_nothing_but_the_gate_admits(
    candidates: list[Candidate], cap: int, min_quality: float
) -> None:
    decisions = choose(candidates, max_kept_per_problem=cap, min_quality=min_quality)
    for decision in decisions:
        verdict = decision.candidate.verdict
        if decision.accepted:
            assert verdict.passed_visible and verdict.trusted and decision.candidate.ended


@given(ROUNDS, st.integers(1, 5), st.floats(0, 1))
@settings(max_examples=100)
def test_every_candidate_gets_one_decision_in_the_order_given(
    candidates: list[Candidate], cap: int, min_quality: float
) -> None:
    decisions = choose(candidates, max_kept_per_problem=cap, min_quality=min_quality)
    assert [decision.candidate for decision in decisions] == candidates


@given(ROUNDS, st.integers(1, 5), st.floats(0, 1))
@settings(max_examples=100)
def test_what_was_generated_is_accepted_or_rejected_for_one_reason(
    candidates: list[Candidate], cap: int, min_quality: float
) -> None:
    decisions = choose(candidates, max_kept_per_problem=cap, min_quality=min_quality)
    total = sum(count(decisions).values(), FilterCounts())
    by_reason = Counter(decision.reason for decision in decisions)
    refused = sum(not VisibleTests().admits(c) for c in candidates)
    filtered = total.duplicates + total.over_cap + total.below_quality
    assert total.generated == len(candidates) == total.accepted + filtered + refused
    assert total.accepted == by_reason[ACCEPTED]
    assert total.duplicates == by_reason[DUPLICATE]
    assert total.over_cap == by_reason[OVER_CAP]
    assert total.below_quality == by_reason[BELOW_QUALITY]
    assert total.passed_visible == sum(c.verdict.passed_visible for c in candidates)
    assert total.passed_hidden == sum(c.verdict.passed for c in candidates)
    assert total.ended == sum(c.ended for c in candidates)


@given(ROUNDS, st.integers(1, 5))
@settings(max_examples=100)
def test_an_accepted_program_is_new_to_its_problem_and_to_the_pool(
    candidates: list[Candidate], cap: int
) -> None:
    known = {"arithmetic/1": {"a"}}
    accepted = [
        d.candidate for d in choose(candidates, known=known, max_kept_per_problem=cap) if d.accepted
    ]
    marks = [(c.problem.task_id, fingerprint(c)) for c in accepted]
    assert len(marks) == len(set(marks))
    assert ("arithmetic/1", "a") not in marks
    assert max(Counter(task for task, _ in marks).values(), default=0) <= cap


@given(ROUNDS, st.floats(0, 1))
@settings(max_examples=100)
def test_the_smallest_quality_only_takes_away(
    candidates: list[Candidate], min_quality: float
) -> None:
    every = choose(candidates, max_kept_per_problem=99)
    fewer = choose(candidates, max_kept_per_problem=99, min_quality=min_quality)
    for without, with_bar in zip(every, fewer, strict=True):
        assert without.accepted or not with_bar.accepted
        assert with_bar.accepted == (without.accepted and without.quality >= min_quality)


@given(st.permutations(range(6)))
def test_the_order_of_candidates_changes_nothing_where_no_quality_is_tied(
    order: list[int],
) -> None:
    candidates = [
        make_candidate(fingerprint=f"{i}", num_nodes=10 + i, completion=f"{i}") for i in range(6)
    ]
    decisions = choose([candidates[i] for i in order], max_kept_per_problem=3)
    assert {d.candidate.completion for d in decisions if d.accepted} == {"0", "1", "2"}


@given(ROUNDS, st.integers(1, 3))
@settings(max_examples=60)
def test_problems_do_not_change_each_others_decisions(
    candidates: list[Candidate], cap: int
) -> None:
    together = choose(candidates, max_kept_per_problem=cap)
    for task in ("arithmetic/1", "arithmetic/2"):
        alone = [c for c in candidates if c.problem.task_id == task]
        ours = [d for d in together if d.candidate.problem.task_id == task]
        assert ours == choose(alone, max_kept_per_problem=cap)


def test_of_two_equal_samples_the_earlier_one_stays() -> None:
    pair = [make_candidate(fingerprint="a"), make_candidate(fingerprint="b")]
    assert reasons(pair, max_kept_per_problem=1) == [ACCEPTED, OVER_CAP]


def test_the_cap_keeps_the_best() -> None:
    candidates = [
        make_candidate(fingerprint="long", num_nodes=40),
        make_candidate(fingerprint="untidy", num_unused=2),
        make_candidate(fingerprint="short", num_nodes=10),
    ]
    expected = [OVER_CAP, OVER_CAP, ACCEPTED]
    assert reasons(candidates, max_kept_per_problem=1) == expected


def test_the_same_program_in_other_words_is_a_duplicate() -> None:
    same = [make_candidate(completion=text, fingerprint="a") for text in ("x+1", "x + 1  # !")]
    assert reasons(same) == [ACCEPTED, DUPLICATE]


def test_the_same_program_for_another_problem_is_none() -> None:
    assert reasons([make_candidate(task="1"), make_candidate(task="2")]) == [ACCEPTED, ACCEPTED]


def test_a_program_the_pool_holds_already_is_a_duplicate() -> None:
    assert reasons([make_candidate(fingerprint="a")], known={"arithmetic/1": {"a"}}) == [DUPLICATE]
    assert reasons([make_candidate(fingerprint="a")], known={"arithmetic/2": {"a"}}) == [ACCEPTED]


def test_a_program_that_failed_does_not_make_a_later_one_that_passed_a_duplicate() -> None:
    pair = [make_candidate(visible=0, ended=False), make_candidate()]
    assert reasons(pair) == ["not ended", ACCEPTED]


def test_unparsed_texts_are_told_apart_by_their_text() -> None:
    texts = ["a", "b", "a"]
    candidates = [
        make_candidate(completion=text, fingerprint=None, visible=0, status="syntax_error")
        for text in texts
    ]
    assert reasons(candidates, gate=NoTests()) == [ACCEPTED, ACCEPTED, DUPLICATE]


@given(st.integers(1, 500), st.integers(1, 500), st.integers(0, 20))
def test_quality_is_a_share_and_best_for_the_shortest_tidy_program(
    num_nodes: int, shortest: int, num_unused: int
) -> None:
    score = quality(make_candidate(num_nodes=num_nodes, num_unused=num_unused), shortest)
    assert 0 < score <= 1
    assert (score == 1) == (num_nodes <= shortest and num_unused == 0)


def test_counts_are_kept_apart_by_difficulty() -> None:
    candidates = [
        make_candidate(task="1", difficulty=1),
        make_candidate(task="1", difficulty=1, visible=0, hidden=0, fingerprint="b"),
        make_candidate(task="2", difficulty=3, hidden=0),
        make_candidate(task="3", difficulty=3, fingerprint=None, visible=0, status="syntax_error"),
    ]
    counts = count(choose(candidates))
    assert list(counts) == [1, 3]
    one, three = counts[1], counts[3]
    assert (one.problems, one.solved_problems, one.generated, one.accepted) == (1, 1, 2, 1)
    assert (three.problems, three.solved_problems, three.generated) == (2, 1, 2)
    assert (three.syntax_ok, three.executed) == (1, 1)
    assert (three.passed_visible, three.passed_hidden, three.false_positive_rate) == (1, 0, 1.0)


def test_the_mean_quality_is_over_what_the_gate_admitted() -> None:
    candidates = [
        make_candidate(fingerprint="a"),
        make_candidate(fingerprint="a"),
        make_candidate(fingerprint="b", ended=False),
        make_candidate(fingerprint="c", visible=0),
    ]
    (refused_some,) = count(choose(candidates)).values()
    assert (refused_some.passed_visible, refused_some.admitted) == (3, 2)
    assert (refused_some.quality_sum, refused_some.mean_quality) == (2.0, 1.0)
    (all_that_ended,) = count(choose(candidates, gate=NoTests())).values()
    assert (all_that_ended.admitted, all_that_ended.mean_quality) == (3, 1.0)


def test_a_decision_becomes_the_pools_row_with_verdict_and_reason() -> None:
    (decision,) = choose([make_candidate(hidden=0)])
    sampling = SamplingOptions(num_samples=2, temperature=0.5, top_k=7, top_p=0.9)
    sample = to_sample(decision, sampling, round=3, model_step=40)
    assert (sample.round, sample.model_step, sample.accepted) == (3, 40, True)
    assert (sample.passed_visible, sample.passed, sample.trusted) == (True, False, True)
    assert (sample.temperature, sample.top_k, sample.top_p) == (0.5, 7, 0.9)
    assert (sample.token_ids, sample.log_probabilities) == ((1, 2), (-1.0, -0.5, -0.25))
    assert (sample.fingerprint, sample.reason, sample.status) == ("a", ACCEPTED, "failed")


def test_what_a_program_says_of_itself_can_always_be_stored(tmp_path: Any) -> None:
    # A lone surrogate in an exception's message: no UTF-8 file can hold it.
    candidate = make_candidate(visible=0, status="error", detail="ValueError: \ud800\x00")
    (decision,) = choose([candidate])
    sample = to_sample(decision, SamplingOptions(), round=0, model_step=1)
    pool = SamplePool.create(tmp_path / "pool.lance", "run")
    assert pool.read(pool.commit([sample], 1)) == [sample]
    assert sample.detail.startswith("ValueError: ")


@pytest.mark.parametrize("cap", [1, 2, 3])
def test_duplicates_do_not_use_up_the_cap(cap: int) -> None:
    candidates = [make_candidate(fingerprint=f"{i // 2}", num_nodes=10 + i // 2) for i in range(8)]
    assert Counter(reasons(candidates, max_kept_per_problem=cap))[ACCEPTED] == cap


def test_a_problem_is_fixed_where_a_repair_passed_and_no_draft_did() -> None:
    drafts = [
        make_candidate(task="1", visible=0, hidden=0),
        # The tests say that it is right, the gate does not let it in: the repair adds a program.
        make_candidate(task="2", ended=False),
        make_candidate(task="3", visible=0, hidden=0),
    ]
    repairs = [
        make_candidate(task="1", fingerprint="b"),
        make_candidate(task="1", fingerprint="c", hidden=0),
        make_candidate(task="2", fingerprint="d"),
        make_candidate(task="3", visible=0, hidden=0),
    ]
    decisions = choose([*drafts, *repairs])
    counts = count_repairs(decisions[:3], decisions[3:], num_without_room=2, num_steps=10)
    assert counts == RepairCounts(
        problems=3,
        drafts=4,
        without_room=2,
        steps=10,
        passed_visible=3,
        passed_hidden=2,
        accepted=3,
        fixed_problems=1,
    )
    assert counts.mean_steps == 2.5
    assert count_repairs(decisions[:3], [], 0, 0).mean_steps is None
