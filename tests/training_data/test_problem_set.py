from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.family import without_reference
from lit_coder.problems.problem import Problem
from lit_coder.training_data.problem_set import ProblemSet
from tests.training_data.parts import own_problem, problem_options, write_problems


def behaviours(problems: tuple[Problem, ...]) -> set[str]:
    return {behaviour(problem) for problem in problems}


@given(st.integers(0, 2**32), st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_what_is_learned_from_and_what_is_measured_share_no_behaviour(
    seed: int, first_round: int
) -> None:
    problems = ProblemSet.build(problem_options(), seed)
    sets = [behaviours(p) for p in (problems.labelled, problems.validation, problems.held_out)]
    sizes = [len(problems.labelled), len(problems.validation), len(problems.held_out)]
    assert [len(found) for found in sets] == sizes
    assert len(set.union(*sets)) == sum(sizes)
    for round in (-1, first_round, first_round + 1, first_round + 2):
        fresh = behaviours(problems.fresh(round, 40))
        assert not fresh & set.union(*sets)


@pytest.mark.parametrize("family", ["lists", "strings", "classes"])
def test_the_other_families_are_apart_too(family: str) -> None:
    problems = ProblemSet.build(problem_options(families=(family,)), 3)
    measured = behaviours(problems.held_out) | behaviours(problems.validation)
    assert measured and problems.labelled
    learned = problems.labelled + problems.fresh(0, 30) + problems.fresh(1, 30)
    assert not behaviours(learned) & measured


def test_the_same_seed_gives_the_same_problems_and_another_seed_others() -> None:
    first, again, other = (ProblemSet.build(problem_options(), seed) for seed in (5, 5, 6))
    assert first.labelled == again.labelled and first.held_out == again.held_out
    assert first.fresh(4, 30) == again.fresh(4, 30)
    assert first.held_out != other.held_out and first.fresh(4, 30) != other.fresh(4, 30)


def test_rounds_bring_different_problems_whatever_order_they_are_drawn_in() -> None:
    problems = ProblemSet.build(problem_options(difficulties=(2, 3)), 0)
    first = problems.fresh(0, 30)
    second = problems.fresh(1, 30)
    assert first != second
    assert ProblemSet.build(problem_options(difficulties=(2, 3)), 0).fresh(1, 30) == second


def test_own_problems_with_a_solution_are_labelled_and_those_without_are_to_be_solved(
    tmp_path: Path,
) -> None:
    path = write_problems(
        tmp_path / "own.jsonl",
        own_problem("solved", 1001),
        *(own_problem(f"open {i}", 2000 + i, solved=False) for i in range(3)),
    )
    problems = ProblemSet.build(problem_options(problem_files=(path,)), 0)
    assert "solved" in {p.task_id for p in problems.labelled}
    assert {p.task_id for p in problems.unlabelled} == {"open 0", "open 1", "open 2"}
    fresh = problems.fresh(0, 10)
    assert len(fresh) == 10
    assert {p.task_id for p in fresh[:3]} == {"open 0", "open 1", "open 2"}
    assert "solved" not in {p.task_id for p in fresh}


def test_own_problems_fill_at_most_half_of_a_round(tmp_path: Path) -> None:
    path = write_problems(
        tmp_path / "own.jsonl",
        *(own_problem(f"open {i}", 2000 + i, solved=False) for i in range(9)),
    )
    problems = ProblemSet.build(problem_options(problem_files=(path,)), 0)
    fresh = problems.fresh(0, 8)
    assert sum(p.task_id.startswith("open") for p in fresh) == 4
    drawn = {p.task_id for round in range(20) for p in problems.fresh(round, 8)[:4]}
    assert len(drawn) == 9


def test_without_families_only_own_problems_are_used(tmp_path: Path) -> None:
    path = write_problems(
        tmp_path / "own.jsonl", own_problem("a", 1), own_problem("b", 2, solved=False)
    )
    problems = ProblemSet.build(problem_options(families=(), problem_files=(path,)), 0)
    assert [p.task_id for p in problems.labelled] == ["a"]
    assert [p.task_id for p in problems.fresh(0, 5)] == ["b"]
    assert problems.held_out == problems.validation == ()


def test_nothing_behaves_like_the_users_own_held_out_problems(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drawn = ProblemSet.build(problem_options(num_held_out=0, num_validation=0), 0)
    # Two problems that the families give, under other names and in other words.
    targets = (*drawn.labelled[:2], *drawn.fresh(0, 4)[:2])
    held_out = write_problems(
        tmp_path / "held_out.jsonl",
        *(
            {
                "task_id": f"mine {i}",
                "prompt": "def f(x):\n",
                "entry_point": "f",
                "cases": {
                    split: [
                        {"arguments": list(c.operations[0].arguments), "expected": c.expected[0]}
                        for c in getattr(problem.tests, split)
                    ]
                    for split in ("visible", "hidden")
                },
            }
            for i, problem in enumerate(targets)
        ),
    )
    own = write_problems(
        tmp_path / "own.jsonl",
        own_problem("copy", 3),
        own_problem("open copy", 3, solved=False),
        own_problem("kept", 4),
    )
    measured_copy = write_problems(tmp_path / "more.jsonl", own_problem("measured", 3))
    problems = ProblemSet.build(
        problem_options(
            num_held_out=0,
            num_validation=0,
            problem_files=(own,),
            held_out_files=(held_out, measured_copy),
        ),
        0,
    )
    measured = behaviours(problems.held_out)
    assert {behaviour(p) for p in targets} <= measured
    assert len(problems.held_out) == 5
    learned = problems.labelled + problems.unlabelled
    for round in range(3):
        learned += problems.fresh(round, 40)
    assert not behaviours(learned) & measured
    assert {p.task_id for p in problems.labelled} >= {"kept"}
    assert problems.unlabelled == ()
    assert caplog.messages == [
        "data.problem_files: 2 of 3 problems ask for the same as held-out or validation ones and "
        "are left out"
    ]


def test_validation_does_not_behave_like_the_users_own_held_out_problems(tmp_path: Path) -> None:
    drawn = ProblemSet.build(problem_options(), 0)
    target = drawn.validation[0]
    held_out = write_problems(
        tmp_path / "held_out.jsonl",
        {
            "task_id": "mine",
            "prompt": "def f(x):\n",
            "entry_point": "f",
            "cases": [
                {"arguments": list(c.operations[0].arguments), "expected": c.expected[0]}
                for c in target.tests.visible + target.tests.hidden
            ],
        },
    )
    problems = ProblemSet.build(problem_options(held_out_files=(held_out,)), 0)
    assert not behaviours(problems.validation) & behaviours(problems.held_out)


def test_two_files_may_not_use_one_name_for_two_problems(tmp_path: Path) -> None:
    # A verdict and a duplicate are known by the task's name.
    first = write_problems(tmp_path / "a.jsonl", own_problem("same", 1, solved=False))
    second = write_problems(tmp_path / "b.jsonl", own_problem("same", 2, solved=False))
    with pytest.raises(ValueError, match=r"'same'.*b\.jsonl") as caught:
        ProblemSet.build(problem_options(problem_files=(first, second)), 0)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=r"'same'"):
        ProblemSet.build(problem_options(held_out_files=(first, second)), 0)


def test_a_learner_sees_a_fresh_problem_without_its_solution() -> None:
    problem = ProblemSet.build(problem_options(), 0).fresh(0, 5)[0]
    assert problem.reference
    seen = without_reference(problem)
    assert seen.reference is None
    assert problem.reference not in repr(seen)
    assert (seen.prompt, seen.tests) == (problem.prompt, problem.tests)


def test_an_unknown_family_and_a_missing_file_are_one_sentence(tmp_path: Path) -> None:
    for options in (
        problem_options(families=("arithmetik",)),
        problem_options(difficulties=(1, 99)),
        problem_options(problem_files=(str(tmp_path / "none.jsonl"),)),
    ):
        with pytest.raises(ValueError) as caught:
            ProblemSet.build(options, 0)
        assert "\n" not in str(caught.value)
