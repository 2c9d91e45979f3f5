"""Properties that every problem has whose prompt describes a program."""

import ast
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.problems.arithmetic import ARITHMETIC
from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.classes import METHOD_NAMES
from lit_coder.problems.family import ProblemFamily, without_reference
from lit_coder.problems.pipeline import PipelineFamily, Step
from lit_coder.problems.problem import Case, Cases, Problem
from lit_coder.problems.reference import TrustedProgram
from lit_coder.problems.registry import problem_family

DESCRIBED = ("arithmetic", "lists", "strings", "classes")
"""Families whose prompts say in words what the program does."""


def sampled(family: ProblemFamily, difficulty: int, random: Random) -> Problem:
    for _ in range(500):
        try:
            return family.sample(difficulty, random)
        except DegenerateProblem:
            continue
    raise AssertionError(f"{family.name} gives no problem of difficulty {difficulty}")


def passes(problem: Problem, program: str, cases: tuple[Case, ...]) -> bool:
    outcomes = TrustedProgram(program).outcomes(case.operations for case in cases)
    return all(values == case.expected for values, case in zip(outcomes, cases, strict=True))


def cases_of(problem: Problem) -> Cases:
    assert isinstance(problem.tests, Cases)
    return problem.tests


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    family = problem_family(draw(st.sampled_from(DESCRIBED)))
    difficulty = draw(st.sampled_from(family.difficulties))
    return sampled(family, difficulty, Random(draw(st.integers(0, 2**32))))


@given(problems())
@settings(max_examples=100, deadline=None)
def test_the_reference_passes_all_tests_of_its_problem(problem: Problem) -> None:
    tests = cases_of(problem)
    assert problem.reference is not None
    assert passes(problem, problem.program(problem.reference), tests.visible + tests.hidden)


@given(problems())
@settings(max_examples=100, deadline=None)
def test_a_constant_fails_a_visible_test(problem: Problem) -> None:
    tests = cases_of(problem)
    first = tests.visible[0].expected[-1]
    if problem.kind == "function":
        body = f"\n    return {first!r}"
    else:
        methods = METHOD_NAMES[: problem.difficulty]
        body = "\n    def __init__(self, x):\n        pass" + "".join(
            f"\n    def {name}(self):\n        return {first!r}" for name in methods
        )
    assert not passes(problem, problem.program(body), tests.visible)


@given(problems())
@settings(max_examples=60, deadline=None)
def test_returning_the_argument_unchanged_fails_a_visible_test(problem: Problem) -> None:
    if problem.kind == "function":
        argument = ast.parse(problem.prompt + "\n    pass").body[0].args.args[0].arg  # type: ignore[attr-defined]
        program = problem.program(f"\n    return {argument}")
        assert not passes(problem, program, cases_of(problem).visible)


@given(problems())
@settings(max_examples=60, deadline=None)
def test_no_hidden_input_is_also_visible(problem: Problem) -> None:
    tests = cases_of(problem)
    visible = {repr(case.operations) for case in tests.visible}
    hidden = {repr(case.operations) for case in tests.hidden}
    assert not visible & hidden
    assert len(visible) == 6 and len(hidden) == 11


@given(problems())
@settings(max_examples=60, deadline=None)
def test_a_completion_starts_after_the_docstring_and_ends_with_its_last_line(
    problem: Problem,
) -> None:
    assert problem.prompt.endswith('"""')
    assert problem.reference is not None
    assert problem.reference.startswith("\n    ") and not problem.reference.endswith("\n")
    definition = ast.parse(problem.program(problem.reference)).body[0]
    assert definition.name == problem.entry_point  # type: ignore[attr-defined]
    assert ast.get_docstring(definition) is not None  # type: ignore[arg-type]


@given(st.sampled_from(DESCRIBED), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_the_same_random_state_gives_the_same_problem(name: str, seed: int) -> None:
    family = problem_family(name)
    assert sampled(family, 2, Random(seed)) == sampled(family, 2, Random(seed))


@pytest.mark.parametrize("name", DESCRIBED)
def test_problems_of_one_family_and_difficulty_are_asked_the_same_operations(name: str) -> None:
    family, random = problem_family(name), Random(0)
    for difficulty in family.difficulties:
        asked = {
            repr([case.operations for case in (tests.visible + tests.hidden)])
            for tests in (cases_of(sampled(family, difficulty, random)) for _ in range(10))
        }
        assert len(asked) == 1


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_difficulty_that_a_family_lacks_is_named_with_those_it_has(name: str) -> None:
    with pytest.raises(ValueError, match=r"no difficulty 99; choose from 1, 2"):
        problem_family(name).sample(99, Random(0))


def test_an_arithmetic_problem_reads_as_documented() -> None:
    problem = ARITHMETIC.problem_of([Step("add 3", "x + 3"), Step("multiply by 4", "x * 4")])
    assert problem.prompt == 'def f(x):\n    """add 3; multiply by 4"""'
    assert problem.reference == "\n    x += 3\n    x *= 4\n    return x"
    assert problem.difficulty == 2


def test_arithmetic_has_twelve_operations_and_sixty_eight_steps() -> None:
    assert len(ARITHMETIC.operations) == 12
    assert ARITHMETIC.num_problems(1) == 68


@pytest.mark.parametrize(
    "expressions",
    [
        pytest.param(("x + 3", "-x", "-x"), id="two negations"),
        pytest.param(("x * x", "abs(x)"), id="the absolute of a square"),
        pytest.param(("max(x, 9)", "min(x, 2)"), id="a constant"),
        pytest.param(("x + 2", "x + 3"), id="one step does the same"),
        pytest.param(("x % 2",), id="two distinct outputs"),
        pytest.param(("x + 3", "x - 3"), id="the identity"),
        pytest.param(("x * x",) * 7, id="too large"),
    ],
)
def test_a_pipeline_that_is_less_than_it_seems_is_refused(expressions: tuple[str, ...]) -> None:
    with pytest.raises(DegenerateProblem):
        ARITHMETIC.problem_of([Step(expression, expression) for expression in expressions])


@pytest.mark.parametrize("name", ["arithmetic", "lists", "strings"])
def test_no_single_step_raises_on_any_input(name: str) -> None:
    family = problem_family(name)
    assert isinstance(family, PipelineFamily)
    for group in family.operations + family.endings:
        for step in group:
            function = eval(f"lambda {family.argument}: {step.expression}")
            for value in family.visible_inputs + family.hidden_inputs:
                function(value)


def test_inputs_are_not_changed_by_a_program_that_sorts_in_place() -> None:
    family = problem_family("lists")
    problem = sampled(family, 1, Random(0))
    before = repr(problem.tests)
    TrustedProgram("def f(xs):\n    xs.clear()\n    return xs\n").outcomes(
        case.operations for case in cases_of(problem).visible
    )
    assert repr(problem.tests) == before


def test_an_unknown_family_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="did you mean 'arithmetic'"):
        problem_family("arithmetics")


def test_a_learner_s_copy_has_no_reference_and_the_same_behaviour() -> None:
    problem = sampled(ARITHMETIC, 3, Random(0))
    stripped = without_reference(problem)
    assert stripped.reference is None
    assert behaviour(stripped) == behaviour(problem)
