from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.registry import problem_family
from lit_coder.recursion.apportioning import apportioned
from lit_coder.recursion.curriculum import (
    Attempts,
    Offer,
    SolvedSometimes,
    saved_curriculum,
    take_curriculum,
)
from lit_coder.recursion.gates import VisibleTests
from lit_coder.recursion.repairer import REPAIR
from lit_coder.recursion.round_record import RoundRecord
from lit_coder.recursion.round_work import attempts_of
from lit_coder.training_data.problem_plan import ProblemPlan, cells_of, draw_planned
from tests.recursion.candidates import make_candidate
from tests.recursion.tiny_run import fit, make_data, make_recursion, records_in, samples_in

CELLS = tuple(("arithmetic", difficulty) for difficulty in range(1, 5))
COUNTS = st.lists(st.tuples(st.integers(1, 8), st.integers(0, 8)), max_size=8)


def offer(num_finite: int = 0, most: int | None = None, cells: Any = CELLS) -> Offer:
    finite = tuple(f"mine/{index}" for index in range(num_finite))
    return Offer(cells, finite, num_finite if most is None else most)


def seen(passed_of_four: dict[int, list[int]]) -> list[Attempts]:
    """Problems of four samples each, by difficulty, with how many of these passed."""
    return [
        Attempts(f"t/{d}/{i}", ("arithmetic", d), 4, passed, False)
        for d, numbers in passed_of_four.items()
        for i, passed in enumerate(numbers)
    ]


@given(st.integers(0, 500), st.lists(st.floats(0.01, 1), min_size=1, max_size=9))
def test_apportioned_parts_add_up_and_are_within_one_of_their_share(
    number: int, weights: list[float]
) -> None:
    shares = [weight / sum(weights) for weight in weights]
    parts = apportioned(number, shares)
    assert sum(parts) == number
    assert all(abs(part - number * share) < 1 for part, share in zip(parts, shares, strict=True))


def test_what_is_solved_sometimes_is_drawn_most_and_nothing_is_left_out() -> None:
    curriculum = SolvedSometimes()
    curriculum.observe(1, seen({1: [4] * 20, 2: [2] * 20, 3: [1] * 20, 4: [0] * 20}))
    plan = curriculum.plan(offer(), 400, round=2, seed=0).per_cell
    solved, half, seldom, unsolved = (plan[cell] for cell in CELLS)
    assert half > seldom > solved >= unsolved >= 25
    assert half > 150 and sum(plan.values()) == 400


def test_unsolved_difficulties_come_back_in_every_fourth_round() -> None:
    curriculum = SolvedSometimes()
    curriculum.observe(1, seen({1: [4] * 20, 2: [2] * 20, 3: [1] * 20, 4: [0] * 20}))
    drawn = [
        curriculum.plan(offer(), 400, round, seed=0).per_cell[CELLS[3]] for round in range(2, 9)
    ]
    assert [number > 100 for number in drawn] == [False, False, True, False, False, False, True]


def test_what_was_never_tried_is_drawn_as_much_as_what_is_solved_half_the_time() -> None:
    plan = SolvedSometimes().plan(offer(), 402, round=0, seed=0).per_cell
    assert list(plan.values()) == [101, 101, 100, 100]


def test_old_rounds_are_forgotten() -> None:
    curriculum = SolvedSometimes(memory=0.5)
    curriculum.observe(1, seen({1: [0] * 10, 2: [2] * 10}))
    for round in range(2, 8):
        curriculum.observe(round, seen({1: [2] * 10, 2: [4] * 10}))
    plan = curriculum.plan(offer(cells=CELLS[:2]), 100, round=9, seed=0).per_cell
    assert plan[CELLS[0]] > 80
    assert curriculum.summary()["cells"]["arithmetic/1"]["pass_rate"] == pytest.approx(
        0.5, abs=0.01
    )


def test_one_sample_a_problem_is_enough_to_tell_difficulties_apart() -> None:
    curriculum = SolvedSometimes()
    attempts = [
        Attempts(f"t/{i}", ("arithmetic", 1 + i % 2), 1, int(i % 2 == 0 or i % 4 == 1), False)
        for i in range(40)
    ]
    curriculum.observe(1, attempts)
    plan = curriculum.plan(offer(cells=CELLS[:2]), 100, round=2, seed=0).per_cell
    assert plan[CELLS[1]] > 80


def test_finite_problems_rest_longer_the_more_often_they_stayed_unsolved() -> None:
    curriculum = SolvedSometimes()
    asked = []
    for round in range(1, 40):
        plan = curriculum.plan(offer(1), 4, round, seed=0)
        if plan.task_ids:
            asked.append(round)
        curriculum.observe(round, [Attempts(t, ("mine", 0), 4, 0, True) for t in plan.task_ids])
    assert asked == [1, 3, 6, 11, 20, 37]
    assert curriculum.summary()["finite_problems"] == {"unsolved": 1, "sometimes": 0, "solved": 0}


def test_of_finite_problems_the_ones_solved_sometimes_come_first() -> None:
    curriculum = SolvedSometimes()
    names = offer(30).finite
    passed = {name: (4, 2, 0)[index % 3] for index, name in enumerate(names)}
    curriculum.observe(1, [Attempts(name, ("mine", 0), 4, passed[name], True) for name in names])
    drawn: Counter[int] = Counter()
    for seed in range(40):
        plan = curriculum.plan(offer(30, most=10), 20, round=2, seed=seed)
        assert len(set(plan.task_ids)) == len(plan.task_ids) == 10
        assert sum(plan.per_cell.values()) == 10
        drawn.update(passed[name] for name in plan.task_ids)
    assert drawn[2] > 300 and 0 < drawn[4] < 100 and drawn[0] == 0


def test_where_nothing_is_made_a_round_is_filled_with_resting_problems() -> None:
    curriculum = SolvedSometimes()
    names = offer(6).finite
    curriculum.observe(1, [Attempts(name, ("mine", 0), 4, 0, True) for name in names])
    plan = curriculum.plan(offer(6, cells=()), 6, round=2, seed=0)
    assert sorted(plan.task_ids) == sorted(names) and plan.per_cell == {}


@given(st.lists(COUNTS, min_size=1, max_size=4), st.integers(0, 99), st.integers(0, 9))
@settings(max_examples=60)
def test_a_curriculum_out_of_a_checkpoint_goes_on_exactly(
    rounds: list[list[tuple[int, int]]], count: int, seed: int
) -> None:
    one, other = SolvedSometimes(), SolvedSometimes()
    for number, round in enumerate(rounds):
        attempts = [
            Attempts(f"mine/{i}", CELLS[i % 4], tried, min(passed, tried), i % 2 == 0)
            for i, (tried, passed) in enumerate(round)
        ]
        one.observe(number, attempts)
        other.observe(number, attempts)
        saved = json.loads(json.dumps({"curriculum": saved_curriculum(other)}))
        other = SolvedSometimes()
        take_curriculum(other, saved)
    plans = [each.plan(offer(8, 4), count, len(rounds), seed) for each in (one, other)]
    assert plans[0] == plans[1]
    assert one.state_dict() == other.state_dict() and one.summary() == other.summary()


@pytest.mark.parametrize("wrong", [{"equal_share": 1.5}, {"memory": -0.1}, {"return_every": 0}])
def test_an_option_out_of_its_range_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"recursion.curriculum: {next(iter(wrong))} must be"):
        SolvedSometimes(**wrong)


def test_attempts_are_the_drafts_that_the_gate_admits() -> None:
    repair = make_candidate()
    group = [make_candidate(), make_candidate(ended=False), make_candidate(visible=0)]
    object.__setattr__(repair, "origin", REPAIR)
    (found,) = attempts_of([[*group, repair], []], VisibleTests(), {"arithmetic/2"})
    assert found == Attempts("arithmetic/1", ("arithmetic", 1), 3, 1, False)


def test_an_equal_plan_draws_what_is_drawn_without_one() -> None:
    problems = make_data().problems
    plan = ProblemPlan(dict(zip(problems.cells, (5, 4), strict=True)))
    assert problems.planned(2, plan) == problems.fresh(2, 9)


def test_a_larger_number_draws_more_of_the_same_and_shortages_are_made_up_for() -> None:
    problems = make_data().problems
    few, many = (problems.planned(2, ProblemPlan({problems.cells[1]: n})) for n in (3, 9))
    assert many[:3] == few and len(many) == 9
    # There are 68 problems with one operation.
    drawn = problems.planned(2, ProblemPlan({problems.cells[0]: 90, problems.cells[1]: 10}))
    assert len(drawn) == 100 and len({behaviour(problem) for problem in drawn}) == 100
    assert sum(problem.difficulty == 2 for problem in drawn) > 30


def test_of_a_mixture_each_family_is_planned_by_itself() -> None:
    cells = cells_of([problem_family("class_definitions"), problem_family("classes")], (1, 2))
    names = ("classes", "stateful_classes")
    assert cells == tuple((name, difficulty) for difficulty in (1, 2) for name in names)
    families = [problem_family("class_definitions")]
    plan = ProblemPlan({("classes", 1): 1, ("stateful_classes", 1): 3})
    drawn = draw_planned(families, plan, round=1, seed=0, excluded=frozenset())
    assert [problem.source for problem in drawn] == ["classes", *["stateful_classes"] * 3]


def test_a_run_with_a_curriculum_goes_on_exactly_and_records_it(tmp_path: Path) -> None:
    options: dict[str, Any] = {"num_problems": 6}
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    fit(whole, recursion=make_recursion(curriculum=SolvedSometimes(), **options), max_steps=6)
    fit(parts, recursion=make_recursion(curriculum=SolvedSometimes(), **options), max_steps=4)
    resumed = SolvedSometimes()
    fit(
        parts,
        recursion=make_recursion(curriculum=resumed, **options),
        max_steps=6,
        ckpt_path=parts / "checkpoints" / "last.ckpt",
    )
    expected, found = records_in(whole), records_in(parts)
    assert [r.curriculum for r in found] == [r.curriculum for r in expected]
    last = RoundRecord.read(found[-1].path(parts / "rounds")).curriculum
    assert last is not None and last["cells"]["arithmetic/1"]["pass_rate"] == 1.0
    assert sum(cell["drawn"] for cell in last["cells"].values()) == 6
    version = expected[-1].pool_version
    assert samples_in(parts, version) == samples_in(whole, version)
    checkpoint = torch.load(parts / "checkpoints" / "last.ckpt", weights_only=True)
    (state,) = (s for key, s in checkpoint["callbacks"].items() if "Recursive" in key)
    assert state["curriculum"]["state"] == resumed.state_dict()
