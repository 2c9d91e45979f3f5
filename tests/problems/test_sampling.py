"""Splits and fresh problems: disjoint by behaviour, reproducible, never endless."""

import subprocess
import sys
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.problems.arithmetic import ARITHMETIC
from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.registry import problem_family
from lit_coder.problems.sampling import (
    ProblemSplits,
    SplitPlan,
    derived_random,
    fresh_problems,
    split_problems,
)

SMALL = SplitPlan(num_labelled=20, num_held_out=15, num_validation=5)


def fresh(splits: ProblemSplits, round_index: int = 0, count: int = 60, seed: int = 0):
    return fresh_problems(
        [ARITHMETIC],
        round_index=round_index,
        count=count,
        seed=seed,
        difficulties=(1, 2, 3, 4, 5),
        excluded=splits.behaviours,
    )


@given(st.integers(0, 2**32), st.sampled_from(("arithmetic", "lists", "strings", "classes")))
@settings(max_examples=12, deadline=None)
def test_labelled_held_out_validation_and_fresh_problems_share_no_behaviour(
    seed: int, name: str
) -> None:
    family = problem_family(name)
    splits = split_problems([family], SMALL, seed)
    new = fresh_problems(
        [family],
        round_index=1,
        count=60,
        seed=seed,
        difficulties=(1, 2, 3, 4, 5),
        excluded=splits.behaviours,
    ).problems
    everything = [*splits.labelled, *splits.held_out, *splits.validation, *new]
    assert len(set(map(behaviour, everything))) == len(everything)


def test_a_split_has_the_planned_sizes_and_difficulties() -> None:
    splits = split_problems([ARITHMETIC], SMALL, seed=0)
    assert Counter(p.difficulty for p in splits.labelled) == dict.fromkeys(range(1, 6), 4)
    assert Counter(p.difficulty for p in splits.held_out) == dict.fromkeys(range(2, 6), 15)
    assert Counter(p.difficulty for p in splits.validation) == dict.fromkeys(range(2, 6), 5)
    assert splits.shortages == ()


def test_the_held_out_set_does_not_depend_on_the_other_counts() -> None:
    other = SplitPlan(num_labelled=50, num_held_out=15, num_validation=0)
    one, two = (split_problems([ARITHMETIC], plan, seed=3) for plan in (SMALL, other))
    assert one.held_out == two.held_out


def test_measured_behaviours_leave_out_the_labelled_ones() -> None:
    splits = split_problems([ARITHMETIC], SMALL, seed=0)
    assert splits.measured_behaviours < splits.behaviours
    assert not splits.measured_behaviours & set(map(behaviour, splits.labelled))


def test_rounds_draw_different_problems_and_the_same_round_the_same() -> None:
    splits = split_problems([ARITHMETIC], SMALL, seed=0)
    first = fresh(splits, round_index=1)
    assert first == fresh(splits, round_index=1)
    shared = set(first.problems) & set(fresh(splits, round_index=2).problems)
    assert all(problem.difficulty <= 2 for problem in shared)


def test_another_seed_draws_other_problems() -> None:
    splits = split_problems([ARITHMETIC], SMALL, seed=0)
    assert fresh(splits, seed=0).problems != fresh(splits, seed=1).problems


def test_a_difficulty_with_too_few_behaviours_gives_fewer_and_says_so() -> None:
    drawn = fresh_problems(
        [ARITHMETIC], round_index=0, count=200, seed=0, difficulties=(1,), excluded=()
    )
    (shortage,) = drawn.shortages
    assert (shortage.family, shortage.difficulty, shortage.wanted) == ("arithmetic", 1, 200)
    assert 60 <= shortage.found == len(drawn.problems) <= 68


def test_fresh_problems_are_balanced_over_difficulties_and_families() -> None:
    families = [ARITHMETIC, problem_family("lists")]
    drawn = fresh_problems(
        families, round_index=0, count=82, seed=0, difficulties=(2, 3), excluded=()
    )
    counts = Counter((p.source, p.difficulty) for p in drawn.problems)
    assert sorted(counts.values()) == [20, 20, 21, 21]


def test_eight_hundred_fresh_problems_take_little_time() -> None:
    splits = split_problems([ARITHMETIC], SMALL, seed=0)
    started = time.process_time()
    fresh(splits, count=800)
    assert time.process_time() - started < 1.5


def test_a_difficulty_that_no_family_offers_is_refused() -> None:
    with pytest.raises(ValueError, match="no problem family offers difficulty 42"):
        split_problems([ARITHMETIC], SplitPlan(labelled_difficulties=(42,)), seed=0)


def test_what_can_be_exhausted_keeps_something_to_learn_from() -> None:
    splits = split_problems(
        [ARITHMETIC],
        SplitPlan(200, (1,), num_held_out=150, held_out_difficulties=(1,)),
        seed=0,
    )
    assert len(splits.held_out) == 68 // 4
    assert 40 <= len(splits.labelled) <= 68 - 68 // 4
    assert [shortage.split for shortage in splits.shortages] == ["held_out", "labelled"]


def test_random_streams_do_not_depend_on_the_process() -> None:
    code = (
        "from lit_coder.problems.sampling import derived_random as d;"
        "print(d(0, 'held_out', 'arithmetic', 2).random())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert float(printed) == derived_random(0, "held_out", "arithmetic", 2).random()


def test_only_what_is_learned_from_holds_several_drafts_of_one_function() -> None:
    plan = SplitPlan(
        num_labelled=300, labelled_difficulties=(1,), num_held_out=10, held_out_difficulties=(1,)
    )
    splits = split_problems([problem_family("repair")], plan, seed=0)
    labelled = Counter(map(behaviour, splits.labelled))
    assert max(labelled.values()) > 1 and len(set(splits.labelled)) == len(splits.labelled)
    assert set(Counter(map(behaviour, splits.held_out)).values()) == {1}
    assert not labelled.keys() & set(map(behaviour, splits.held_out))
