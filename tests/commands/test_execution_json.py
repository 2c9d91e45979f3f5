from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.commands.execution_json import execution_json, python_text
from lit_coder.problems.problem import Value
from lit_coder.sandbox.contract import CallJob, Execution, Outcome

NAMES = {"nan": float("nan"), "inf": float("inf"), "frozenset": frozenset, "set": set}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**60, max_value=2**80)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))
    | st.binary()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.frozensets(SCALARS, max_size=3)
        | st.sets(SCALARS, max_size=3)
        | st.dictionaries(SCALARS, inner, max_size=3)
    ),
    max_leaves=8,
)


def outcome_of(value: Value) -> dict[str, Any]:
    """The outcome with this value, after a way through JSON."""
    execution = Execution("completed", outcomes=((Outcome(value=value),),))
    text = json.dumps(execution_json(execution, CallJob("", ()), "kernel"), allow_nan=False)
    outcome: dict[str, Any] = json.loads(text)["outcomes"][0][0]
    return outcome


def same(left: object, right: object) -> bool:
    """Equal, with the same types throughout; sets and dictionaries are compared as wholes."""
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


@given(VALUES)
def test_the_text_of_a_value_is_python_for_it(value: Value) -> None:
    assert same(eval(python_text(value), dict(NAMES)), value)


@given(VALUES)
def test_where_json_holds_a_value_it_is_the_very_value(value: Value) -> None:
    outcome = outcome_of(value)
    assert "value" not in outcome or same(outcome["value"], value)


@pytest.mark.parametrize(
    "value",
    [(1, 2), {1}, frozenset(), b"x", 1j, 2**53 + 1, float("nan"), float("inf"), "\ud800", {1: 2}],
    ids=repr,
)
def test_what_json_cannot_say_is_not_said_in_json(value: Value) -> None:
    assert outcome_of(value) == {"repr": repr(value)}
    assert outcome_of([value]) == {"repr": f"[{value!r}]"}


@pytest.mark.parametrize("value", [None, True, 1, -1.5, "é", [1, [2]], {"a": {"b": None}}])
def test_what_json_can_say_is_said_in_json_as_well(value: Value) -> None:
    assert outcome_of(value) == {"repr": repr(value), "value": value}


def test_an_integer_with_more_digits_than_python_prints_is_written() -> None:
    assert outcome_of(10**6000) == {"repr": hex(10**6000)}


def test_a_set_is_written_in_one_order_only() -> None:
    assert python_text({"b", "a", "c"}) == "{'a', 'b', 'c'}"


def test_an_empty_set_is_no_empty_dictionary() -> None:
    assert python_text([set(), {}, frozenset()]) == "[set(), {}, frozenset()]"
