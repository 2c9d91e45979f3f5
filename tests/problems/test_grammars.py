"""Properties that every problem of a grammar has: functions, classes and whole programs."""

from __future__ import annotations

import ast
import shutil
import subprocess
from functools import cache
from random import Random

import pytest

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.family import ProblemFamily
from lit_coder.problems.grammars.layout import WIDTH, comment, docstring
from lit_coder.problems.problem import Cases, MethodCall, Problem, StdioCases
from lit_coder.problems.reference import TrustedProgram, trusted_output
from lit_coder.problems.registry import (
    ALL_PROGRAMS,
    GROUPS,
    PROGRAM_FAMILY_NAMES,
    problem_family,
)
from lit_coder.problems.sampling import SplitPlan, fresh_problems, split_problems

PIPELINES = ("arithmetic", "lists", "strings", "classes")
GRAMMARS = tuple(name for name in PROGRAM_FAMILY_NAMES if name not in PIPELINES)
EACH = pytest.mark.parametrize("name", GRAMMARS)


def sampled(family: ProblemFamily, difficulty: int, random: Random) -> Problem:
    for _ in range(500):
        try:
            return family.sample(difficulty, random)
        except DegenerateProblem:
            continue
    raise AssertionError(f"{family.name} gives no problem of difficulty {difficulty}")


@cache
def samples(name: str) -> tuple[Problem, ...]:
    """Eight problems of each difficulty."""
    family, random = problem_family(name), Random(7)
    return tuple(sampled(family, each, random) for each in family.difficulties for _ in range(8))


def whole(problem: Problem) -> str:
    assert problem.reference is not None
    return problem.program(problem.reference)


def passes_visible(problem: Problem, program: str) -> bool:
    """Whether the program passes; the text is trusted."""
    tests = problem.tests
    if isinstance(tests, StdioCases):
        code = compile(program, "<program>", "exec")
        return all(trusted_output(code, c.stdin) == c.expected_stdout for c in tests.visible)
    assert isinstance(tests, Cases)
    outcomes = TrustedProgram(program).outcomes(case.operations for case in tests.visible)
    return outcomes == tuple(case.expected for case in tests.visible)


@EACH
def test_the_reference_passes_visible_and_hidden_tests(name: str) -> None:
    for problem in samples(name):
        tests = problem.tests
        if isinstance(tests, StdioCases):
            code = compile(whole(problem), "<program>", "exec")
            for stdio in tests.visible + tests.hidden:
                assert trusted_output(code, stdio.stdin) == stdio.expected_stdout
        else:
            assert isinstance(tests, Cases)
            cases = tests.visible + tests.hidden
            outcomes = TrustedProgram(whole(problem)).outcomes(case.operations for case in cases)
            assert outcomes == tuple(case.expected for case in cases)


@EACH
def test_a_program_that_always_gives_the_first_answer_fails(name: str) -> None:
    for problem in samples(name):
        tests = problem.tests
        if isinstance(tests, StdioCases):
            program = f"print({tests.visible[0].expected_stdout!r}, end='')\n"
        elif problem.kind == "class":
            assert isinstance(tests, Cases)
            calls = [op for case in tests.visible for op in case.operations]
            methods = {call.method for call in calls if isinstance(call, MethodCall)}
            first = tests.visible[0].expected[1]
            lines = ["    def __init__(self, *given):", "        pass"]
            for method in methods:
                lines += [f"    def {method}(self, *given):", f"        return {first!r}"]
            program = f"class {problem.entry_point}:\n" + "\n".join(lines)
        else:
            assert isinstance(tests, Cases)
            first = tests.visible[0].expected[0]
            program = f"def {problem.entry_point}(*given):\n    return {first!r}\n"
        assert not passes_visible(problem, program)


@EACH
def test_there_are_visible_and_hidden_tests_and_none_is_both(name: str) -> None:
    for problem in samples(name):
        tests = problem.tests
        assert isinstance(tests, (Cases, StdioCases))
        if isinstance(tests, Cases):
            visible, hidden = ({repr(case.operations) for case in part}
                               for part in (tests.visible, tests.hidden))  # fmt: skip
        else:
            visible, hidden = ({c.stdin for c in part} for part in (tests.visible, tests.hidden))
        assert len(visible) == len(tests.visible) >= 5 and len(hidden) == len(tests.hidden) >= 4
        assert not visible & hidden


@EACH
def test_prompt_and_reference_are_one_program_of_narrow_ascii_lines(name: str) -> None:
    for problem in samples(name):
        text = whole(problem)
        ast.parse(text)
        assert text.isascii()
        assert max(map(len, text.splitlines())) <= WIDTH, text


@EACH
def test_a_definition_has_a_docstring_and_an_open_end(name: str) -> None:
    for problem in samples(name):
        assert problem.reference is not None
        if problem.kind == "program":
            assert problem.prompt.startswith("# ") and problem.prompt.endswith("\n")
            continue
        assert problem.prompt.endswith('"""') and problem.reference.startswith("\n")
        definition = ast.parse(whole(problem)).body[-1]
        assert isinstance(definition, (ast.FunctionDef, ast.ClassDef))
        assert definition.name == problem.entry_point and ast.get_docstring(definition)


@EACH
def test_the_same_random_state_gives_the_same_problem(name: str) -> None:
    family = problem_family(name)
    first, second = (
        [sampled(family, each, random) for each in family.difficulties]
        for random in (Random(3), Random(3))
    )
    assert first == second


@EACH
def test_harder_draws_hardly_repeat_a_behaviour(name: str) -> None:
    family, random = problem_family(name), Random(1)
    found = {behaviour(sampled(family, 4, random)) for _ in range(40)}
    assert len(found) >= 36


def test_a_formatter_leaves_references_alone() -> None:
    ruff = shutil.which("ruff")
    if ruff is None:
        pytest.skip("ruff is not installed")
    texts = [whole(problem) for name in GRAMMARS for problem in samples(name)[::4]]
    joined = "\n\n\n".join(text.rstrip("\n") for text in texts) + "\n"
    command = [ruff, "format", "--isolated", "-"]
    done = subprocess.run(command, input=joined, capture_output=True, text=True, check=True)
    before, after = ({line.strip() for line in each.split("\n")} for each in (joined, done.stdout))
    changed = [line for line in after if line not in before]
    assert len(changed) <= len(after) // 100, changed


def test_there_are_five_kinds_of_at_least_twelve_families_and_each_is_in_one() -> None:
    assert len(GROUPS) == 5 and len(set(PROGRAM_FAMILY_NAMES)) == len(PROGRAM_FAMILY_NAMES) >= 12
    assert all(names for names in GROUPS.values())


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_a_family_that_draws_from_its_members(group: str) -> None:
    family, random = problem_family(group), Random(0)
    sources = {sampled(family, 2, random).source for _ in range(8 * len(GROUPS[group]))}
    assert sources == set(GROUPS[group])
    assert set(family.difficulties) >= {1, 2, 3, 4, 5}


def test_a_kind_that_is_written_wrong_is_answered_with_its_name() -> None:
    with pytest.raises(ValueError, match="did you mean 'classic_algorithms'"):
        problem_family("classic_algorithm")


def test_held_out_and_fresh_problems_of_all_programs_share_no_behaviour() -> None:
    families = [problem_family(ALL_PROGRAMS)]
    splits = split_problems(families, SplitPlan(num_labelled=40, num_held_out=10), seed=0)
    fresh = fresh_problems(
        families, round_index=1, count=60, seed=0, difficulties=(1, 2), excluded=splits.behaviours
    ).problems
    everything = [*splits.labelled, *splits.held_out, *fresh]
    assert len(set(map(behaviour, everything))) == len(everything)


def test_a_short_docstring_stands_on_one_line_and_a_long_one_is_wrapped() -> None:
    assert docstring(["Return 1."], [], 4) == '"""Return 1."""'
    long = docstring(["word " * 30 + "end."], [">>> f()", "1"], 4)
    assert max(map(len, long.splitlines())) <= WIDTH
    assert long.endswith('\n\n    >>> f()\n    1\n    """')


def test_items_stand_together_and_their_further_lines_under_their_words() -> None:
    text = docstring(["Rules.", "- one", "- " + "word " * 20 + "end"], [], 4)
    assert text.splitlines()[1:3] == ["", "    - one"]
    assert text.splitlines()[4].startswith("      word")
    assert comment(["Rules.", "- one", "- two"]) == "# Rules.\n#\n# - one\n# - two"
