"""Problems that are written to a file come back as they were."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.problems.arithmetic import ARITHMETIC
from lit_coder.problems.behaviour import canonical_text
from lit_coder.problems.checks import DegenerateProblem
from lit_coder.problems.classes import CLASSES
from lit_coder.problems.maze import MAZES
from lit_coder.problems.pipeline import Step
from lit_coder.problems.problem import Answer, Problem
from lit_coder.problems.problem_file import read_problems
from lit_coder.problems.problem_writing import problem_record, write_problems
from lit_coder.problems.registry import problem_family
from lit_coder.problems.sudoku import SUDOKU
from lit_coder.problems.typed_values import value_from_json, value_to_json

STEPS = [Step("add 3", "x + 3"), Step("multiply by 4", "x * 4")]
DATA = Path(__file__).parents[2] / "data"


def drawn(name: str) -> Problem:
    """A problem of the family, from the first chance that gives one."""
    for seed in range(100):
        try:
            return problem_family(name).sample(2, Random(seed))
        except DegenerateProblem:
            continue
    raise AssertionError(f"{name} gives no problem")


def test_problems_of_every_kind_of_tests_come_back(tmp_path: Path) -> None:
    exact = Problem("e/0", "# 3 + 4\n", "", Answer("exact", "3+4", "7"), "answer", "e", draft="?")
    problems = [
        *read_problems(DATA / "problems"),
        SUDOKU.sample(2, Random(0)),
        MAZES.sample(1, Random(0)),
        exact,
        replace(exact, task_id="e/1", tests=Answer("exact", "# 3 + 4\n?", "7")),
        replace(ARITHMETIC.problem_of(STEPS), draft="\n    return x"),
        CLASSES.sample(2, Random(0)),
        drawn("stateful_classes"),
    ]
    write_problems(tmp_path / "all.jsonl", problems)
    again = read_problems(tmp_path / "all.jsonl")
    assert again == [replace(problem, source="all") for problem in problems]


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.floats(allow_nan=False)
)
HASHABLE = SCALARS | st.tuples(SCALARS, SCALARS) | st.frozensets(SCALARS)
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.dictionaries(SCALARS, inner)
        | st.dictionaries(st.sampled_from(["tuple", "a"]), inner)
        | st.sets(HASHABLE)
    ),
)


@given(VALUES)
def test_a_value_comes_back_from_json_with_its_types(value: object) -> None:
    again = value_from_json(json.loads(json.dumps(value_to_json(value))))
    assert canonical_text(again) == canonical_text(value)


def test_what_the_format_cannot_say_is_refused(tmp_path: Path) -> None:
    counter = CLASSES.sample(1, Random(0))
    with pytest.raises(ValueError, match="does more than call other, or build one object of it"):
        problem_record(replace(counter, entry_point="other"))
    whole = ARITHMETIC.problem_of(STEPS)
    kept = tmp_path / "kept.jsonl"
    kept.write_text("as it was", encoding="utf-8")
    with pytest.raises(ValueError, match="has text behind the completion"):
        write_problems(kept, [whole, replace(whole, suffix="\n")])
    assert kept.read_text(encoding="utf-8") == "as it was"
