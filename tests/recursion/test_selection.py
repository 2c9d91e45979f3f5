from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.corpora.decontamination import Match
from lit_coder.generation.contract import SamplingOptions
from lit_coder.recursion.gates import NoTests, VisibleTests
from lit_coder.recursion.round_record import FilterCounts, RepairCounts
from lit_coder.recursion.selection import (
    BELOW_QUALITY,
    CONTAMINATED,
    DUPLICATE,
    NEAR_DUPLICATE,
    OVER_CAP,
    OVER_FAMILY_CAP,
    OVER_KIND_CAP,
    Contamination,
    Decision,
    SelectionRules,
    fingerprint,
    select,
    to_sample,
)
from lit_coder.recursion.selection_counts import count, count_benchmarks, count_repairs
from lit_coder.training_data.pool import SamplePool
from lit_coder.training_data.sample import ACCEPTED, Candidate, Sample
from tests.recursion.candidates import make_candidate
from tests.training_data.parts import make_sample

CANDIDATES = st.builds(
    make_candidate,
    task=st.sampled_from("12"),
    difficulty=st.just(1),
    completion=st.sampled_from(["a", "b", "c", "d"]),
    # As in life: the same program has the same facts.
    fingerprint=st.sampled_from(["a", "b", "c", "d", None]),
    shingles=st.sampled_from(["", "00000001", "0000000100000002"]),
    num_nodes=st.just(10),
    num_unused=st.integers(0, 3),
    visible=st.integers(0, 1),
    hidden=st.integers(0, 1),
    trusted=st.booleans(),
    ended=st.booleans(),
)
ROUNDS = st.lists(CANDIDATES, max_size=14)


def known_samples(*marks: tuple[str, str]) -> list[Sample]:
    """Accepted samples of an earlier round, by task and fingerprint."""
    return [make_sample(task_id=task, fingerprint=mark) for task, mark in marks]


def choose(
    candidates: list[Candidate],
    known: Sequence[Sample] = (),
    contamination: Contamination | None = None,
    **changes: Any,
) -> list[Decision]:
    rules = SelectionRules(**({"gate": VisibleTests(), "max_kept_per_problem": 4} | changes))
    return select(candidates, rules, known, contamination)


def reasons(candidates: list[Candidate], **changes: Any) -> list[str]:
    return [decision.reason for decision in choose(candidates, **changes)]


RULES = st.fixed_dictionaries(
    {"max_kept_per_problem": st.integers(1, 5), "min_quality": st.floats(0, 1)},
    optional={
        "max_kept_per_family": st.integers(1, 5),
        "max_kept_per_kind": st.integers(1, 5),
        "near_duplicates": st.floats(0.1, 1),
    },
)


@given(ROUNDS, RULES)
@settings(max_examples=150)
def test_nothing_but_the_gate_admits(candidates: list[Candidate], rules: dict[str, Any]) -> None:
    decisions = choose(candidates, **rules)
    assert [decision.candidate for decision in decisions] == candidates
    total = sum(count(decisions).values(), FilterCounts())
    assert total.admitted == sum(VisibleTests().admits(each) for each in candidates)
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
    known = known_samples(("arithmetic/1", "a"))
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
    for task, reason in (("arithmetic/1", DUPLICATE), ("arithmetic/2", ACCEPTED)):
        known = known_samples((task, "a"))
        assert reasons([make_candidate(fingerprint="a")], known=known) == [reason]


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


def pieces(*numbers: int) -> str:
    return "".join(f"{number:08x}" for number in numbers)


def test_a_near_duplicate_of_an_accepted_program_of_any_problem_is_left_out() -> None:
    one, near, other = pieces(*range(100)), pieces(*range(3, 100)), pieces(*range(80, 180))
    candidates = [
        make_candidate(task="1", fingerprint="a", shingles=one),
        make_candidate(task="2", fingerprint="b", shingles=near),
        make_candidate(task="3", fingerprint="c", shingles=other),
        make_candidate(task="4", fingerprint="d", shingles=""),
        make_candidate(task="5", fingerprint="e", shingles=""),
    ]
    assert reasons(candidates) == [ACCEPTED] * 5
    expected = [ACCEPTED, NEAR_DUPLICATE, ACCEPTED, ACCEPTED, ACCEPTED]
    assert reasons(candidates, near_duplicates=0.8) == expected
    known = [make_sample(task_id="lists/9", shingles=other)]
    assert reasons(candidates[2:3], known=known, near_duplicates=0.8) == [NEAR_DUPLICATE]


def test_what_is_rejected_makes_nothing_a_near_duplicate() -> None:
    one = pieces(*range(50))
    candidates = [
        make_candidate(task="1", fingerprint="a", shingles=one, num_unused=9),
        make_candidate(task="1", fingerprint="b", shingles=one, num_nodes=11),
        make_candidate(task="2", fingerprint="c", shingles=one, visible=0),
    ]
    found = reasons(candidates, near_duplicates=1.0, min_quality=0.7)
    assert found == [BELOW_QUALITY, ACCEPTED, "visible tests: failed"]


def test_caps_on_families_and_kinds_keep_each_problems_best_and_the_seldom_solved() -> None:
    candidates = [
        make_candidate(task=task, fingerprint=mark, num_nodes=nodes, source=source, kind=kind)
        for source, kind, task, mark, nodes in (
            ("lists", "function", "easy", "a", 10),
            ("lists", "function", "easy", "b", 20),
            ("lists", "function", "hard", "c", 10),
            ("classes", "class", "x", "d", 10),
            ("classes", "class", "y", "e", 10),
            ("strings", "function", "z", "f", 10),
        )
    ]
    both = [OVER_FAMILY_CAP, OVER_FAMILY_CAP, ACCEPTED, ACCEPTED, OVER_FAMILY_CAP, ACCEPTED]
    assert reasons(candidates, max_kept_per_family=1) == both
    kinds = [OVER_KIND_CAP, OVER_KIND_CAP, ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED]
    assert reasons(candidates, max_kept_per_kind=2) == kinds
    (counts,) = count(choose(candidates, max_kept_per_family=1, max_kept_per_kind=1)).values()
    assert (counts.over_family_cap, counts.over_kind_cap, counts.accepted) == (3, 1, 2)


class HoldsTwo:
    """Finds a benchmark by a program's text, or by its fingerprint."""

    def match(self, text: str, renamed_fingerprint: str = "") -> Match | None:
        found = "x + 2" in text or renamed_fingerprint == "known"
        return Match("humaneval", "HumanEval/1", "syntax tree", 1.0) if found else None


def test_what_a_benchmark_holds_is_left_out_and_said_with_its_name() -> None:
    candidates = [
        make_candidate(task="1"),
        make_candidate(task="2", completion="    return x + 2\n"),
        make_candidate(task="3", fingerprint="known"),
        make_candidate(task="4", completion="    return x + 2\n", visible=0),
    ]
    decisions = choose(candidates, contamination=HoldsTwo())
    found = [decision.reason for decision in decisions]
    assert found == [ACCEPTED, CONTAMINATED, CONTAMINATED, "visible tests: failed"]
    sample = to_sample(decisions[1], SamplingOptions(), round=0, model_step=1)
    assert (sample.reason, sample.detail, sample.accepted) == (
        CONTAMINATED,
        "HumanEval/1 of humaneval by syntax tree",
        False,
    )
    assert sum(count(decisions).values(), FilterCounts()).contaminated == 2
    assert count_benchmarks(decisions) == {"humaneval": 2}


def test_what_a_benchmark_holds_is_no_mere_duplicate_where_it_is_written_twice() -> None:
    """Rewards and pairs are learned from duplicates, too."""
    held = make_candidate(completion="    return x + 2\n")
    decisions = choose([held, held], contamination=HoldsTwo())
    assert [decision.reason for decision in decisions] == [CONTAMINATED] * 2
    assert count_benchmarks(decisions) == {"humaneval": 2}


def test_where_all_is_learned_from_benchmarks_are_looked_for_in_what_the_gate_refuses() -> None:
    held = make_candidate(completion="    return x + 2\n", visible=0)
    rules = SelectionRules(VisibleTests(), max_kept_per_problem=4)
    found = select([held, make_candidate(visible=0)], rules, (), HoldsTwo(), checks_refused=True)
    assert [each.reason for each in found] == [CONTAMINATED, "visible tests: failed"]
    assert sum(count(found).values(), FilterCounts()).admitted == 0


def test_an_accepted_sample_brings_its_pieces_to_the_pool() -> None:
    pair = [make_candidate(shingles=pieces(1)), make_candidate(shingles=pieces(2), visible=0)]
    samples = [to_sample(d, SamplingOptions(), round=0, model_step=1) for d in choose(pair)]
    assert [sample.shingles for sample in samples] == [pieces(1), ""]
