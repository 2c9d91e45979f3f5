"""Synthesis: the visible tests say which program is the reference."""

from __future__ import annotations

from itertools import product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.line_programs import (
    STEPS,
    body_of,
    is_held_out_template,
    template_of,
    visible_outputs,
)
from lit_coder.problems.problem import Cases, Problem
from lit_coder.problems.reference import TrustedProgram
from lit_coder.problems.sampling import SplitPlan, split_problems
from lit_coder.problems.synthesis import SYNTHESIS


def sampled(difficulty: int, random: Random) -> Problem:
    while True:
        try:
            return SYNTHESIS.sample(difficulty, random)
        except DegenerateProblem:
            continue


@given(st.integers(0, 2**32), st.sampled_from([1, 2, 3]))
@settings(max_examples=60, deadline=None)
def test_the_reference_passes_its_tests_and_nothing_is_drafted(seed: int, difficulty: int) -> None:
    problem = sampled(difficulty, Random(seed))
    assert problem == sampled(difficulty, Random(seed))
    assert problem.draft == "" and problem.difficulty == difficulty
    assert isinstance(problem.tests, Cases) and problem.reference is not None
    cases = problem.tests.visible + problem.tests.hidden
    outcomes = TrustedProgram(problem.program(problem.reference)).outcomes(
        case.operations for case in cases
    )
    assert outcomes == tuple(case.expected for case in cases)
    assert not is_held_out_template(template_of(problem.reference))


def test_the_reference_is_the_first_of_the_shortest_programs_with_these_outputs() -> None:
    first: dict[tuple[object, ...], str] = {}
    for length in (1, 2):
        for steps in product(STEPS, repeat=length):
            body = body_of(steps)
            first.setdefault(visible_outputs(body), body)
    random = Random(0)
    for difficulty in (1, 2):
        for _ in range(30):
            reference = sampled(difficulty, random).reference
            assert reference is not None
            assert first[visible_outputs(reference)] == reference
    for _ in range(20):
        assert visible_outputs(sampled(3, random).reference or "") not in first


def test_prompts_tell_problems_apart_and_their_number_is_known() -> None:
    assert [SYNTHESIS.num_problems(length) for length in (1, 2, 3)] == [41, 749, 5368]
    plan = SplitPlan(200, (2, 3), num_held_out=60, held_out_difficulties=(1, 2, 3))
    splits = split_problems([SYNTHESIS], plan, seed=0)
    everything = splits.labelled + splits.held_out
    assert len({problem.prompt for problem in everything}) == len(everything)
    assert len(set(map(behaviour, everything))) == len(everything)
