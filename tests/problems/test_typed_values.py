"""Typed values keep their types on the way through JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.problems.behaviour import canonical_text
from lit_coder.problems.typed_values import TYPE_NAMES, value_from_json, value_to_json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.binary(max_size=5)
)
HASHABLE = st.recursive(
    SCALARS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4
)
VALUES = st.recursive(
    HASHABLE | st.sets(HASHABLE, max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(HASHABLE | st.sampled_from(TYPE_NAMES), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_every_value_comes_back_with_its_types(value: object) -> None:
    text = json.dumps(value_to_json(value))
    assert canonical_text(value_from_json(json.loads(text))) == canonical_text(value)


def test_an_object_with_several_keys_is_a_dict() -> None:
    assert value_from_json({"tuple": [1], "set": [2]}) == {"tuple": [1], "set": [2]}


@pytest.mark.parametrize(
    "raw",
    [{"tuple": 3}, {"bytes": "xyz"}, {"bytes": [1]}, {"complex": [1]}, {"dict": [[1]]},
     {"dict": [1]}, {"set": [[1]]}],
)  # fmt: skip
def test_content_that_does_not_fit_its_type_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="is no content of a"):
        value_from_json(raw)


def test_a_value_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="a range cannot be written"):
        value_to_json(range(3))
