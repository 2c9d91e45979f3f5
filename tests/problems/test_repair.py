"""Repair: one wrong token, noticed by the tests, in a body that keeps its places."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lit_coder.problems.behaviour import behaviour
from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.line_hints import hinted_prompt
from lit_coder.problems.line_programs import (
    OPERATORS,
    STEPS,
    Step,
    body_of,
    is_held_out_template,
    line_problem,
    template_of,
)
from lit_coder.problems.problem import Case, Cases, Problem
from lit_coder.problems.reference import TrustedProgram
from lit_coder.problems.repair import (
    REPAIR,
    REPAIR_HELD_OUT_TEMPLATES,
    REPAIR_HINTED,
    HintShares,
    RepairFamily,
    single_edits,
    wrong_line,
)
from lit_coder.problems.sampling import SplitPlan, split_problems
from lit_coder.tokenizer import CodeTokenizer

FAMILIES = (REPAIR, REPAIR_HELD_OUT_TEMPLATES)


def sampled(family: RepairFamily, difficulty: int, random: Random) -> Problem:
    while True:
        try:
            return family.sample(difficulty, random)
        except DegenerateProblem:
            continue


def passes(problem: Problem, body: str, cases: tuple[Case, ...]) -> bool:
    outcomes = TrustedProgram(problem.program(body)).outcomes(case.operations for case in cases)
    return all(values == case.expected for values, case in zip(outcomes, cases, strict=True))


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    family = draw(st.sampled_from(FAMILIES))
    difficulty = draw(st.sampled_from(family.difficulties))
    return sampled(family, difficulty, Random(draw(st.integers(0, 2**32))))


@given(problems())
@settings(max_examples=80, deadline=None)
def test_the_reference_passes_all_tests_and_the_draft_fails_a_visible_one(
    problem: Problem,
) -> None:
    tests, reference = problem.tests, problem.reference
    assert isinstance(tests, Cases) and reference is not None
    assert passes(problem, reference, tests.visible + tests.hidden)
    assert not passes(problem, problem.draft, tests.visible)
    assert not passes(problem, "\n    return x", tests.visible)
    assert len(tests.visible) == 5 and len(tests.hidden) == 12


@given(problems())
@settings(max_examples=80, deadline=None)
def test_the_draft_is_one_edit_away_and_edits_lead_back(problem: Problem) -> None:
    assert problem.reference is not None
    assert len(problem.draft) == len(problem.reference)
    assert sum(a != b for a, b in zip(problem.draft, problem.reference, strict=True)) == 1
    assert problem.draft in single_edits(problem.reference)
    edits = list(single_edits(problem.draft))
    assert problem.reference in edits and problem.draft not in edits
    assert len(set(edits)) == len(edits) == 12 * problem.difficulty
    for edit in edits:
        compile(problem.program(edit), "edit", "exec")


def test_the_prompt_shows_the_visible_tests_and_the_draft_has_lines_of_one_layout() -> None:
    problem = line_problem("repair", [Step("+", "2"), Step("*", "3")], "\n    x = (x+2)%10")
    assert problem.prompt == "def f(x):\n    # 12468:92840"
    assert problem.reference == "\n    x = (x+2)%10\n    x = (x*3)%10\n    return x"


@given(problems())
@settings(max_examples=60, deadline=None)
def test_prompts_have_one_length_and_show_what_the_tests_ask(problem: Problem) -> None:
    assert isinstance(problem.tests, Cases)
    assert len(problem.prompt) == len("def f(x):\n    # 12468:92840")
    inputs, _, outputs = problem.prompt.partition("# ")[2].partition(":")
    shown = list(zip(inputs, outputs, strict=True))
    asked = [
        (str(case.operations[0].arguments[0]), str(case.expected[0]))  # type: ignore[union-attr]
        for case in problem.tests.visible
    ]
    assert shown == asked


def test_held_out_templates_are_one_in_eight_and_never_drawn_by_the_other_family() -> None:
    for length, share in ((1, 0), (2, 6), (3, 26), (4, 170)):
        templates = ["".join(signs) for signs in product(OPERATORS, repeat=length)]
        assert sum(map(is_held_out_template, templates)) == share
    random = Random(0)
    for difficulty in (2, 3, 4):
        for _ in range(40):
            learned = sampled(REPAIR, difficulty, random)
            measured = sampled(REPAIR_HELD_OUT_TEMPLATES, difficulty, random)
            assert is_held_out_template(template_of(measured.reference or ""))
            for text in (learned.draft, learned.reference or ""):
                assert not is_held_out_template(template_of(text))


def test_a_template_is_the_operators_in_their_order() -> None:
    steps = [Step("+", "2"), Step("*", "3"), Step("^", "9")]
    assert template_of(body_of(steps)) == "+*^"
    assert len(STEPS) == len(set(STEPS)) == 48


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([Step("+", "2"), Step("+", "3")], id="one step does the same"),
        pytest.param([Step("*", "2"), Step("-", "3"), Step("+", "3")], id="one step does it"),
        pytest.param([Step("&", "2")], id="two outputs"),
        pytest.param([Step("&", "7"), Step("&", "6")], id="one step does the same, two do"),
        pytest.param([Step("&", "6"), Step("&", "7")], id="an idle step"),
    ],
)
def test_a_program_that_is_less_than_it_seems_is_refused(steps: list[Step]) -> None:
    with pytest.raises(DegenerateProblem):
        line_problem("repair", steps)


@pytest.mark.parametrize("family", FAMILIES)
def test_splits_share_no_behaviour_and_a_seed_gives_the_same(family: RepairFamily) -> None:
    plan = SplitPlan(60, (2, 3, 4), num_held_out=20, held_out_difficulties=(2, 3, 4))
    splits = split_problems([family], plan, seed=1)
    assert splits == split_problems([family], plan, seed=1)
    held_out = set(map(behaviour, splits.held_out))
    assert len(held_out) == len(splits.held_out) == 60 == len(set(splits.labelled))
    assert not held_out & set(map(behaviour, splits.labelled))


@pytest.mark.parametrize("vocab_size", [261, 320, 512])
def test_an_edit_keeps_the_number_of_tokens_in_any_vocabulary(vocab_size: int) -> None:
    random = Random(0)
    made = [sampled(REPAIR, difficulty, random) for difficulty in (1, 2, 3, 4) for _ in range(40)]
    tokenizer = CodeTokenizer.train([p.program(p.reference or "") for p in made[::2]], vocab_size)
    for problem in made:
        draft, reference = tokenizer.encode_many([problem.draft, problem.reference or ""])
        assert sum(a != b for a, b in zip(draft, reference, strict=True)) == 1
    lengths = {(p.difficulty, len(tokenizer.encode(p.draft))) for p in made}
    assert len(lengths) == 4
    assert len({len(tokenizer.encode(p.prompt)) for p in made}) == 1


def test_a_hint_is_in_the_prompt_alone_and_the_problem_stays_what_it_is() -> None:
    for seed in range(40):
        plain, shown = (sampled(family, 2, Random(seed)) for family in (REPAIR, REPAIR_HINTED))
        assert behaviour(shown) == behaviour(plain)
        assert shown.task_id == plain.task_id.replace("repair", "repair_hinted")
        assert shown.prompt in {plain.prompt, *(f"{plain.prompt} {line}" for line in (3, 4))}
        same = replace(shown, prompt=plain.prompt, task_id=plain.task_id, source="repair")
        assert same == plain
        assert wrong_line(shown) == wrong_line(plain) in (3, 4)
        assert shown.reference is not None and isinstance(shown.tests, Cases)
        assert passes(shown, shown.reference, shown.tests.visible)


def test_hints_are_right_as_often_as_their_shares_say_and_never_name_the_return() -> None:
    random = Random(0)
    shares = HintShares(earlier=0.5, later=0.25, none=0.1)
    family = RepairFamily("hinted", False, (1, 2, 3, 4), shares)
    found: Counter[str] = Counter()
    for _ in range(300):
        problem = sampled(family, 2, random)
        wrong, hint = wrong_line(problem), problem.prompt.rpartition(":")[2][5:]
        assert hint in ("", " 3", " 4")
        found[f"{wrong}{hint}"] += 1
    assert 10 <= found["3"] + found["4"] <= 50
    assert 0.4 < found["4 3"] / (found["4 3"] + found["4 4"]) < 0.6
    assert 0.15 < found["3 4"] / (found["3 4"] + found["3 3"]) < 0.35
    only = sampled(RepairFamily("hinted", False, (1,), HintShares(1, 1, 0)), 1, random)
    assert only.prompt.endswith(" 3"), "there is no other operation to name"


def test_a_hint_moves_no_line_and_costs_one_token_behind_the_examples() -> None:
    assert hinted_prompt("def f(x):\n    # 12:34", [4]) == "def f(x):\n    # 12:34 4"
    assert hinted_prompt('def f(x):\n    "Adds."\n', [4, 5]) == (
        'def f(x):\n    "Adds."  # line 4 5?\n'
    )
    assert hinted_prompt("def f(x):", [2]) == "def f(x):  # line 2?"
    assert hinted_prompt("def f(x):\n", []) == "def f(x):\n"
    random = Random(0)
    made = [sampled(REPAIR_HINTED, 2, random) for _ in range(60)]
    texts = [problem.program(problem.reference or "") for problem in made]
    tokenizer = CodeTokenizer.train(texts, 320)
    lengths = {bool(p.prompt[-2] == " "): len(tokenizer.encode(p.prompt)) for p in made}
    assert lengths[True] == lengths[False] + 1


def test_of_hinted_problems_too_what_is_measured_was_never_learned_from() -> None:
    plan = SplitPlan(60, (2,), num_held_out=20, held_out_difficulties=(2,))
    splits = split_problems([REPAIR_HINTED], plan, seed=1)
    held_out = set(map(behaviour, splits.held_out))
    assert len(held_out) == 20 and not held_out & set(map(behaviour, splits.labelled))
