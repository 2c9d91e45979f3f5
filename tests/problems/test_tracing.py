"""Tracing: what each line assigns is replaced by what executing the lines gives."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.problem import Answer, Problem
from lit_coder.problems.sampling import SplitPlan, split_problems
from lit_coder.problems.tracing import (
    TRACING,
    TRACING_SUMS,
    TracingFamily,
    longest_chain,
    traced,
    without_names,
)
from lit_coder.tokenizer import SMALLEST_VOCABULARY, CodeTokenizer
from lit_coder.verification.answers import judge_answer

FAMILIES = (TRACING, TRACING_SUMS)


def sampled(family: TracingFamily, difficulty: int, random: Random) -> Problem:
    while True:
        try:
            return family.sample(difficulty, random)
        except DegenerateProblem:
            continue


def by_hand(lines: list[str]) -> list[int]:
    """The values without executing anything."""
    known: dict[str, int] = {}
    values = []
    for line in lines:
        name, operands = line.split("=")
        total = sum(known[each] if each.isalpha() else int(each) for each in operands.split("+"))
        known[name] = total % 10
        values.append(known[name])
    return values


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    family = draw(st.sampled_from(FAMILIES))
    difficulty = draw(st.sampled_from(family.difficulties))
    return sampled(family, difficulty, Random(draw(st.integers(0, 2**32))))


@given(problems())
@settings(max_examples=100, deadline=None)
def test_every_expression_is_replaced_by_the_value_of_its_line(problem: Problem) -> None:
    assert problem.reference is not None and isinstance(problem.tests, Answer)
    lines = problem.draft.splitlines()
    assert len(lines) == problem.difficulty and len({len(line) for line in lines}) == 1
    assert all(re.fullmatch(r"[a-f]=[a-f\d](\+[a-f\d])?", line) for line in lines)
    filled = [f"{line[:2]}{value}" for line, value in zip(lines, by_hand(lines), strict=True)]
    assert [line.rstrip() for line in problem.reference.splitlines()] == filled
    assert len(problem.reference) == len(problem.draft)
    assert judge_answer(problem.tests, problem.reference).passed


@given(problems())
@settings(max_examples=60, deadline=None)
def test_there_are_two_values_before_the_first_copy(problem: Problem) -> None:
    first, second, *_ = (problem.reference or "").split("\n")
    assert not re.search("[a-f]", "".join(line[2:] for line in problem.draft.splitlines()[:2]))
    assert first[0] != second[0] and first[2] != second[2]


@given(problems(), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_one_wrong_digit_fails_and_so_does_any_constant(problem: Problem, seed: int) -> None:
    assert problem.reference is not None and isinstance(problem.tests, Answer)
    random = Random(seed)
    lines = problem.reference.splitlines()
    place = random.randrange(len(lines))
    digit = random.choice([each for each in "0123456789" if each != lines[place][2]])
    lines[place] = lines[place][:2] + digit
    assert not judge_answer(problem.tests, "\n".join(lines)).passed
    for constant in "0123456789":
        guessed = "".join(f"{line[:2]}{constant}\n" for line in problem.draft.splitlines())
        assert not judge_answer(problem.tests, guessed).passed


def test_a_line_sees_the_newest_value() -> None:
    assert traced(["a=3", "b=a", "a=9", "c=a+b", "b=c+c"]) == [3, 3, 9, 2, 4]


@given(problems(), st.permutations("abcdef"))
@settings(max_examples=60, deadline=None)
def test_other_names_and_swapped_operands_do_not_make_another_problem(
    problem: Problem, names: list[str]
) -> None:
    lines = problem.draft.splitlines()
    renamed = [line.translate(str.maketrans("abcdef", "".join(names))) for line in lines]
    swapped = ["=".join([line[0], line[:1:-1]]) for line in renamed]
    assert without_names(swapped) == without_names(lines)
    other = [*lines[:-1], lines[-1][:-1] + ("1" if lines[-1][-1] != "1" else "2")]
    assert without_names(other) != without_names(lines)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_random_state_gives_the_same_program_and_splits_share_none(
    family: TracingFamily,
) -> None:
    assert sampled(family, 6, Random(3)) == sampled(family, 6, Random(3))
    plan = SplitPlan(100, (4, 8, 12), num_held_out=30, held_out_difficulties=(4, 8, 12))
    splits = split_problems([family], plan, seed=0)
    everything = splits.labelled + splits.held_out
    assert splits.shortages == ()
    drafts = {problem.draft for problem in everything}
    assert len(drafts) == len(everything) == 190
    held_out = set(map(behaviour, splits.held_out))
    assert len(held_out) == 90 and not held_out & set(map(behaviour, splits.labelled))


def test_a_program_in_other_names_is_one_more_to_learn_from_and_none_to_measure_on() -> None:
    plan = SplitPlan(400, (3,), num_held_out=200, held_out_difficulties=(3,))
    splits = split_problems([TRACING], plan, seed=0)
    assert len(set(map(behaviour, splits.labelled))) < len(splits.labelled) == 400
    assert len(set(map(behaviour, splits.held_out))) == len(splits.held_out) == 200


def test_values_take_the_places_of_expressions_in_tokens_of_one_character() -> None:
    random = Random(0)
    made = [sampled(family, 8, random) for family in FAMILIES for _ in range(60)]
    texts = [text for p in made for text in (p.draft, p.reference or "")]
    tokenizer = CodeTokenizer.train(texts, SMALLEST_VOCABULARY)
    for problem in made:
        draft, reference = tokenizer.encode_many([problem.draft, problem.reference or ""])
        assert len(draft) == len(reference) == len(problem.draft)


@pytest.mark.parametrize(
    ("program", "length"),
    [
        ("a=1 b=2 c=a", 1),
        ("a=1 b=2 c=a d=c", 2),
        ("a=1 b=2 c=a a=3 d=c e=d a=e", 4),
        ("a=1 b=a a=2 c=a", 1),
        ("a=1+2 b=3+4 c=a+b d=a+1", 1),
        ("a=1 b=2", 0),
    ],
)
def test_the_longest_chain_counts_the_variables_read_in_a_row(program: str, length: int) -> None:
    assert longest_chain(program.split()) == length


@given(problems())
@settings(max_examples=100, deadline=None)
def test_a_program_reads_at_least_one_variable(problem: Problem) -> None:
    assert longest_chain(problem.draft.splitlines()) >= 1
